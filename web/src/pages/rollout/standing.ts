/** The whole truth about how a rollout stands, in one line: its state, by whom, and how far. */
import type { Rollout, RolloutState } from '@pier/shared/api';
import { currentWave } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';

export type Sums = { readonly total: number; readonly proven: number; readonly badly: number; readonly atWork: number; readonly waiting: number };

const groups = {
  badly: ['failed', 'refused', 'timed_out', 'rollback_failed'],
  atWork: ['offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'rolling_back'],
} as const;

export function sumsOf({ waves }: Pick<Rollout, 'waves'>): Sums {
  const of = (states: readonly (keyof Rollout['waves'][number]['counts'])[]): number => waves.reduce((sum, { counts }) => sum + states.reduce((all, state) => all + (counts[state] ?? 0), 0), 0);
  return { total: waves.reduce((sum, { total }) => sum + total, 0), proven: of(['proven']), badly: of(groups.badly), atWork: of(groups.atWork), waiting: of(['waiting']) };
}

type Shown = Pick<Rollout, 'state' | 'cause' | 'reason' | 'waves' | 'createdBy'>;

type Seen = { readonly rollout: Shown; readonly place: string; readonly by: string };

const says: Readonly<Record<RolloutState, (seen: Seen) => string>> = {
  awaiting_approval: ({ rollout }) => (rollout.reason?.code === 'approval.uncovered' ? 'Waits for somebody to bind, or to approve' : `Waits for approval by someone else than ${rollout.createdBy}`),
  running: ({ rollout: { waves }, place }) => {
    const next = waves.find(({ state }) => state !== 'passed');
    return next?.state === 'pending' && next.n > 1 ? `Running, wave ${next.n} of ${waves.length} waits for a person` : `Running${place}`;
  },
  paused: ({ rollout: { cause }, place, by }) => (cause === 'gate' ? `Paused by its gate${place}` : cause === 'trust' ? `Paused, its release is not trusted${place}` : `Paused${by}${place}`),
  completed: ({ rollout }) => `Completed, ${count(sumsOf(rollout).proven)} of ${count(sumsOf(rollout).total)} proven`,
  denied: ({ by }) => `Denied${by}`,
  aborting: () => 'Aborting, devices at work finish',
  aborted: ({ by }) => `Aborted${by}`,
  rolling_back: () => 'Rolling back, the last wave first',
  rolled_back: ({ by }) => `Rolled back${by}`,
};

/** `Running, wave 2 of 3`, `Paused by its gate, wave 2 of 4`, `Waits for approval by someone else than ada`. */
export function standingOf(rollout: Shown): string {
  const wave = currentWave(rollout.waves);
  const person = /^(?:paused|aborted|denied|rolled back) by ([^:]+)/.exec(rollout.reason?.reason ?? '')?.[1];
  return says[rollout.state]({ rollout, place: wave === undefined ? '' : `, wave ${count(wave.n)} of ${count(rollout.waves.length)}`, by: person === undefined ? '' : ` by ${person}` });
}

/** Who is in it: `2,480 devices, fixed at start`. */
export function scopeOf({ mode, waves }: Pick<Rollout, 'mode' | 'waves'>): string {
  const total = counted(sumsOf({ waves }).total, 'device');
  return mode === 'dynamic' ? `${total} now; takes in those that match later` : `${total}, fixed at start`;
}

/** Whom a rollout without a selector was started for. */
export function selectionOf({ waves }: Pick<Rollout, 'waves'>): string {
  return counted(sumsOf({ waves }).total, 'named device');
}
