/** The messages of the kernel's FUSE protocol 7.31, little endian as on every board and builder of ours (include/uapi/linux/fuse.h). */

export const opcodes = {
  lookup: 1, forget: 2, getattr: 3, setattr: 4, mknod: 8, mkdir: 9, unlink: 10, rmdir: 11, rename: 12, open: 14, read: 15, write: 16, statfs: 17, release: 18,
  flush: 25, init: 26, opendir: 27, readdir: 28, releasedir: 29, create: 35, interrupt: 36, destroy: 38, poll: 40, batchForget: 42, rename2: 45,
} as const;

export const inHeaderBytes = 40;
/** Longest write that the kernel may send; the values of sysfs are at most one page. */
export const writeBytesMax = 4_096;
/** The kernel wants room for its smallest read buffer, and for a write with its headers. */
export const readBufferBytes = 16_384;

export type FuseRequest = { readonly opcode: number; readonly unique: bigint; readonly nodeId: bigint; readonly body: Buffer };

export function decodeRequest(bytes: Buffer): FuseRequest {
  return { opcode: bytes.readUInt32LE(4), unique: bytes.readBigUInt64LE(8), nodeId: bytes.readBigUInt64LE(16), body: bytes.subarray(inHeaderBytes) };
}

/** `errno` is positive, 0 for an answer that went well. */
export function encodeAnswer(unique: bigint, errno: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(16 + body.length, 0);
  head.writeInt32LE(errno === 0 ? 0 : -errno, 4);
  head.writeBigUInt64LE(unique, 8);
  return Buffer.concat([head, body]);
}

/** Tells the kernel that a polled file may have something new: FUSE_NOTIFY_POLL, with the handle that it gave with its poll. */
export function encodeWake(pollHandle: bigint): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigUInt64LE(pollHandle);
  const wake = encodeAnswer(0n, 0, body);
  wake.writeInt32LE(1, 4);
  return wake;
}

/** Bits of `stat` that a file here has: what it is and its mode, nobody's but root's. */
export type Attributes = { readonly id: bigint; readonly isFolder: boolean; readonly mode: number };

/** Size that sysfs shows for each of its files: a page. */
const pageBytes = 4_096;

function attr({ id, isFolder, mode }: Attributes): Buffer {
  const out = Buffer.alloc(88);
  out.writeBigUInt64LE(id, 0);
  out.writeBigUInt64LE(isFolder ? 0n : BigInt(pageBytes), 8);
  out.writeUInt32LE((isFolder ? 0o040000 : 0o100000) | mode, 60);
  out.writeUInt32LE(isFolder ? 2 : 1, 64);
  out.writeUInt32LE(pageBytes, 80);
  return out;
}

/** Nothing may be remembered: lines come and go. */
export function encodeEntry(attributes: Attributes): Buffer {
  const head = Buffer.alloc(40);
  head.writeBigUInt64LE(attributes.id, 0);
  return Buffer.concat([head, attr(attributes)]);
}

export function encodeAttributes(attributes: Attributes): Buffer {
  return Buffer.concat([Buffer.alloc(16), attr(attributes)]);
}

/** Direct I/O: each read and write comes here, as with a driver. */
export function encodeOpened(handle: bigint, { direct }: { direct: boolean }): Buffer {
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(handle, 0);
  out.writeUInt32LE(direct ? 1 : 0, 8);
  return out;
}

export function encodeU32(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt32LE(value, 0);
  return out;
}

export function encodeInit(): Buffer {
  const out = Buffer.alloc(64);
  out.writeUInt32LE(7, 0);
  out.writeUInt32LE(31, 4);
  out.writeUInt32LE(writeBytesMax, 20);
  out.writeUInt32LE(1, 24);
  out.writeUInt16LE(1, 28);
  return out;
}

/** `statfs` of a file system that has no blocks. */
export function encodeStatfs(): Buffer {
  const out = Buffer.alloc(80);
  out.writeUInt32LE(pageBytes, 40);
  out.writeUInt32LE(255, 44);
  out.writeUInt32LE(pageBytes, 48);
  return out;
}

/** One name of a folder; `next` is where the one after it starts. */
export function encodeName({ id, isFolder, name, next }: { id: bigint; isFolder: boolean; name: string; next: number }): Buffer {
  const text = Buffer.from(name);
  const out = Buffer.alloc((24 + text.length + 7) & ~7);
  out.writeBigUInt64LE(id, 0);
  out.writeBigUInt64LE(BigInt(next), 8);
  out.writeUInt32LE(text.length, 16);
  out.writeUInt32LE(isFolder ? 4 : 8, 20);
  text.copy(out, 24);
  return out;
}

export function decodeName(body: Buffer): string {
  const end = body.indexOf(0);
  return body.toString('utf8', 0, end < 0 ? body.length : end);
}

export function decodeRead(body: Buffer): { handle: bigint; offset: number; size: number } {
  return { handle: body.readBigUInt64LE(0), offset: Number(body.readBigUInt64LE(8)), size: body.readUInt32LE(16) };
}

export function decodeWrite(body: Buffer): { handle: bigint; text: string; size: number } {
  const size = body.readUInt32LE(16);
  return { handle: body.readBigUInt64LE(0), size, text: body.toString('utf8', 40, 40 + size) };
}

/** Who polls: the open file, and the kernel's own handle for waking it. */
export function decodePoll(body: Buffer): { handle: bigint; pollHandle: bigint; wake: boolean } {
  return { handle: body.readBigUInt64LE(0), pollHandle: body.readBigUInt64LE(8), wake: (body.readUInt32LE(16) & 1) !== 0 };
}

export function decodeHandle(body: Buffer): bigint {
  return body.readBigUInt64LE(0);
}

/** Names of nodes that the kernel has forgotten, and how many times. */
export function decodeForget({ opcode, nodeId, body }: FuseRequest): readonly { id: bigint; times: number }[] {
  if (opcode === opcodes.forget) return [{ id: nodeId, times: Number(body.readBigUInt64LE(0)) }];
  return Array.from({ length: body.readUInt32LE(0) }, (_, index) => ({ id: body.readBigUInt64LE(8 + index * 16), times: Number(body.readBigUInt64LE(16 + index * 16)) }));
}
