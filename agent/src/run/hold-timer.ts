import { type Clock, type Log, toFault } from '@pier/shared/core';
import type { Hold } from '../store/index.ts';

/** What is left of a hold is written down at least so often: a power cut lengthens it by no more. */
const saveEveryMs = 60_000;
/** Before an end that could not be written down is tried again. */
const againMs = 5_000;

export type HoldTimerDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly hold: () => Hold | null;
  readonly save: (hold: Hold) => void;
  readonly onOver: () => void;
};

/**
 * Counts down a hold by hand on the monotonic clock, over restarts of the agent too: what is left lies in the store. Time in which
 * no agent runs is not counted, since a device without a network does not know how long it was off.
 */
export class HoldTimer implements Disposable {
  readonly #deps: HoldTimerDeps;
  #sinceMs = 0;
  #timer: Disposable | undefined;

  constructor(deps: HoldTimerDeps) {
    this.#deps = deps;
  }

  /** The hold in the store is another one, or the agent has just started. */
  restart(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#sinceMs = this.#deps.clock.monotonicMs();
    this.#arm();
  }

  /** The hold as it is now. */
  now(): Hold | null {
    const hold = this.#deps.hold();
    return hold && { ...hold, leftMs: hold.leftMs - this.#passedMs() };
  }

  /** Writes down what is left, and counts no more. */
  [Symbol.dispose](): void {
    this.#save();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #passedMs(): number {
    return this.#timer === undefined ? 0 : this.#deps.clock.monotonicMs() - this.#sinceMs;
  }

  #arm(): void {
    const hold = this.#deps.hold();
    if (!hold) return;
    if (hold.leftMs <= 0) return this.#deps.onOver();
    const leftMs = hold.leftMs - this.#passedMs();
    this.#timer = this.#deps.clock.after(leftMs > 0 ? Math.min(saveEveryMs, leftMs) : againMs, () => {
      this.#save();
      this.#arm();
    });
  }

  #save(): void {
    const hold = this.now();
    if (!hold || this.#timer === undefined) return;
    try {
      this.#deps.save(hold);
      this.#sinceMs = this.#deps.clock.monotonicMs();
    } catch (cause) {
      // A full disk: the time goes on being counted, and is written down later.
      this.#deps.log.warn({ reason: toFault(cause).message }, 'hold.not-saved');
    }
  }
}
