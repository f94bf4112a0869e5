/** The foot of the list: how many are chosen, and what can be done to all of them. */
import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import type { Device } from '@pier/shared/api';
import { useWhyNot } from '../../api/index.ts';
import { ActButton } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';
import { ApproveDialog, RolloutDialog, TagsDialog } from './bulk-dialogs.tsx';
import { type Choice, allChosen, chosenCount, nothingChosen } from './choice.ts';
import { gatherMax } from './gather.ts';
import { type DevicesView, soleSelector } from './view.ts';

type Props = {
  readonly view: DevicesView;
  readonly loaded: readonly Device[];
  readonly matched: number | undefined;
  readonly choice: Choice;
  readonly onChoice: (change: (was: Choice) => Choice) => void;
  readonly seen: readonly [number, number];
};

export function Bulk({ view, loaded, matched = 0, choice, onChoice, seen: [first, last] }: Props): ReactNode {
  const [open, setOpen] = useState<'tags' | 'retry' | 'exclude' | 'approve'>();
  const [did, setDid] = useState<string>();
  const [, go] = useLocation();
  const may = useWhyNot('operator');
  const n = chosenCount(choice, matched);
  // What was done is said until something is chosen again.
  if (n > 0 && did !== undefined) setDid(undefined);
  const off = may ?? offWith(n);
  const dialog = { view, choice, matched, loaded, onClose: () => setOpen(undefined), onDone: (says: string) => { onChoice(() => nothingChosen); setDid(says); } };
  const rollOut = rollOutTo({ view, choice, loaded });
  return (
    <div className="devices-bulk" role="group" aria-label="What is chosen">
      <Chosen {...{ n, matched, did, may, onChoice }} />
      <span className="devices-bulk-acts">
        <ActButton icon="play" off={off ?? ('off' in rollOut ? rollOut.off : undefined)} offQuiet onClick={() => 'href' in rollOut && go(rollOut.href)}>Roll out to these…</ActButton>
        <ActButton icon="tag" off={off} offQuiet onClick={() => setOpen('tags')}>Tags…</ActButton>
        {asksToJoin(view, choice, loaded) && <ActButton icon="user-check" off={off} offQuiet onClick={() => setOpen('approve')}>Approve…</ActButton>}
        {view.rollout !== undefined && <ActButton icon="skip" off={off} offQuiet onClick={() => setOpen('exclude')}>Exclude…</ActButton>}
        {view.rollout !== undefined && <ActButton icon="back" variant="primary" off={off} offQuiet onClick={() => setOpen('retry')}>Retry…</ActButton>}
      </span>
      <span className="dim devices-range">{matched === 0 || last === 0 ? 'no rows' : `rows ${count(first)} to ${count(last)} of ${count(matched)}`}</span>
      {open === 'tags' && <TagsDialog {...dialog} />}
      {open === 'approve' && <ApproveDialog {...dialog} />}
      {(open === 'retry' || open === 'exclude') && view.rollout !== undefined && <RolloutDialog {...dialog} verb={open} rollout={view.rollout} />}
    </div>
  );
}

type ChosenProps = Pick<Props, 'onChoice'> & { readonly n: number; readonly matched: number; readonly did: string | undefined; readonly may: string | undefined };

/** How many are chosen; while none is, what was done last. */
function Chosen({ n, matched, did, may, onChoice }: ChosenProps): ReactNode {
  if (n === 0) return <span className="devices-chosen dim">{may ?? <><span role="status">{did === undefined ? '' : `${did}. `}</span><span>Nothing chosen</span></>}</span>;
  return (
    <span className="devices-chosen">
      <span className="strong">{count(n)} chosen</span>
      {n < matched && <button type="button" className="devices-link" onClick={() => onChoice(() => allChosen)}>Choose all {count(matched)} that match</button>}
      <button type="button" className="devices-link" onClick={() => onChoice(() => nothingChosen)}>Choose none</button>
    </span>
  );
}

/** So many ids fit into an address. */
const namedMax = 200;

/** The page of a new rollout for those that are chosen: by their query where it says all of them, else by their ids. */
function rollOutTo({ view, choice, loaded }: Pick<Props, 'view' | 'choice' | 'loaded'>): { readonly href: string } | { readonly off: string } {
  if (choice.kind === 'all') {
    const selector = choice.except.size === 0 ? soleSelector(view) : undefined;
    return selector === undefined ? { off: 'All that match can be taken over where a query alone names them; choose some of them, or narrow by the query.' } : { href: `/rollouts/new?${new URLSearchParams({ selector }).toString()}` };
  }
  const ids = loaded.filter(({ id }) => choice.ids.has(id)).map(({ id }) => id);
  return ids.length > namedMax ? { off: `At most ${counted(namedMax, 'device')} can be named at once; choose them by a query.` } : { href: `/rollouts/new?${new URLSearchParams({ devices: ids.join(',') }).toString()}` };
}

function offWith(n: number): string | undefined {
  if (n === 0) return 'Choose devices first.';
  return n > gatherMax ? `At most ${count(gatherMax)} at once.` : undefined;
}

/** Whether some of those chosen, or of those that are looked at, wait to be let in. */
function asksToJoin(view: DevicesView, choice: Choice, loaded: readonly Device[]): boolean {
  return view.state === 'pending' || view.standing.includes('pending') || choice.kind === 'some' && loaded.some(({ id, standing }) => standing === 'pending' && choice.ids.has(id));
}
