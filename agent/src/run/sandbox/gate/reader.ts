/** A module that does not follow the binary format; becomes a refusal in the gate. */
export class Malformed extends Error {}

/** Reads the WebAssembly binary format (core spec, chapter 5) within bounds; throws `Malformed` with the place. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.byteLength) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) throw new Malformed(`it ends at byte ${this.at}, where more was expected`);
    const value = this.bytes[this.at] ?? 0;
    this.at += 1;
    return value;
  }

  /** An unsigned LEB128 number of at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw new Malformed(`the number before byte ${this.at} has more than 32 bits`);
  }

  /** The next `size` bytes as a reader of their own. */
  part(size: number): Reader {
    if (size > this.end - this.at) throw new Malformed(`byte ${this.at} announces ${size} bytes, ${this.end - this.at} are left`);
    const part = new Reader(this.bytes, this.at, this.at + size);
    this.at += size;
    return part;
  }

  name(): string {
    const part = this.part(this.u32());
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes.subarray(part.at, part.end));
    } catch {
      throw new Malformed(`the name before byte ${this.at} is not valid UTF-8`);
    }
  }

  /** Calls `read` as often as the vector's length says. */
  vector<T>(read: (index: number) => T, max: number, what: string): T[] {
    const count = this.u32();
    if (count > max) throw new TooMany(what, max, count);
    return Array.from({ length: count }, (_, index) => read(index));
  }
}

/** A module that is larger in some way than a board should compile. */
export class TooMany extends Error {
  constructor(what: string, max: number, seen: number) {
    super(`it has ${seen} ${what}; at most ${max} are allowed`);
  }
}

/** A use of the format that the sandbox does not take. */
export class Unsupported extends Error {}
