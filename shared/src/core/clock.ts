/** Time, injected: `nowMs` is wall time and may jump; `monotonicMs` and `monotonicNs` never do (CLOCK_MONOTONIC). */
export interface Clock {
  nowMs(): number;
  monotonicMs(): number;
  monotonicNs(): bigint;
  /** Resolves after `ms`, rejects with AbortError when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `act` every `ms` until disposed; never keeps the process alive by itself. */
  every(ms: number, act: () => void): Disposable;
  /** Calls `act` once after `ms` unless disposed before. */
  after(ms: number, act: () => void): Disposable;
}

/** Chance, injected: uniform in [0, 1). */
export type Random = () => number;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  monotonicNs: () => process.hrtime.bigint(),
  sleep: async (ms, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) throw aborted();
    const timer = setTimeout(resolve, ms);
    const stop = (): void => reject(aborted());
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  },
  every: (ms, act) => {
    const timer = unheld(setInterval(act, ms));
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
  after: (ms, act) => {
    const timer = unheld(setTimeout(act, ms));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** A timer keeps no process alive; a browser's is a number and keeps nothing alive anyway. */
function unheld<T extends number | { unref(): unknown }>(timer: T): T {
  if (typeof timer !== 'number') timer.unref();
  return timer;
}

function aborted(): DOMException {
  return new DOMException('The operation was aborted', 'AbortError');
}

export const systemRandom: Random = () => Math.random();

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Full-jitter back-off: uniform in [0, min(capMs, baseMs * 2^attempt)). `attempt` counts from 0. */
export function backoffMs(attempt: number, random: Random, { baseMs = 10_000, capMs = 300_000 } = {}): number {
  return random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
}
