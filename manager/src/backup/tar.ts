/** As much of the tar format (POSIX.1-2001, pax) as a backup needs: regular files, and names of any length. */
import type { FileHandle } from 'node:fs/promises';
import { Fault } from '@pier/shared/core';

export const blockBytes = 512;
const nameBytesMax = 100;
const paxBytesMax = 64 << 10;

export type TarEntry = { readonly name: string; readonly mode: number; readonly sizeBytes: number; readonly offset: number };

/** What stands before an entry's bytes. */
export function headerOf({ name, mode, sizeBytes }: Omit<TarEntry, 'offset'>): Buffer {
  if (Buffer.byteLength(name) <= nameBytesMax) return block({ name, mode, sizeBytes, type: '0' });
  const record = paxRecord('path', name);
  return Buffer.concat([block({ name: 'pax', mode: 0o600, sizeBytes: record.byteLength, type: 'x' }), record, padding(record.byteLength), block({ name: 'long', mode, sizeBytes, type: '0' })]);
}

/** What stands behind so many bytes, up to the next block. */
export function padding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

export const endOfArchive = Buffer.alloc(2 * blockBytes);

function block({ name, mode, sizeBytes, type }: Omit<TarEntry, 'offset'> & { type: '0' | 'x' }): Buffer {
  const out = Buffer.alloc(blockBytes);
  out.write(name, 0, 'utf8');
  out.write(octal(mode, 7), 100);
  out.write(octal(0, 7), 108);
  out.write(octal(0, 7), 116);
  out.write(octal(sizeBytes, 11), 124);
  out.write(octal(0, 11), 136);
  out.write(' '.repeat(8), 148);
  out.write(type, 156);
  out.write('ustar\x0000', 257, 'latin1');
  out.write(`${octal(sumOf(out), 6)}\0 `, 148);
  return out;
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
const sumOf = (bytes: Buffer): number => bytes.reduce((sum, byte) => sum + byte, 0);

/** "length key=value\n", where the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.byteLength;
  while (rest.byteLength + String(length).length !== length) length = rest.byteLength + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** The entries of an archive, in order. Faults: `backup-invalid` for what is no tar, or ends too early. */
export async function* entriesOf(file: FileHandle): AsyncGenerator<TarEntry> {
  const { size } = await file.stat();
  let name: string | undefined;
  for (let at = 0; ; ) {
    const head = await readAt(file, at, blockBytes);
    if (head.every((byte) => byte === 0)) return;
    const entry = parse(head, at);
    const offset = at + blockBytes;
    if (offset + entry.sizeBytes > size) throw damaged(`it ends in the middle of an entry, at byte ${size}`);
    at = offset + entry.sizeBytes + padding(entry.sizeBytes).byteLength;
    if (entry.type === 'x') name = pathIn(await readAt(file, offset, Math.min(entry.sizeBytes, paxBytesMax)));
    else {
      yield { name: name ?? entry.name, mode: entry.mode, sizeBytes: entry.sizeBytes, offset };
      name = undefined;
    }
  }
}

function parse(head: Buffer, at: number): { name: string; mode: number; sizeBytes: number; type: '0' | 'x' } {
  const said = Number.parseInt(head.toString('latin1', 148, 156), 8);
  const blank = Buffer.from(head).fill(' ', 148, 156);
  if (head.toString('latin1', 257, 262) !== 'ustar' || sumOf(blank) !== said) throw damaged(`there is no tar header at byte ${at}`);
  const type = head.toString('latin1', 156, 157);
  if (type !== '0' && type !== 'x') throw damaged(`it holds an entry of the type ${JSON.stringify(type)}; a backup holds files`);
  return { name: textIn(head, 0, nameBytesMax), mode: numberIn(head, 100, 8), sizeBytes: numberIn(head, 124, 12), type };
}

/** The attack this stops: a size below zero, at which whoever reads on goes round in circles. */
function numberIn(head: Buffer, start: number, length: number): number {
  const text = textIn(head, start, length);
  if (!/^[0-7]+$/.test(text)) throw damaged('it holds a header that no backup has');
  return Number.parseInt(text, 8);
}

function textIn(head: Buffer, start: number, length: number): string {
  const field = head.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}

function pathIn(record: Buffer): string {
  const path = /^\d+ path=(.*)\n$/s.exec(record.toString('utf8'))?.[1];
  if (path === undefined) throw damaged('it holds a header that no backup has');
  return path;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw damaged(`it ends too early, at byte ${position + bytesRead}`);
  return buffer;
}

export function damaged(why: string): Fault {
  return new Fault('backup-invalid', `this is no whole backup of a Pier manager: ${why}`);
}
