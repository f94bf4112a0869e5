import type { Clock } from '@pier/shared/core';

/** A bucket that holds `burst` tokens and gains `perS` each second; `take` says whether one was left. */
export function newBucket({ perS, burst, clock }: { perS: number; burst: number; clock: Clock }): { take(): boolean } {
  let tokens = burst;
  let atMs = clock.monotonicMs();
  return {
    take() {
      const nowMs = clock.monotonicMs();
      tokens = Math.min(burst, tokens + ((nowMs - atMs) / 1_000) * perS);
      atMs = nowMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
