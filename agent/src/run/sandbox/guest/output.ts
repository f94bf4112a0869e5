import { Bucket } from '../bucket.ts';
import type { OutputStream } from '../runner.ts';

const chunkBytes = 4_096;
const messagesMaxPerS = 200;
const sleepsMaxPerS = 20;

/**
 * A guest's standard output on its way to the agent: gathered so that a flood costs few messages, cut at its rate so that
 * it costs little memory, and counted where it is cut. In a second it sends at most one message for each full chunk of its
 * rate, 200 for lines and gaps, and 20 before sleeps.
 */
export class Output {
  readonly #send: (stream: OutputStream, bytes: Uint8Array, dropped: number) => void;
  readonly #bytes: Bucket;
  readonly #messages: Bucket;
  readonly #sleeps: Bucket;
  readonly #pending = { stdout: new Pending(), stderr: new Pending() };

  constructor(maxBytesPerS: number, nowNs: () => bigint, send: (stream: OutputStream, bytes: Uint8Array, dropped: number) => void) {
    this.#bytes = new Bucket(maxBytesPerS, nowNs);
    this.#messages = new Bucket(messagesMaxPerS, nowNs);
    this.#sleeps = new Bucket(sleepsMaxPerS, nowNs);
    this.#send = send;
  }

  /** Takes all of it, as far as the guest can tell. */
  write(stream: OutputStream, parts: readonly Uint8Array[]): number {
    const pending = this.#pending[stream];
    let total = 0;
    for (const part of parts) {
      total += part.byteLength;
      const kept = this.#keep(stream, part.subarray(0, this.#bytes.take(part.byteLength)));
      pending.dropped += part.byteLength - kept;
    }
    // A line goes out at once; in a flood, lines gather until a chunk is full or a message may be sent again.
    if (pending.dropped > 0 || pending.endsLine) this.#flush(stream, this.#messages);
    return total;
  }

  /** Before the guest sleeps: half a line goes out too, unless the guest only pretends to sleep. */
  rest(): void {
    this.#flush('stdout', this.#sleeps);
    this.#flush('stderr', this.#sleeps);
  }

  /** The guest is over. */
  end(): void {
    this.#flush('stdout');
    this.#flush('stderr');
  }

  /** Returns how many bytes found room. */
  #keep(stream: OutputStream, bytes: Uint8Array): number {
    const pending = this.#pending[stream];
    // What was dropped lies between two pieces; the first piece goes out first, so that the count stays in its place.
    if (bytes.byteLength > 0 && pending.dropped > 0 && !this.#flush(stream, this.#messages)) return 0;
    for (let at = 0; at < bytes.byteLength; ) {
      at += pending.add(bytes.subarray(at));
      // The rate of bytes bounds full chunks.
      if (pending.full) this.#flush(stream);
    }
    return bytes.byteLength;
  }

  /** Whether nothing is pending any more. */
  #flush(stream: OutputStream, bucket?: Bucket): boolean {
    const pending = this.#pending[stream];
    if (pending.size === 0 && pending.dropped === 0) return true;
    if (bucket && bucket.take(1) === 0) return false;
    this.#send(stream, pending.take(), pending.dropped);
    pending.dropped = 0;
    return true;
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
