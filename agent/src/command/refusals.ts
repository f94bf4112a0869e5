import type { Clock, Refusal } from '@pier/shared/core';

const quietMs = 60_000;
const rememberedMax = 100;

/** Lets each refusal through once a minute: whoever repeats a bad message a thousand times gets one event, not a thousand. */
export class RefusalFilter {
  readonly #clock: Clock;
  readonly #lastMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isNews({ code, reason }: Refusal): boolean {
    const key = `${code} ${reason}`;
    const nowMs = this.#clock.monotonicMs();
    const lastMs = this.#lastMs.get(key);
    if (lastMs !== undefined && nowMs - lastMs < quietMs) return false;
    if (this.#lastMs.size >= rememberedMax) this.#lastMs.clear();
    this.#lastMs.set(key, nowMs);
    return true;
  }
}
