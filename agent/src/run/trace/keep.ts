import { invariant } from '@pier/shared/core';
import type { Kept } from '../../guest.ts';

/** Keeps the newest entries, within a count and a weight, and numbers all that ever came. */
export class Keep<T extends object> implements Kept<T> {
  readonly #max: { readonly count: number; readonly weight: number };
  readonly #weigh: (entry: T) => number;
  #entries: (T & { readonly n: number })[] = [];
  #weight = 0;
  #last = 0;
  #dropped = 0;

  constructor(max: { readonly count: number; readonly weight?: number }, weigh: (entry: T) => number = () => 0) {
    invariant(max.count > 0, `at least one entry is kept, not ${max.count}`);
    this.#max = { weight: Number.POSITIVE_INFINITY, ...max };
    this.#weigh = weigh;
  }

  get last(): number {
    return this.#last;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Something was cut and will never be an entry. */
  drop(count: number): void {
    this.#dropped += count;
  }

  push(entry: T): void {
    this.#last += 1;
    this.#entries.push({ ...entry, n: this.#last });
    this.#weight += this.#weigh(entry);
    while (this.#entries.length > this.#max.count || this.#weight > this.#max.weight) {
      const oldest = this.#entries.shift();
      if (oldest === undefined) return;
      this.#weight -= this.#weigh(oldest);
    }
  }

  after(n: number): readonly (T & { readonly n: number })[] {
    const oldest = this.#last - this.#entries.length;
    return this.#entries.slice(Math.max(0, n - oldest));
  }
}
