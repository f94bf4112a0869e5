/** The guest's memory, through which every pointer, length and count of a guest goes before it is believed. */
export class OutOfBounds extends Error {}

const iovecsMax = 1_024;
const labelBytesMax = 64;

export class GuestMemory {
  readonly #onSize: (bytes: number) => void;
  #memory: WebAssembly.Memory | undefined;
  #view = new DataView(new ArrayBuffer(0));

  /** `onSize` is told the size, first and whenever it is found changed. */
  constructor(onSize: (bytes: number) => void) {
    this.#onSize = onSize;
  }

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
    this.look();
  }

  /** Looks whether the memory has grown. */
  look(): void {
    void this.view;
  }

  /** A growing memory gets a new buffer, so the view is asked for at each use. */
  get view(): DataView {
    const buffer = this.#memory?.buffer;
    if (buffer && this.#view.buffer !== buffer) {
      this.#view = new DataView(buffer);
      this.#onSize(buffer.byteLength);
    }
    return this.#view;
  }

  /** The bytes themselves, not a copy. Throws `OutOfBounds`. */
  bytes(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    const at = pointer >>> 0;
    const size = length >>> 0;
    const { buffer } = this.view;
    if (at + size > buffer.byteLength) throw new OutOfBounds(`${size} bytes at ${at} of ${buffer.byteLength}`);
    return new Uint8Array(buffer as ArrayBuffer, at, size);
  }

  /** Text of at most `maxBytes`; undefined when it is longer or not UTF-8. Throws `OutOfBounds`. */
  text(pointer: number, length: number, maxBytes: number): string | undefined {
    const bytes = this.bytes(pointer, length);
    if (bytes.byteLength > maxBytes) return undefined;
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      // What is not UTF-8 is no text: the caller answers with its own error code.
      return undefined;
    }
  }

  /** A capability's label; undefined when it is too long or not UTF-8. Throws `OutOfBounds`. */
  label(pointer: number, length: number): string | undefined {
    return this.text(pointer, length, labelBytesMax);
  }

  /** The buffers of a scatter/gather list; undefined when it has too many entries or more bytes than a u32 counts. Throws `OutOfBounds`. */
  iovecs(pointer: number, count: number): Uint8Array<ArrayBuffer>[] | undefined {
    if (count >>> 0 > iovecsMax) return undefined;
    const list = this.bytes(pointer, (count >>> 0) * 8);
    const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
    const out: Uint8Array<ArrayBuffer>[] = [];
    let total = 0;
    for (let at = 0; at < list.byteLength; at += 8) {
      const part = this.bytes(view.getUint32(at, true), view.getUint32(at + 4, true));
      total += part.byteLength;
      out.push(part);
    }
    return total > 0xffff_ffff ? undefined : out;
  }

  setU32(pointer: number, value: number): void {
    this.bytes(pointer, 4);
    this.view.setUint32(pointer >>> 0, value, true);
  }

  setU64(pointer: number, value: bigint): void {
    this.bytes(pointer, 8);
    this.view.setBigUint64(pointer >>> 0, value, true);
  }
}
