import type { Clock } from '@pier/shared/core';

export type Rates = {
  /** Whether one more may come from this name now. */
  take(name: string): boolean;
  /** Forgets whose bucket has filled up again. */
  sweep(): void;
  readonly size: number;
};

/**
 * A bucket for each name that holds `burst` and gains `perS` each second. It belongs to the name and not to a connection, or
 * who connects again would have a full one. A full bucket is the same as none, so that only names that spoke just now are kept;
 * of more than `namesMax` the one that has been there longest is forgotten.
 */
export function newRates({ perS, burst, namesMax, clock }: { perS: number; burst: number; namesMax: number; clock: Clock }): Rates {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  const tokensNow = ({ tokens, atMs }: { tokens: number; atMs: number }): number => Math.min(burst, tokens + ((clock.monotonicMs() - atMs) / 1_000) * perS);
  return {
    take(name) {
      const held = buckets.get(name);
      const tokens = held === undefined ? burst : tokensNow(held);
      const allowed = tokens >= 1;
      const [longest] = buckets.keys();
      if (held === undefined && buckets.size >= namesMax && longest !== undefined) buckets.delete(longest);
      buckets.set(name, { tokens: allowed ? tokens - 1 : tokens, atMs: clock.monotonicMs() });
      return allowed;
    },
    sweep() {
      for (const [name, held] of buckets) if (tokensNow(held) >= burst) buckets.delete(name);
    },
    get size() {
      return buckets.size;
    },
  };
}
