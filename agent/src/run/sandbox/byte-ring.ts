/**
 * A bounded queue of bytes between two threads, one writer and one reader, without a lock: each side alone moves its own
 * counter, after the bytes are written or read. The counters run on past the size of the ring, and wrap round at 2³².
 */
export class ByteRing {
  readonly #words: Int32Array;
  readonly #at: { readonly written: number; readonly read: number };
  readonly #bytes: Uint8Array;

  /** `bytes` is shared by both ends, as are the two words that `at` names; its length is a power of two. */
  constructor(words: Int32Array, at: { readonly written: number; readonly read: number }, bytes: Uint8Array) {
    this.#words = words;
    this.#at = at;
    this.#bytes = bytes;
  }

  /** The two counters are places in the stream of bytes. */
  get written(): number {
    return Atomics.load(this.#words, this.#at.written);
  }

  get read(): number {
    return Atomics.load(this.#words, this.#at.read);
  }

  get size(): number {
    return (this.written - this.read) | 0;
  }

  get room(): number {
    return this.#bytes.byteLength - this.size;
  }

  /** Writer: takes as many bytes as there is room for, and says how many. */
  write(bytes: Uint8Array): number {
    const part = bytes.subarray(0, this.room);
    const { written } = this;
    const from = written & (this.#bytes.byteLength - 1);
    const untilEnd = part.subarray(0, this.#bytes.byteLength - from);
    this.#bytes.set(untilEnd, from);
    this.#bytes.set(part.subarray(untilEnd.byteLength), 0);
    Atomics.store(this.#words, this.#at.written, (written + part.byteLength) | 0);
    return part.byteLength;
  }

  /** Reader: copies the oldest bytes into `into`, and says how many; they stay in the ring until `skip`. */
  peek(into: Uint8Array): number {
    const size = Math.min(this.size, into.byteLength);
    const from = this.read & (this.#bytes.byteLength - 1);
    const untilEnd = this.#bytes.subarray(from, Math.min(from + size, this.#bytes.byteLength));
    into.set(untilEnd, 0);
    into.set(this.#bytes.subarray(0, size - untilEnd.byteLength), untilEnd.byteLength);
    return size;
  }

  /** Reader: gives up the oldest bytes. */
  skip(count: number): void {
    Atomics.store(this.#words, this.#at.read, (this.read + count) | 0);
  }

  /** Reader: gives up what was written before a place, unless that is past already. */
  skipTo(place: number): void {
    const ahead = (place - this.read) | 0;
    if (ahead > 0) this.skip(Math.min(ahead, this.size));
  }
}
