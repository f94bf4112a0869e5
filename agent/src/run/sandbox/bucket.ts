/** A token bucket: `perS` tokens a second, at most one second's worth saved up. */
export class Bucket {
  readonly #perS: number;
  readonly #nowNs: () => bigint;
  #tokens: number;
  #sinceNs: bigint;

  constructor(perS: number, nowNs: () => bigint) {
    this.#perS = perS;
    this.#nowNs = nowNs;
    this.#tokens = perS;
    this.#sinceNs = nowNs();
  }

  /** Takes up to `wanted` tokens and returns how many it got. */
  take(wanted: number): number {
    const nowNs = this.#nowNs();
    this.#tokens = Math.min(this.#perS, this.#tokens + (Number(nowNs - this.#sinceNs) * this.#perS) / 1e9);
    this.#sinceNs = nowNs;
    const got = Math.min(wanted, Math.floor(this.#tokens));
    this.#tokens -= got;
    return got;
  }
}
