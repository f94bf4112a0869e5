/** A token bucket: `perS` tokens a second, at most `burst` (one second's worth) saved up. */
export class Bucket {
  readonly #perS: number;
  readonly #burst: number;
  readonly #nowNs: () => bigint;
  #tokens: number;
  #sinceNs: bigint;

  constructor(perS: number, nowNs: () => bigint, burst = perS) {
    this.#perS = perS;
    this.#burst = burst;
    this.#nowNs = nowNs;
    this.#tokens = burst;
    this.#sinceNs = nowNs();
  }

  /** Takes up to `wanted` tokens and returns how many it got. */
  take(wanted: number): number {
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
    this.#tokens = Math.min(this.#burst, this.#tokens + (Number(nowNs - this.#sinceNs) * this.#perS) / 1e9);
    this.#sinceNs = nowNs;
  }
}
