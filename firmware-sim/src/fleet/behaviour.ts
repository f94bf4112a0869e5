/**
 * How a simulated device behaves, rightly or wrongly: what it says of an attempt, step by step. Pure, so that a fleet of
 * a thousand does the same each time.
 */
import * as z from 'zod';
import type { AttemptState, Reason } from '@pier/shared/wire';

export const behaviours = ['honest', 'fails', 'refuses', 'regresses', 'silent', 'stuck', 'lies-attempt', 'lies-digest', 'lies-early', 'repeats', 'reorders', 'replays'] as const;
export const Behaviour = z.enum(behaviours);
export type Behaviour = z.infer<typeof Behaviour>;

export type Said = { readonly state: AttemptState; readonly reason?: Reason; /** Said about another attempt or artifact than the one given. */ readonly falsely?: 'attempt' | 'digest' };

const way: readonly Said[] = [{ state: 'accepted' }, { state: 'downloading' }, { state: 'applying' }, { state: 'soaking' }, { state: 'proven' }];
const upTo = (state: AttemptState): readonly Said[] => way.slice(0, way.findIndex((one) => one.state === state) + 1);
const trapped: Said = { state: 'failed', reason: { code: 'guest-trapped', reason: 'the simulated guest trapped' } };

/** All that a device says of one attempt, in order. What comes after `soaking` waits for the soak. */
export const scripts: Readonly<Record<Behaviour, readonly Said[]>> = {
  honest: way,
  fails: [...upTo('soaking'), trapped],
  refuses: [...upTo('downloading'), { state: 'refused', reason: { code: 'untrusted-signer', reason: 'the simulated device trusts nobody' } }],
  regresses: [...way, trapped],
  /** Takes nothing up. */
  silent: [],
  /** Takes it up and never ends. */
  stuck: upTo('downloading'),
  /** Proven, says a device of an attempt that it was not given, or of other bytes: neither moves anything. */
  'lies-attempt': [{ state: 'accepted' }, { state: 'proven', falsely: 'attempt' }],
  'lies-digest': [{ state: 'accepted' }, { state: 'proven', falsely: 'digest' }],
  /** Back to an earlier state after a later one. */
  'lies-early': [...upTo('applying'), { state: 'accepted' }, ...way.slice(3)],
  repeats: way,
  reorders: way,
  replays: way,
};

/** In which order, and how often, the bytes of messages go out. `sent` are those of before. */
export function onTheWire<T>(behaviour: Behaviour, batch: readonly T[], sent: readonly T[]): readonly T[] {
  if (behaviour === 'repeats') return batch.flatMap((one) => [one, one]);
  if (behaviour === 'reorders') return batch.toReversed();
  if (behaviour === 'replays') return [...batch, ...sent.slice(-3)];
  return batch;
}
