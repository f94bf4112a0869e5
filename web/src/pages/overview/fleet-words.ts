/** What the overview says of the fleet: pure, so that each number can be checked. */
import type { DeviceStanding, Fleet, Rollout } from '@pier/shared/api';
import { count } from '../../words/index.ts';

/** Every standing stands in one of these groups, so that the sentence adds up to all devices. */
const groups: readonly { readonly of: readonly DeviceStanding[]; readonly one: string; readonly many: string }[] = [
  { of: ['in_step'], one: 'in step with what it should run', many: 'in step with what they should run' },
  { of: ['failed', 'refused', 'offline'], one: 'needs a look', many: 'need a look' },
  { of: ['soaking', 'updating'], one: 'being updated', many: 'being updated' },
  { of: ['waiting'], one: 'waits for its turn', many: 'wait for their turn' },
  { of: ['held'], one: 'held by hand', many: 'held by hand' },
  { of: ['pending', 'never_heard'], one: 'not yet in service', many: 'not yet in service' },
  { of: ['revoked'], one: 'revoked', many: 'revoked' },
];

type Standings = Pick<Fleet, 'total' | 'standings'>;
const sumOf = (standings: Fleet['standings'], of: readonly DeviceStanding[]): number => of.reduce((sum, one) => sum + (standings[one] ?? 0), 0);

/** `4 in step with what they should run, 2 need a look`; `all in step …` where all are, `none in step …` where nobody is. */
export function fleetSentence({ total, standings }: Standings): string {
  const parts = groups.flatMap(({ of, one, many }) => {
    const n = sumOf(standings, of);
    if (n === 0) return of.includes('in_step') ? [`none ${many}`] : [];
    return [`${n === total && total > 1 ? 'all' : count(n)} ${n === 1 ? one : many}`];
  });
  return parts.join(', ');
}

/** By how much the counts miss the total; 0 as it must be. */
export function missing({ total, standings }: Standings): number {
  return total - Object.values(standings).reduce((sum, n) => sum + n, 0);
}

const ranks: Readonly<Partial<Record<Rollout['state'], number>>> = { paused: 0, awaiting_approval: 1, rolling_back: 2, aborting: 3, running: 4 };

/** What stopped first, then what waits for a person, then what moves; the newest first of each. */
export function byUrgency(rollouts: readonly Rollout[]): Rollout[] {
  const rank = ({ state, cause }: Rollout): number => (ranks[state] ?? 9) + (cause === 'operator' ? 0.5 : 0);
  return rollouts.toSorted((a, b) => rank(a) - rank(b) || b.createdAt.localeCompare(a.createdAt));
}

/** What moves, in a sentence: `1 rollout is running, 1 is paused`. */
export function movingSentence(rollouts: readonly Pick<Rollout, 'state'>[]): string {
  const of = (...states: Rollout['state'][]): number => rollouts.filter(({ state }) => states.includes(state)).length;
  const parts = [
    { n: of('running'), one: 'running', many: 'running' },
    { n: of('rolling_back'), one: 'rolling back', many: 'rolling back' },
    { n: of('paused'), one: 'paused', many: 'paused' },
    { n: of('awaiting_approval'), one: 'waiting for approval', many: 'waiting for approval' },
    { n: of('aborting'), one: 'ending', many: 'ending' },
  ].filter(({ n }) => n > 0);
  if (parts.length === 0) return 'no rollout moves';
  return parts.map(({ n, one, many }, i) => `${count(n)}${i === 0 ? ` ${n === 1 ? 'rollout' : 'rollouts'}` : ''} ${n === 1 ? `is ${one}` : `are ${many}`}`).join(', ');
}
