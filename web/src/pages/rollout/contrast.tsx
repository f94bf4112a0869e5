import { Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { Contrast, Rollout } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Bar, Region, TableScroll } from '../../parts/index.ts';
import { type Part, count, modelWords } from '../../words/index.ts';
import { sumsOf } from './standing.ts';

const shownMax = 6;

/** What tells those that ended badly from the proven ones; shown once somebody ended badly. */
export function InCommon({ rollout }: { rollout: Rollout }): ReactNode {
  const { badly } = sumsOf(rollout);
  const answer = useAnswer('contrastRollout', { params: { id: rollout.id } }, { enabled: badly > 0 });
  if (badly === 0) return null;
  return <Answered of={answer} what="what they have in common" framed>{(contrast) => <Shown contrast={contrast} />}</Answered>;
}

function Shown({ contrast: { badly, proven, facts } }: { contrast: Contrast }): ReactNode {
  const [all, setAll] = useState(false);
  // Without proven ones to hold against, nothing tells them apart.
  if (badly === 0 || proven === 0) return null;
  const shown = all ? facts : facts.slice(0, shownMax);
  return (
    <Region title={badly === 1 ? 'What tells the one that ended badly from the others' : `What the ${count(badly)} that ended badly have in common`} note={`against the ${count(proven)} proven`}>
      {facts.length === 0 && <p className="dim">No fact that is known here tells them from the proven ones: not the model, the agent, the version before, nor a tag.</p>}
      {facts.length > 0 && (
        <TableScroll>
          <table className="table">
            <thead><tr><th>Fact</th><th>Value</th><th className="end">Ended badly</th><th className="end">Proven</th><th className="rollout-share">Share</th></tr></thead>
            <tbody>{shown.map((fact) => <Row key={`${fact.fact} ${fact.value}`} fact={fact} of={{ badly, proven }} />)}</tbody>
          </table>
        </TableScroll>
      )}
      {facts.length > shownMax && <p className="rollout-under"><Button data-size="compact" aria-expanded={all} onClick={() => setAll(!all)}>{all ? 'Fewer' : `All ${count(facts.length)} facts`}</Button></p>}
    </Region>
  );
}

function Row({ fact: { fact, value, badly, proven }, of }: { fact: Contrast['facts'][number]; of: { readonly badly: number; readonly proven: number } }): ReactNode {
  const parts: Part[] = [{ key: 'proven', word: 'proven', family: 'ok', count: proven }, { key: 'badly', word: 'ended badly', family: 'failed', count: badly }];
  return (
    <tr>
      <td className="dim">{fact}</td>
      <td className="strong">{fact === 'model' ? modelWords(value) : value}</td>
      <td className="end">{count(badly)} <span className="dim">of {count(of.badly)}</span></td>
      <td className="end">{count(proven)} {of.proven > 0 && <span className="dim">of {count(of.proven)}</span>}</td>
      <td className="rollout-share"><Bar parts={parts.filter((part) => part.count > 0)} total={badly + proven} label={`${count(badly)} ended badly, ${count(proven)} proven`} /></td>
    </tr>
  );
}
