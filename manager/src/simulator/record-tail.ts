/** The end of a board's own record file, read anew each time: never more of it in memory than a window, whatever it holds. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type * as z from 'zod';
import type { SimRecording } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { SimRecord } from '@pier/shared/hardware';
import { type BoardFolder, recordName } from './folders.ts';

type Recording = z.infer<typeof SimRecording>;
export type RecordEdge = Recording['edges'][number];
type Tail = Omit<Recording, 'nowNs'>;
type Mark = { readonly ino: string; readonly at: number };

const windowBytes = 1 << 20;
const lineBytesMax = 4_096;
/** A board starts its record anew at 64 MiB; beyond this, older lines are not even counted. */
const countedBytesMax = 96 << 20;
const newline = 10;

/**
 * The newest `limit` changes, or the newest of those since `after`; `left` counts what is older, of the present file and of
 * the one before it since `after`. A record that was started anew since then is read from its beginning. Faults: `input-invalid` for an `after` that was never a `next`.
 */
export async function readRecordTail({ dir }: Pick<BoardFolder, 'dir'>, { after, limit }: { after?: string | undefined; limit: number }): Promise<Tail> {
  const seen = after === undefined ? undefined : parseMark(after);
  const file = await openRecord(join(dir, recordName));
  if (!file) return { edges: [], next: '0-0', left: 0 };
  try {
    const { ino, size } = await file.stat();
    const isSame = seen?.ino === String(ino) && seen.at <= size && (await endsLine(file, seen.at));
    const from = isSame ? seen.at : 0;
    const start = Math.max(from, size - windowBytes);
    const bytes = await readAt(file, start, size - start);
    const { lines, end } = wholeLines(bytes, { isCut: start > from });
    const rows = lines.map(parseEdge);
    const edges = rows.slice(-limit).filter((edge) => edge !== undefined);
    const older = (await countLines(file, from, start)) + (seen && !isSame ? await countRotated(dir, seen) : 0);
    // The line that the window cuts is among the older ones.
    const cut = start > from && end > 0 ? 1 : 0;
    return { edges, next: `${ino}-${start + end}`, left: older + cut + rows.length - edges.length };
  } finally {
    await file.close();
  }
}

/** A machine that started again counts its time from 0: what lies in the future was recorded before that, and so was what is older. */
export function sinceBoot<T extends { readonly tNs: string }>(edges: readonly T[], nowNs: bigint): readonly T[] {
  return edges.slice(edges.findLastIndex((edge) => BigInt(edge.tNs) > nowNs) + 1);
}

/** Complete lines, and where the last of them ends; without a single end, what is too long for a line is passed over. */
function wholeLines(bytes: Buffer, { isCut }: { isCut: boolean }): { readonly lines: readonly Buffer[]; readonly end: number } {
  const lines: Buffer[] = [];
  let from = isCut ? bytes.indexOf(newline) + 1 : 0;
  if (isCut && from === 0) return { lines, end: bytes.byteLength };
  for (let at = bytes.indexOf(newline, from); at >= 0; at = bytes.indexOf(newline, from)) {
    lines.push(bytes.subarray(from, at));
    from = at + 1;
  }
  return { lines, end: from };
}

function parseEdge(line: Buffer): RecordEdge | undefined {
  if (line.byteLength > lineBytesMax) return undefined;
  try {
    const { tNs, name, level, direction, by, consumer } = SimRecord.parse(JSON.parse(line.toString('utf8')));
    return /^\d{1,20}$/.test(tNs) ? { tNs, name, level, direction, by, consumer } : undefined;
  } catch {
    // Not a record: counted with what is left out.
    return undefined;
  }
}

function parseMark(after: string): Mark {
  const [, ino, at] = /^(\d{1,20})-(\d{1,15})$/.exec(after) ?? [];
  if (ino === undefined) throw new Fault('input-invalid', 'query: after: this is not the "next" of an earlier recording');
  return { ino, at: Number(at) };
}

/** Never through a link, and never waiting for a pipe's other end. */
async function openRecord(path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  } catch {
    // Nothing was recorded yet, or what lies there is no file.
    return undefined;
  }
}

/** A mark is the end of a line; in another file under the same number it is so only by chance. */
async function endsLine(file: FileHandle, at: number): Promise<boolean> {
  return at === 0 || (await readAt(file, at - 1, 1))[0] === newline;
}

/** What came after a mark in the file that was full and is kept beside the present one. */
async function countRotated(dir: string, { ino, at }: Mark): Promise<number> {
  const file = await openRecord(join(dir, `${recordName}.1`));
  if (!file) return 0;
  try {
    const now = await file.stat();
    return String(now.ino) === ino && (await endsLine(file, at)) ? await countLines(file, at, now.size) : 0;
  } finally {
    await file.close();
  }
}

async function countLines(file: FileHandle, from: number, to: number): Promise<number> {
  let count = 0;
  for (let start = Math.max(from, to - countedBytesMax); start < to; start += windowBytes) {
    const bytes = await readAt(file, start, Math.min(windowBytes, to - start));
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count += 1;
  }
  return count;
}

/** As much of it as there is: a file may shrink while it is read. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let got = 0;
  while (got < length) {
    const { bytesRead } = await file.read(buffer, got, length - got, position + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return buffer.subarray(0, got);
}
