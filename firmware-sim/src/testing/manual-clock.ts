import type { Clock } from '@pier/shared/core';

/** A clock that stands still until it is told to go on; acts that come due meanwhile happen in their order. */
export function manualClock(): Clock & { advance(ms: number): void } {
  let nowMs = 1_000;
  const due = new Set<{ readonly atMs: number; readonly act: () => void }>();
  const after = (ms: number, act: () => void): Disposable => {
    const entry = { atMs: nowMs + ms, act };
    due.add(entry);
    return { [Symbol.dispose]: () => void due.delete(entry) };
  };
  const never = (): never => {
    throw new Error('not on this clock');
  };
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    monotonicNs: () => BigInt(Math.round(nowMs * 1e6)),
    sleep: never,
    every: never,
    after,
    advance: (ms) => {
      const endMs = nowMs + ms;
      for (;;) {
        const [next] = [...due].filter((entry) => entry.atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs);
        if (!next) break;
        due.delete(next);
        nowMs = Math.max(nowMs, next.atMs);
        next.act();
      }
      nowMs = endMs;
    },
  };
}
