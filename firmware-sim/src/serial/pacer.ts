import type { Clock } from '@pier/shared/core';
import { bytesTimeNs } from './line.ts';

const waitingBytesMax = 256 << 10;
const tickMs = 4;

/** Lets bytes out at the speed of a line. What nobody takes in time, or what would queue beyond the limit, is lost and counted, as on a line. */
export class Pacer implements Disposable {
  readonly #clock: Clock;
  readonly #baud: () => number;
  readonly #write: (bytes: Uint8Array) => number;
  #waiting: Buffer = Buffer.alloc(0);
  /** When the line is done with the bytes that were let out. */
  #freeNs = 0n;
  #timer: Disposable | undefined;
  lost = 0;

  constructor({ clock, baud, write }: { clock: Clock; baud: () => number; write: (bytes: Uint8Array) => number }) {
    this.#clock = clock;
    this.#baud = baud;
    this.#write = write;
  }

  /** Appends bytes; the first of them goes out no sooner than after `delayMs`. */
  push(bytes: Uint8Array, delayMs = 0): void {
    const room = waitingBytesMax - this.#waiting.byteLength;
    this.lost += Math.max(0, bytes.byteLength - room);
    this.#waiting = Buffer.concat([this.#waiting, bytes.subarray(0, Math.max(0, room))]);
    const fromNs = this.#clock.monotonicNs() + BigInt(Math.round(delayMs * 1e6));
    if (fromNs > this.#freeNs) this.#freeNs = fromNs;
    this.#timer ??= this.#clock.after(tickMs, () => this.#tick());
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#waiting = Buffer.alloc(0);
  }

  #tick(): void {
    const leftNs = this.#clock.monotonicNs() - this.#freeNs;
    const baud = this.#baud();
    const due = leftNs <= 0n ? 0 : Math.min(this.#waiting.byteLength, Number(leftNs / bytesTimeNs(1, baud)));
    if (due > 0) {
      const out = this.#waiting.subarray(0, due);
      this.#waiting = this.#waiting.subarray(due);
      this.#freeNs += bytesTimeNs(due, baud);
      this.lost += due - this.#write(out);
    }
    this.#timer = this.#waiting.byteLength > 0 ? this.#clock.after(tickMs, () => this.#tick()) : undefined;
  }
}
