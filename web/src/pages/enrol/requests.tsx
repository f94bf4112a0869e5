import { Checkbox } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { PendingDevice } from '@pier/shared/api';
import { useApi, usePages, useWhyNot } from '../../api/index.ts';
import { ActButton, ActDialog, Ago, Answered, Empty, Id, More, Region, type Said, TableScroll } from '../../parts/index.ts';
import { counted, modelWords } from '../../words/index.ts';
import { decideEach, decidedWords } from './decide.ts';

const pageSize = 100;
const verbs = {
  approved: { route: 'approveDevice', verb: 'Approve', will: { one: 'It gets a certificate when it next asks, within a minute, and runs what is assigned to it.', many: 'They get a certificate when they next ask, within a minute, and run what is assigned to them.' } },
  denied: { route: 'revokeDevice', verb: 'Deny', will: { one: 'It is told no for good: it can ask again only with a new key and a new token.', many: 'They are told no for good: each can ask again only with a new key and a new token.' } },
} as const;
type Verdict = keyof typeof verbs;

/** Boards that wait for a person's yes. */
export function Requests(): ReactNode {
  const pending = usePages('listPending', { query: { limit: pageSize } });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asks, setAsks] = useState<Verdict>();
  const [said, setSaid] = useState<{ readonly words: string; readonly bad: boolean }>();
  const items = pending.data?.items ?? [];
  const picked = items.filter(({ device }) => chosen.has(device));
  const off = useWhyNot('operator') ?? (picked.length === 0 ? 'Choose boards first.' : undefined);
  const more = pending.hasNextPage ? 'more than ' : '';
  return (
    <Region
      title={items.length === 0 ? 'Boards that ask to join' : `${more}${counted(items.length, 'board')} ${items.length === 1 ? 'asks' : 'ask'} to join`}
      note={<Oldest items={items} />}
      acts={items.length > 0 && <span className="enrol-acts"><ActButton variant="warn" onClick={() => setAsks('denied')} off={off} offQuiet>Deny{countWords(picked)}…</ActButton><ActButton variant="primary" icon="user-check" onClick={() => setAsks('approved')} off={off} offQuiet>Approve{countWords(picked)}…</ActButton></span>}
    >
      {said && <p className={`note ${said.bad ? 'f-failed' : 'f-ok'} enrol-said`} role={said.bad ? 'alert' : 'status'}>{said.words}</p>}
      <Answered of={pending} what="the list of boards that ask to join">
        {() => (items.length === 0 ? <Empty says="No board waits for approval." more="Boards that come with a token that asks for approval stand here until somebody decides." /> : <Rows items={items} chosen={chosen} onChoose={setChosen} />)}
      </Answered>
      <More of={pending} word="Show more" />
      {asks && <Decide verdict={asks} those={picked} onClose={() => setAsks(undefined)} onSaid={(words, bad) => { setSaid({ words, bad }); setChosen(new Set()); }} />}
    </Region>
  );
}

const countWords = (picked: readonly unknown[]): string => (picked.length === 0 ? '' : ` ${picked.length}`);

function Oldest({ items }: { items: readonly PendingDevice[] }): ReactNode {
  const oldest = items.map(({ askedAt }) => askedAt).toSorted()[0];
  return oldest === undefined ? null : <>oldest <Ago at={oldest} />; they ask again by themselves and run nothing until you decide</>;
}

type RowsProps = { readonly items: readonly PendingDevice[]; readonly chosen: ReadonlySet<string>; readonly onChoose: (chosen: ReadonlySet<string>) => void };

function Rows({ items, chosen, onChoose }: RowsProps): ReactNode {
  const all = items.every(({ device }) => chosen.has(device));
  const some = items.some(({ device }) => chosen.has(device));
  const flip = (device: string): void => {
    const next = new Set(chosen);
    if (!next.delete(device)) next.add(device);
    onChoose(next);
  };
  return (
    <TableScroll className="enrol-asking">
      <table className="table table-stack">
        <thead>
          <tr>
            <th scope="col"><Checkbox size="xs" aria-label={`All ${items.length} shown`} checked={all} indeterminate={some && !all} onChange={() => onChoose(all ? new Set() : new Set(items.map(({ device }) => device)))} /></th>
            <th scope="col">Name</th><th scope="col">Board</th><th scope="col">Key print</th><th scope="col">Token</th><th scope="col" className="end">Asked</th>
          </tr>
        </thead>
        <tbody>
          {items.map(({ device, name, model, fingerprint, token, askedAt }) => (
            <tr key={device} className={chosen.has(device) ? 'enrol-chosen' : undefined}>
              <td><Checkbox size="xs" aria-label={`Choose ${name}`} checked={chosen.has(device)} onChange={() => flip(device)} /></td>
              <td><span className="strong">{name}</span> <span className="small dim mono">{device}</span></td>
              <td>{modelWords(model)}</td>
              <td data-says="Key print"><Id id={fingerprint} /></td>
              <td data-says="Token"><span className="mono">{token}</span></td>
              <td className="end" data-says="Asked"><Ago at={askedAt} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

function Decide({ verdict, those, onClose, onSaid }: { verdict: Verdict; those: readonly PendingDevice[]; onClose: () => void; onSaid: (words: string, bad: boolean) => void }): ReactNode {
  const api = useApi();
  const queries = useQueryClient();
  const { route, verb, will } = verbs[verdict];
  const [fixed] = useState(those);
  const decide = async (said: Said): Promise<void> => {
    const decided = await decideEach(fixed, ({ device }) => api.call(route, { params: { device }, body: said }));
    await queries.invalidateQueries();
    onSaid(decidedWords(decided, verdict), decided.failed.length > 0);
  };
  return (
    <ActDialog title={`${verb} ${counted(fixed.length, 'board')}`} sub={fixed.length === 1 ? will.one : will.many} act={`${verb} ${counted(fixed.length, 'board')}`} danger={verdict === 'denied'} onClose={onClose} onAct={decide}>
      <p className="small dim">Compare the key print with what the board says in its log, where it matters who it is.</p>
      <ul className="rows enrol-those">{fixed.map(({ device, name, model, fingerprint }) => <li key={device}><span className="strong">{name}</span><span>{modelWords(model)}</span><span className="push mono">{fingerprint.slice(0, 16)}…</span></li>)}</ul>
    </ActDialog>
  );
}
