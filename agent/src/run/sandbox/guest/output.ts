import { Bucket } from '../bucket.ts';
import type { OutputStream } from '../runner.ts';

const chunkBytes = 4_096;
const messagesMaxPerS = 200;

/**
 * A guest's standard output on its way to the agent: gathered so that a flood costs few messages, cut at its rate so that
 * it costs little memory, and counted where it is cut.
 */
export class Output {
  readonly #send: (stream: OutputStream, bytes: Uint8Array, dropped: number) => void;
  readonly #bytes: Bucket;
  readonly #messages: Bucket;
  readonly #pending = { stdout: new Pending(), stderr: new Pending() };

  constructor(maxBytesPerS: number, nowNs: () => bigint, send: (stream: OutputStream, bytes: Uint8Array, dropped: number) => void) {
    this.#bytes = new Bucket(maxBytesPerS, nowNs);
    this.#messages = new Bucket(messagesMaxPerS, nowNs);
    this.#send = send;
  }

  /** Takes all of it, as far as the guest can tell. */
  write(stream: OutputStream, parts: readonly Uint8Array[]): number {
    const pending = this.#pending[stream];
    let total = 0;
    for (const part of parts) {
      total += part.byteLength;
      this.#take(stream, part.subarray(0, this.#bytes.take(part.byteLength)), part.byteLength);
    }
    // A line goes out at once; in a flood, lines gather until a chunk is full or a message may be sent again.
    if ((pending.dropped > 0 || pending.endsLine) && this.#messages.take(1) === 1) this.#flush(stream);
    return total;
  }

  flush(): void {
    this.#flush('stdout');
    this.#flush('stderr');
  }

  #take(stream: OutputStream, kept: Uint8Array, wantedBytes: number): void {
    const pending = this.#pending[stream];
    // What was dropped lies between two pieces; the first piece goes out first, so that the count stays in its place.
    if (kept.byteLength > 0 && pending.dropped > 0) this.#flush(stream);
    for (let at = 0; at < kept.byteLength; ) {
      at += pending.add(kept.subarray(at));
      if (pending.full) this.#flush(stream);
    }
    pending.dropped += wantedBytes - kept.byteLength;
  }

  #flush(stream: OutputStream): void {
    const pending = this.#pending[stream];
    if (pending.size === 0 && pending.dropped === 0) return;
    this.#send(stream, pending.take(), pending.dropped);
    pending.dropped = 0;
  }
}

class Pending {
  readonly #buffer = new Uint8Array(chunkBytes);
  size = 0;
  dropped = 0;

  get full(): boolean {
    return this.size === chunkBytes;
  }

  get endsLine(): boolean {
    return this.#buffer[this.size - 1] === 0x0a;
  }

  add(bytes: Uint8Array): number {
    const part = bytes.subarray(0, chunkBytes - this.size);
    this.#buffer.set(part, this.size);
    this.size += part.byteLength;
    return part.byteLength;
  }

  take(): Uint8Array {
    const out = this.#buffer.slice(0, this.size);
    this.size = 0;
    return out;
  }
}
