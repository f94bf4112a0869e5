import { useCallback, useState } from 'react';
import type { Rollout, RolloutVerb, VerbPreview } from '@pier/shared/api';
import type { Fault } from '@pier/shared/core';
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

/** The previews of all verbs, which one is opened, and the two that are done at once. */
export function useActing(rollout: Pick<Rollout, 'id' | 'revision'>): Acting {
  const previews = useAnswer('previewRollout', { params: { id: rollout.id } });
  const act = useAct('actOnRollout');
  const whyNot = useWhyNot('operator');
  const [opened, setOpened] = useState<RolloutVerb>();
  // Two answers, asked for at two moments: what a person decides on is the newer of what stands on the page.
  const revision = Math.max(previews.data?.revision ?? 0, rollout.revision);
  const items = previews.data?.items;
  const look = useCallback((verb: RolloutVerb): void => {
    if (whyNot === undefined && items?.some((item) => item.verb === verb && item.possible) === true) setOpened(verb);
  }, [whyNot, items]);
  const press = (verb: RolloutVerb): void => {
    act.reset();
    if (!actsAtOnce(verb)) return look(verb);
    if (!act.isPending && (verb === 'pause' || verb === 'resume')) act.mutate({ params: { id: rollout.id }, ifMatch: revision, body: { verb } });
  };
  return { items, revision, whyNot, press, look, opened, close: () => setOpened(undefined), busy: act.isPending, fault: act.error };
}
