import { type Clock, type Refusal, invariant } from '@pier/shared/core';

const quietMs = 60_000;
const rememberedMax = 100;
const ofCode = { burst: 10, everyMs: 10_000 };
const ofAll = { burst: 30, everyMs: 2_000 };

type Pot = { left: number; sinceMs: number };

/**
 * The attack this stops: somebody who sends bad messages to bury the operator in events. The same sentence comes once a minute,
 * and a code ten times and then every 10 s, whatever its sentences say; all codes together 30 times and then every 2 s.
 */
export class RefusalFilter {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #lastMs = new Map<string, number>();
  /** As many as there are codes, which is a table. */
  readonly #ofCode = new Map<string, Pot>();
  readonly #ofAll: Pot;
  #untold = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    this.#ofAll = { left: ofAll.burst, sinceMs: clock.monotonicMs() };
  }

  /** How many refusals were kept back since the last one that was told, when this one may be told; undefined when not. */
  take({ code, reason }: Refusal): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const pot = this.#ofCode.get(code) ?? { left: ofCode.burst, sinceMs: nowMs };
    this.#ofCode.set(code, pot);
    fill(pot, ofCode, nowMs);
    fill(this.#ofAll, ofAll, nowMs);
    if (pot.left < 1 || this.#ofAll.left < 1 || !this.#isNews(`${code} ${reason}`, nowMs)) {
      this.#untold += 1;
      return undefined;
    }
    pot.left -= 1;
    this.#ofAll.left -= 1;
    const untold = this.#untold;
    this.#untold = 0;
    return untold;
  }

  #isNews(sentence: string, nowMs: number): boolean {
    const lastMs = this.#lastMs.get(sentence);
    if (lastMs !== undefined && nowMs - lastMs < quietMs) return false;
    if (this.#lastMs.size >= rememberedMax) this.#lastMs.clear();
    this.#lastMs.set(sentence, nowMs);
    return true;
  }
}

function fill(pot: Pot, { burst, everyMs }: typeof ofCode, nowMs: number): void {
  invariant(nowMs >= pot.sinceMs, 'a monotonic clock went back');
  pot.left = Math.min(burst, pot.left + (nowMs - pot.sinceMs) / everyMs);
  pot.sinceMs = nowMs;
}
