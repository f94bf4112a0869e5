import type { Clock } from '@pier/shared/core';

/** Lets one loop sleep until somebody has work for it; kicks that come while it is busy are kept as one. */
export class Wake {
  #kicked = false;
  #resolve: (() => void) | undefined;

  /** Whether a kick is pending. */
  get isKicked(): boolean {
    return this.#kicked;
  }

  kick(): void {
    this.#kicked = true;
    this.#resolve?.();
  }

  /** Resolves at the next kick, at once if one is pending, or after `timeoutMs`; rejects when the signal fires. */
  async next(signal: AbortSignal, limit?: { clock: Clock; timeoutMs: number }): Promise<void> {
    signal.throwIfAborted();
    if (!this.#kicked) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#resolve = resolve;
      const onAbort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
      signal.addEventListener('abort', onAbort, { once: true });
      const timer = limit?.clock.after(limit.timeoutMs, resolve);
      try {
        await promise;
      } finally {
        timer?.[Symbol.dispose]();
        this.#resolve = undefined;
        signal.removeEventListener('abort', onAbort);
      }
    }
    this.#kicked = false;
  }
}
