import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Rollout, RolloutState, RolloutVerb, VerbPreview } from '@pier/shared/api';
import { type Fault, systemClock } from '@pier/shared/core';
import { useAct, useAnswer, useWhyNot } from '../../api/index.ts';
import { actsAtOnce } from './verbs.ts';

export type Acting = {
  /** What each verb would do; undefined until it is known. */
  readonly items: readonly VerbPreview[] | undefined;
  readonly revision: number;
  /** Why this person may not. */
  readonly whyNot: string | undefined;
  /** Does it at once where the effect stands beside the button; else opens its preview. */
  readonly press: (verb: RolloutVerb) => void;
  /** Opens the preview of any verb, if it fits now. */
  readonly look: (verb: RolloutVerb) => void;
  readonly opened: RolloutVerb | undefined;
  readonly close: () => void;
  readonly busy: boolean;
  readonly fault: Fault | null;
};

/** What takes a button's place right under the pointer is not pressed by the second half of a double click. */
const settleMs = 500;
const leadsTo = { pause: 'paused', resume: 'running' } as const satisfies Partial<Record<RolloutVerb, RolloutState>>;

/** Whether the state, and with it the buttons, has changed just now, or an act has just come back. */
function useSettling(state: RolloutState): { readonly settling: boolean; readonly settle: () => void } {
  const [seen, setSeen] = useState(state);
  // Each time anew; undefined once it is over.
  const [since, setSince] = useState<number>();
  const settle = useCallback((): void => setSince(systemClock.monotonicMs()), []);
  if (seen !== state) {
    setSeen(state);
    settle();
  }
  useEffect(() => {
    if (since === undefined) return undefined;
    const timer = systemClock.after(settleMs, () => setSince(undefined));
    return () => timer[Symbol.dispose]();
  }, [since]);
  return { settling: since !== undefined, settle };
}

/** Whether an abort would end nothing: it is over, nobody waits, and none joins. */
function endless({ verb, devices }: VerbPreview, { state, mode }: Pick<Rollout, 'state' | 'mode'>): boolean {
  return verb === 'abort' && state === 'completed' && mode === 'static' && devices === 0;
}

/** The previews of all verbs, which one is opened, and the two that are done at once. */
export function useActing(rollout: Pick<Rollout, 'id' | 'revision' | 'state' | 'mode'>): Acting {
  const previews = useAnswer('previewRollout', { params: { id: rollout.id } });
  const act = useAct('actOnRollout');
  const whyNot = useWhyNot('operator');
  const [opened, setOpened] = useState<RolloutVerb>();
  // Two answers, asked for at two moments: what a person decides on is the newer of what stands on the page.
  const revision = Math.max(previews.data?.revision ?? 0, rollout.revision);
  const told = previews.data?.items;
  const { state, mode } = rollout;
  const items = useMemo(() => told?.map((item) => (endless(item, { state, mode }) ? { ...item, possible: false, sentence: 'no device of it waits any more, and none joins' } : item)), [told, state, mode]);
  const look = useCallback((verb: RolloutVerb): void => {
    if (whyNot === undefined && items?.some((item) => item.verb === verb && item.possible) === true) setOpened(verb);
  }, [whyNot, items]);
  const { settling, settle } = useSettling(state);
  // Two presses may come before the first is drawn.
  const inFlight = useRef(false);
  const press = (verb: RolloutVerb): void => {
    if (!actsAtOnce(verb)) return look(verb);
    if (inFlight.current || settling || (verb !== 'pause' && verb !== 'resume')) return;
    inFlight.current = true;
    act.mutate({ params: { id: rollout.id }, ifMatch: revision, body: { verb } }, {
      onSettled: () => {
        settle();
        systemClock.after(settleMs, () => { inFlight.current = false; });
      },
    });
  };
  const wanted = act.variables?.body.verb;
  // Whoever asked for what is so already, by whosever hand, has what was wanted.
  const done = (wanted === 'pause' || wanted === 'resume') && leadsTo[wanted] === state;
  return { items, revision, whyNot, press, look, opened, close: () => setOpened(undefined), busy: act.isPending || settling, fault: done ? null : act.error };
}
