import { invariant } from './faults.ts';

/** A queue with a limit that drops its oldest entry when full, and counts what it dropped. */
export class Bounded<T> {
  readonly limit: number;
  #items: T[] = [];
  #dropped = 0;

  constructor(limit: number) {
    invariant(Number.isInteger(limit) && limit > 0, `a queue's limit is a positive integer, not ${limit}`);
    this.limit = limit;
  }

  get size(): number {
    return this.#items.length;
  }

  /** How many entries were dropped since the last `drain`. */
  get dropped(): number {
    return this.#dropped;
  }

  push(item: T): void {
    this.#items.push(item);
    if (this.#items.length > this.limit) {
      this.#items.shift();
      this.#dropped += 1;
    }
  }

  shift(): T | undefined {
    return this.#items.shift();
  }

  /** All entries, oldest first, with the count of dropped ones; both start anew. */
  drain(): { items: T[]; dropped: number } {
    const out = { items: this.#items, dropped: this.#dropped };
    this.#items = [];
    this.#dropped = 0;
    return out;
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#items[Symbol.iterator]();
  }
}
