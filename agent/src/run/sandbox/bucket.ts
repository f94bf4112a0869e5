const looksPerBurst = 100;

/**
 * A token bucket: `perS` tokens a second, at most `burst` (one second's worth) saved up. The clock is looked at once for each
 * hundredth of the burst, since a look costs as much as all the rest: what was taken since the last one counts as taken now, so
 * that it gives less than an exact one by that hundredth at most, and never more.
 */
export class Bucket {
  readonly #perS: number;
  readonly #burst: number;
  readonly #unseenMax: number;
  readonly #nowNs: () => bigint;
  /** At the last look. */
  #tokens: number;
  #unseen = 0;
  #sinceNs: bigint;

  constructor(perS: number, nowNs: () => bigint, burst = perS) {
    this.#perS = perS;
    this.#burst = burst;
    this.#unseenMax = burst / looksPerBurst;
    this.#nowNs = nowNs;
    this.#tokens = burst;
    this.#sinceNs = nowNs();
  }

  /** Takes up to `wanted` tokens and returns how many it got. */
  take(wanted: number): number {
    const unseen = this.#unseen + wanted;
    if (unseen < this.#unseenMax && unseen <= this.#tokens) {
      this.#unseen = unseen;
      return wanted;
    }
    this.#fill();
    const got = Math.min(wanted, Math.floor(this.#tokens));
    this.#tokens -= got;
    return got;
  }

  /** In how many nanoseconds it will hold so many tokens, which are no more than its burst. */
  inNs(wanted: number): bigint {
    this.#fill();
    return BigInt(Math.max(0, Math.ceil(((wanted - this.#tokens) * 1e9) / this.#perS)));
  }

  #fill(): void {
    const nowNs = this.#nowNs();
    this.#tokens = Math.min(this.#burst, this.#tokens + (Number(nowNs - this.#sinceNs) * this.#perS) / 1e9) - this.#unseen;
    this.#unseen = 0;
    this.#sinceNs = nowNs;
  }
}
