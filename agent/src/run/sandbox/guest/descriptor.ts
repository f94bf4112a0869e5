import { type BigIntStats, futimesSync, fstatSync, readSync, writeSync } from 'node:fs';
import type { OutputStream } from '../runner.ts';
import { fail } from './errno.ts';
import type { Output } from './output.ts';
import { type OpenFile, type Parts, type Volume, host } from './volume.ts';

export const fileType = { unknown: 0, characterDevice: 2, directory: 3, regular: 4 } as const;
export const fdFlag = { append: 1, dsync: 2, sync: 16 } as const;
export const right = { read: 1n << 1n, write: 1n << 6n, seekTell: (1n << 2n) | (1n << 5n), all: 0x1fff_ffffn } as const;

type Buffers = readonly Uint8Array<ArrayBuffer>[];

/** What a descriptor of the guest stands for; a function that it does not have fails with the base class's number. */
export abstract class Descriptor {
  abstract readonly type: number;
  abstract readonly rights: bigint;
  flags = 0;

  read(_into: Buffers, _at?: bigint): number {
    return fail('badf');
  }
  write(_from: Buffers, _at?: bigint): number {
    return fail('badf');
  }
  seek(_offset: bigint, _whence: number): bigint {
    return fail('spipe');
  }
  resize(_size: bigint, _mode: 'set' | 'grow'): void {
    fail('inval');
  }
  setTimes(_times: { readonly accessed: number; readonly modified: number }): void {
    fail('badf');
  }
  stat(): BigIntStats | undefined {
    return undefined;
  }
  sync(): void {}
  close(): void {}
}

export class StdinStream extends Descriptor {
  readonly type = fileType.characterDevice;
  readonly rights = right.read;
  #left: Uint8Array;

  constructor(content: Uint8Array) {
    super();
    this.#left = content;
  }

  override read(into: Buffers, at?: bigint): number {
    if (at !== undefined) fail('spipe');
    let total = 0;
    for (const buffer of into) {
      const part = this.#left.subarray(0, buffer.byteLength);
      buffer.set(part);
      this.#left = this.#left.subarray(part.byteLength);
      total += part.byteLength;
    }
    return total;
  }
}

export class OutputDescriptor extends Descriptor {
  readonly type = fileType.characterDevice;
  readonly rights = right.write;
  readonly #output: Output;
  readonly #stream: OutputStream;

  constructor(output: Output, stream: OutputStream) {
    super();
    this.#output = output;
    this.#stream = stream;
  }

  override write(from: Buffers, at?: bigint): number {
    if (at !== undefined) fail('spipe');
    return this.#output.write(this.#stream, from);
  }
}

export class FolderDescriptor extends Descriptor {
  readonly type = fileType.directory;
  readonly rights = right.all;
  readonly volume: Volume;
  readonly parts: Parts;
  /** The name under which it was given to the guest, for a granted folder. */
  readonly preopen: string | undefined;
  /** The list as it was when the guest began to read it. */
  listed: { readonly name: string; readonly type: number; readonly ino: bigint }[] = [];

  constructor(volume: Volume, parts: Parts, preopen?: string) {
    super();
    this.volume = volume;
    this.parts = parts;
    this.preopen = preopen;
  }
}

export class FileDescriptor extends Descriptor {
  readonly type = fileType.regular;
  readonly rights: bigint;
  readonly #volume: Volume;
  readonly #file: OpenFile;
  #at = 0n;

  constructor(volume: Volume, file: OpenFile, how: { readonly rights: bigint; readonly flags: number }) {
    super();
    this.#volume = volume;
    this.#file = file;
    this.rights = how.rights;
    this.flags = how.flags;
  }

  override read(into: Buffers, at?: bigint): number {
    if ((this.rights & right.read) === 0n) fail('badf');
    let place = at ?? this.#at;
    for (const buffer of into) {
      const got = host(() => readSync(this.#file.hostFd, buffer, 0, buffer.byteLength, place));
      place += BigInt(got);
      if (got < buffer.byteLength) break;
    }
    const total = Number(place - (at ?? this.#at));
    if (at === undefined) this.#at = place;
    return total;
  }

  override write(from: Buffers, at?: bigint): number {
    if ((this.rights & right.write) === 0n) fail('badf');
    const start = (this.flags & fdFlag.append) === 0 ? (at ?? this.#at) : this.#size();
    let place = start;
    for (const buffer of from) {
      const part = this.#affordable(buffer, place);
      const got = part.byteLength === 0 ? 0 : this.#write(part, place);
      place += BigInt(got);
      if (got < buffer.byteLength) break;
    }
    if (place === start && from.some((buffer) => buffer.byteLength > 0)) fail('nospc');
    if (at === undefined) this.#at = place;
    if ((this.flags & (fdFlag.dsync | fdFlag.sync)) !== 0) this.sync();
    return Number(place - start);
  }

  override seek(offset: bigint, whence: number): bigint {
    const from = [0n, this.#at, whence === 2 ? this.#size() : 0n][whence] ?? fail('inval');
    const to = from + offset;
    if (to < 0n || to > BigInt(Number.MAX_SAFE_INTEGER)) fail('inval');
    this.#at = to;
    return to;
  }

  override resize(size: bigint, mode: 'set' | 'grow'): void {
    if ((this.rights & right.write) === 0n) fail('badf');
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) fail('nospc');
    if (mode === 'set' || size > this.#size()) this.#volume.resize(this.#file, Number(size));
  }

  override setTimes(times: { readonly accessed: number; readonly modified: number }): void {
    host(() => futimesSync(this.#file.hostFd, times.accessed, times.modified));
  }

  override stat(): BigIntStats {
    return host(() => fstatSync(this.#file.hostFd, { bigint: true }));
  }

  override sync(): void {
    this.#volume.sync(this.#file);
  }

  override close(): void {
    this.#volume.release(this.#file);
  }

  #size(): bigint {
    return this.stat().size;
  }

  /** As much of a buffer as the volume's quota leaves room for, a gap before it included. */
  #affordable(buffer: Uint8Array<ArrayBuffer>, at: bigint): Uint8Array<ArrayBuffer> {
    if (at > BigInt(Number.MAX_SAFE_INTEGER)) fail('nospc');
    const room = Number(this.#size() - at) + this.#volume.leftBytes;
    return buffer.subarray(0, Math.max(0, room));
  }

  #write(part: Uint8Array<ArrayBuffer>, at: bigint): number {
    this.#volume.pace(part.byteLength);
    const before = this.#size();
    const got = host(() => writeSync(this.#file.hostFd, part, 0, part.byteLength, Number(at)));
    this.#file.dirty = true;
    this.#volume.grew(Math.max(0, Number(at) + got - Number(before)));
    return got;
  }
}
