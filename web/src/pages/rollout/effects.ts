/** What a verb would do to whom, as rows that add up to all devices of the rollout: pure, from the counts of its waves. */
import type { DeploymentState, Rollout, RolloutVerb, WaveView } from '@pier/shared/api';
import type { Family, IconName } from '../../words/index.ts';

export type Effect = { readonly key: string; readonly icon: IconName; readonly family: Family; readonly who: string; readonly count: number; readonly says: string };
export type WaveEffect = { readonly n: number; readonly count: number };
export type Effects = {
  /** Hit devices by wave, in the order in which it happens. */
  readonly waves: readonly WaveEffect[];
  /** All others. */
  readonly rest: readonly Effect[];
  readonly total: number;
};

const badEnds = ['failed', 'refused', 'timed_out'] as const;
const working = ['accepted', 'downloading', 'verifying', 'applying', 'soaking'] as const;
const sum = ({ counts }: Pick<WaveView, 'counts'>, states: readonly DeploymentState[]): number => states.reduce((all, state) => all + (counts[state] ?? 0), 0);

/** Whom a verb hits; the same states as the manager's own preview counts. */
const hits: Partial<Record<RolloutVerb, readonly DeploymentState[]>> = {
  roll_back: ['proven', ...badEnds, ...working],
  abort: ['waiting', 'offered'],
  pause: ['waiting', 'offered'],
  resume: ['waiting'],
  approve: ['waiting'],
  deny: ['waiting'],
};

const restOf: readonly (Omit<Effect, 'count' | 'says'> & { readonly states: readonly DeploymentState[]; readonly says: string; readonly back?: string })[] = [
  { key: 'work', icon: 'ring', family: 'busy', states: working, who: 'At work', says: 'finish what they do' },
  { key: 'proven', icon: 'check', family: 'ok', states: ['proven'], who: 'Proven', says: 'keep running it' },
  { key: 'badly', icon: 'octagon', family: 'failed', states: badEnds, who: 'Ended badly', says: 'stay as they are' },
  { key: 'waiting', icon: 'clock', family: 'waiting', states: ['waiting'], who: 'Waiting', says: 'go on waiting', back: 'never took it and are left out' },
  { key: 'offered', icon: 'right', family: 'waiting', states: ['offered'], who: 'Offered', says: 'may still take it up', back: 'are left out, the offer is taken back' },
  { key: 'undone', icon: 'back', family: 'undone', states: ['rolling_back', 'rolled_back', 'rollback_failed'], who: 'Rolled back', says: 'are back, or on their way' },
  { key: 'left', icon: 'skip', family: 'excluded', states: ['excluded', 'cancelled', 'superseded'], who: 'Left out', says: 'are no part of it any more' },
];

/** Undefined for verbs that name their devices, or hit none: there the preview's sentence says it all. */
export function effectsOf(verb: RolloutVerb, { waves }: Pick<Rollout, 'waves'>): Effects | undefined {
  const hit = hits[verb];
  if (hit === undefined) return undefined;
  const byWave = waves.map((wave) => ({ n: wave.n, count: sum(wave, hit) })).filter(({ count }) => count > 0);
  const rest = restOf.flatMap(({ states, says, back, ...row }) => {
    const count = waves.reduce((all, wave) => all + sum(wave, states.filter((state) => !hit.includes(state))), 0);
    return count === 0 ? [] : [{ ...row, count, says: verb === 'roll_back' ? (back ?? says) : says }];
  });
  return { waves: verb === 'roll_back' ? byWave.toReversed() : byWave, rest, total: waves.reduce((all, wave) => all + wave.total, 0) };
}

/** Whether what it hits is spread over more than one wave; abort looks at open waves, since those that are not open lose nothing that runs. */
export function hitsManyWaves(verb: RolloutVerb, rollout: Pick<Rollout, 'waves'>): boolean {
  const effects = effectsOf(verb, rollout);
  if (effects === undefined || (verb !== 'roll_back' && verb !== 'abort')) return false;
  if (verb === 'roll_back') return effects.waves.length > 1;
  return rollout.waves.filter(({ state }) => state !== 'pending').length > 1;
}
