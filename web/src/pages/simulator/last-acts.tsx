import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useAnswer } from '../../api/index.ts';
import { Ago, Answered, Region } from '../../parts/index.ts';
import { actWords } from './act-words.ts';

const shownMax = 6;

/** Who did what to the board from here; what a shell did to it is not in the audit. */
export function LastActs({ id }: { id: string }): ReactNode {
  const object = `simulated-board:${id}`;
  const acts = useAnswer('listAudit', { query: { object, limit: shownMax } });
  return (
    <Region title="Done from here" note={<Link href={`/audit?object=${encodeURIComponent(object)}`}>all in the audit</Link>}>
      <Answered of={acts} what="the audit of this board" rows={2}>
        {({ items }) => (items.length === 0 ? <p className="dim">Nothing yet.</p> : <ul className="rows">{items.map((entry) => <li key={entry.id}><span>{actWords(entry)}</span><span className="push small dim">{entry.actor}, <Ago at={entry.at} /></span></li>)}</ul>)}
      </Answered>
    </Region>
  );
}
