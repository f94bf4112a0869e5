import type { Clock } from '@pier/shared/core';

const windowMs = 60_000;
const failuresMax = 10;
const keysMax = 10_000;

/** Counts sign-ins that have not succeeded by key (user and address) within a minute. Full, it forgets the oldest key first. */
export class Attempts {
  readonly #clock: Clock;
  readonly #failures = new Map<string, { sinceMs: number; count: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  blocked(key: string): boolean {
    const entry = this.#failures.get(key);
    return entry !== undefined && entry.count >= failuresMax && this.#clock.monotonicMs() - entry.sinceMs < windowMs;
  }

  failed(key: string): void {
    const nowMs = this.#clock.monotonicMs();
    const entry = this.#failures.get(key);
    if (entry !== undefined && nowMs - entry.sinceMs < windowMs) {
      entry.count += 1;
      return;
    }
    this.#failures.delete(key);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= keysMax && oldest !== undefined) this.#failures.delete(oldest);
    this.#failures.set(key, { sinceMs: nowMs, count: 1 });
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }
}
