import type { Clock } from '@pier/shared/core';

const samplesPerS = 200;
/** The first batch of a lease holds what was kept before it. */
const burst = 2_000;
const devicesMax = 20_000;

type Held = { tokens: number; atMs: number; dropped: number; written: number };

/** How many samples each device may still have stored, how many it lost, and how many it had stored since that was last asked. */
export class SampleBudget {
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#held.size;
  }

  /** How many of so many samples may be stored now. Nothing is spent by asking. */
  admits(device: string, samples: number): number {
    const held = this.#held.get(device);
    return Math.min(samples, Math.floor(held ? this.#tokensOf(held) : burst));
  }

  /** Takes what was stored off the budget, and counts what was not. */
  spend(device: string, { stored, dropped }: { stored: number; dropped: number }): void {
    const before = this.#held.get(device);
    const tokens = (before ? this.#tokensOf(before) : burst) - stored;
    this.#held.delete(device);
    this.#held.set(device, { tokens, atMs: this.#clock.monotonicMs(), dropped: (before?.dropped ?? 0) + dropped, written: (before?.written ?? 0) + stored });
    const [longest] = this.#held.keys();
    if (this.#held.size > devicesMax && longest !== undefined) this.#held.delete(longest);
  }

  droppedOf(device: string): number {
    return this.#held.get(device)?.dropped ?? 0;
  }

  /** Devices that had at least so many samples stored since they were last named here. */
  grown(least: number): string[] {
    const devices = [...this.#held].filter(([, { written }]) => written >= least);
    for (const [, held] of devices) held.written = 0;
    return devices.map(([device]) => device);
  }

  #tokensOf({ tokens, atMs }: Held): number {
    return Math.min(burst, tokens + ((this.#clock.monotonicMs() - atMs) / 1_000) * samplesPerS);
  }
}
