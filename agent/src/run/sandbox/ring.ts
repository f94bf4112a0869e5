/**
 * A bounded queue of edges between two threads, one writer and one reader, without a lock: each side alone moves its own
 * counter, and publishes it with an atomic store after the record is written or read.
 */
export type RingRecord = { readonly tNs: bigint; readonly seq: number; readonly lost: number; readonly level: 0 | 1 };

/** Highest count of lost edges that a record holds: so many, or nobody knows how many. */
export const lostMax = 0xffff_ffff;

const slots = 256;
const slotBytes = 24;
const head = { written: 0, read: 1 } as const;
const headBytes = 8;

export class EdgeRing {
  readonly buffer: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #slots: DataView;
  #pendingLost = 0;

  /** A new ring, or the other end of one. */
  constructor(buffer = new SharedArrayBuffer(headBytes + slots * slotBytes)) {
    this.buffer = buffer;
    this.#head = new Int32Array(buffer, 0, 2);
    this.#slots = new DataView(buffer, headBytes);
  }

  /** Writer: drops the record when the reader is a whole ring behind, and says so in the next one's `lost`. */
  push(record: RingRecord): void {
    const written = Atomics.load(this.#head, head.written);
    if (((written - Atomics.load(this.#head, head.read)) | 0) >= slots) {
      this.drop(record);
      return;
    }
    const at = (written & (slots - 1)) * slotBytes;
    this.#slots.setBigUint64(at, record.tNs, true);
    this.#slots.setUint32(at + 8, record.seq, true);
    this.#slots.setUint32(at + 12, Math.min(record.lost + this.#pendingLost, lostMax), true);
    this.#slots.setUint32(at + 16, record.level, true);
    this.#pendingLost = 0;
    Atomics.store(this.#head, head.written, (written + 1) | 0);
  }

  /** Writer: counts a record that is not passed on. */
  drop(record: RingRecord): void {
    this.#pendingLost += 1 + record.lost;
  }

  /** Reader: leaves out all that was written so far. */
  clear(): void {
    Atomics.store(this.#head, head.read, Atomics.load(this.#head, head.written));
  }

  /** Reader: the oldest record, if there is one, taken out. */
  shift(): RingRecord | undefined {
    const record = this.peek();
    if (record) Atomics.store(this.#head, head.read, (Atomics.load(this.#head, head.read) + 1) | 0);
    return record;
  }

  /** Reader: the oldest record, if there is one. */
  peek(): RingRecord | undefined {
    const read = Atomics.load(this.#head, head.read);
    if (read === Atomics.load(this.#head, head.written)) return undefined;
    const at = (read & (slots - 1)) * slotBytes;
    return {
      tNs: this.#slots.getBigUint64(at, true),
      seq: this.#slots.getUint32(at + 8, true),
      lost: this.#slots.getUint32(at + 12, true),
      level: this.#slots.getUint32(at + 16, true) === 0 ? 0 : 1,
    };
  }
}
