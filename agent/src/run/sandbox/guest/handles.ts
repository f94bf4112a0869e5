import { HostFailure } from './host-app.ts';

/** What a guest holds, by number. A number is never used twice, so that one that was closed is told from one that never was. */
export class Handles<T> {
  readonly #noun: string;
  readonly #held = new Map<number, T>();
  #given = 0;

  /** `noun` is for sentences: "handle", say. */
  constructor(noun: string) {
    this.#noun = noun;
  }

  get size(): number {
    return this.#held.size;
  }

  add(one: T): number {
    this.#given += 1;
    this.#held.set(this.#given, one);
    return this.#given;
  }

  /** Fails with `closed` or `bad-argument`. */
  get(number: number): T {
    const one = this.#held.get(number);
    if (one !== undefined) return one;
    if (number > 0 && number <= this.#given) throw new HostFailure('closed', `${this.#noun} ${number} was closed`);
    throw new HostFailure('bad-argument', `there is no ${this.#noun} ${number}`);
  }

  /** Fails as `get` does. */
  remove(number: number): T {
    const one = this.get(number);
    this.#held.delete(number);
    return one;
  }
}
