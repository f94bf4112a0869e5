/** A backup as one file: a tar whose first entry says what it is, and whose last one has the digest of each other, as sha256sum(1) writes them. */
import { createHash } from 'node:crypto';
import { type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import * as z from 'zod';
import { Fault, check, parseJson, toFault } from '@pier/shared/core';
import { isErrno, syncFolder, temporarySuffix } from '@pier/shared/disk';
import { isThere } from './take-over.ts';
import { type TarEntry, damaged, endOfArchive, entriesOf, headerOf, padding } from './tar.ts';

const aboutName = 'pier-backup.json';
const sumsName = 'SHA256SUMS';
const copyBytes = 1 << 20;
/** What is read into memory at once: parts of tables, keys. */
const partBytesMax = 64 << 20;
const sumsBytesMax = 256 << 20;

const formatNow = 1;
/** What a backup says of itself. `schema` is the time of the newest migration that its database had. */
export const About = z.object({ kind: z.literal('pier-manager-backup'), format: z.int().min(1), madeAt: z.string(), schema: z.int(), caFingerprint: z.string(), blobs: z.boolean() });
export type About = z.infer<typeof About>;

export type ArchiveWriter = {
  add(name: string, bytes: Uint8Array | string): Promise<void>;
  /** A file as it is; one that has gone meanwhile is left out. Out: its size. */
  addFile(name: string, path: string): Promise<number | undefined>;
  /** Ends it, and gives it its name. Out: its size. */
  finish(): Promise<number>;
} & AsyncDisposable;

/** Begins an archive beside `path`, which it becomes when it is whole; only its owner can read it. Faults: `not-found` without its folder, `conflict` when the file is there, `interrupted`. */
export async function createArchive(path: string, about: Omit<About, 'kind' | 'format'>, signal?: AbortSignal): Promise<ArchiveWriter> {
  const beside = `${path}${temporarySuffix}`;
  // Told before the work, which may take long, and looked at again when the name is given.
  await requireFolder(dirname(path));
  if (await isThere(path)) throw taken(path);
  await rm(beside, { force: true });
  const file = await open(beside, 'wx', 0o600);
  const state = { at: 0, sums: '', open: true };
  const write = async (bytes: Uint8Array): Promise<void> => {
    await file.writeFile(bytes);
    state.at += bytes.byteLength;
  };
  const entry = async (of: { name: string; mode: number; sizeBytes: number }, body: AsyncIterable<Uint8Array>): Promise<void> => {
    goOn(signal);
    const hash = createHash('sha256');
    let sizeBytes = 0;
    await write(headerOf(of));
    for await (const bytes of body) {
      hash.update(bytes);
      sizeBytes += bytes.byteLength;
      await write(bytes);
    }
    if (sizeBytes !== of.sizeBytes) throw new Fault('conflict', `${of.name} changed while it was read (${of.sizeBytes}, then ${sizeBytes} bytes): take the backup again`);
    await write(padding(sizeBytes));
    state.sums += `${hash.digest('hex')}  ${of.name}\n`;
  };
  const add = async (name: string, text: Uint8Array | string): Promise<void> => {
    const bytes = Buffer.from(text);
    await entry({ name, mode: 0o600, sizeBytes: bytes.byteLength }, once(bytes));
  };
  const end = async (): Promise<void> => {
    if (!state.open) return;
    state.open = false;
    await file.close();
    await rm(beside, { force: true });
  };
  try {
    await add(aboutName, `${JSON.stringify({ kind: 'pier-manager-backup', format: formatNow, ...about } satisfies About)}\n`);
  } catch (thrown) {
    await end();
    throw toFault(thrown);
  }
  return {
    add,
    addFile: async (name, from) => {
      await using source = await openIfThere(from);
      if (!source) return undefined;
      const { size, mode } = await source.file.stat();
      await entry({ name, mode: mode & 0o777, sizeBytes: size }, piecesOf(source.file, { offset: 0, sizeBytes: size }, signal));
      return size;
    },
    finish: async () => {
      await add(sumsName, state.sums);
      await write(endOfArchive);
      await file.sync();
      await giveName(beside, path);
      await end();
      await syncFolder(dirname(path));
      return state.at;
    },
    [Symbol.asyncDispose]: end,
  };
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: unknown) => (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR') ? undefined : Promise.reject(toFault(error))));
  if (!found?.isDirectory()) throw new Fault('not-found', `the backup's file was to be made in ${folder}, where there is no folder: make it first, or name another file`);
}

const taken = (path: string): Fault => new Fault('conflict', `${path} is there already; a backup replaces nothing`);

/** Sticks and shares, on which backups are put, may know no second name for a file (EPERM, of link(2)): there it is looked for just before. */
async function giveName(beside: string, path: string): Promise<void> {
  try {
    await link(beside, path);
  } catch (error) {
    if (isErrno(error, 'EEXIST') || (await isThere(path))) throw taken(path);
    if (!isErrno(error, 'EPERM') && !isErrno(error, 'ENOTSUP')) throw error;
    await rename(beside, path);
  }
}

export type Archive = {
  readonly about: About;
  readonly entries: readonly TarEntry[];
  read(entry: TarEntry): Promise<Buffer>;
  copyTo(entry: TarEntry, path: string): Promise<void>;
} & AsyncDisposable;

/** Opens a backup once every byte of it has been checked; the signal holds for what is read later as well. Faults: `not-found`, `backup-invalid`, `interrupted`, `schema-newer` for one of a newer Pier. */
export async function openArchive(path: string, signal?: AbortSignal): Promise<Archive> {
  const source = await openIfThere(path);
  if (!source) throw new Fault('not-found', `there is no file ${path}`);
  await using opening = new AsyncDisposableStack();
  opening.use(source);
  const { file } = source;
  if (!(await file.stat()).isFile()) throw damaged(`${path} is not a file`);
  const found: TarEntry[] = [];
  for await (const one of entriesOf(file)) {
    if (found.length === 0 && one.name !== aboutName) throw damaged(`it begins with ${JSON.stringify(one.name.slice(0, 80))} instead of ${aboutName}`);
    found.push(one);
  }
  const about = await aboutIn(file, found[0]);
  const entries = found.slice(1, -1);
  await checkSums(file, found, signal);
  for (const { name } of entries) checkName(name);
  const held = opening.move();
  return {
    about,
    entries,
    read: async (entry) => {
      goOn(signal);
      return readWhole(file, entry, partBytesMax);
    },
    copyTo: async (entry, to) => {
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      await using out = await open(to, 'wx', entry.mode & 0o644);
      for await (const bytes of piecesOf(file, entry, signal)) await out.writeFile(bytes);
      await out.sync();
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function aboutIn(file: FileHandle, first: TarEntry | undefined): Promise<About> {
  if (!first) throw damaged('it is empty');
  const about = check(About, parseJson(await readWhole(file, first, copyBytes), { what: aboutName }), { what: aboutName, code: 'backup-invalid' });
  if (about.format > formatNow) throw new Fault('schema-newer', `this backup was made by a newer Pier (format ${about.format}; this one knows ${formatNow}): restore it with that one`);
  return about;
}

async function checkSums(file: FileHandle, found: readonly TarEntry[], signal: AbortSignal | undefined): Promise<void> {
  const last = found.at(-1);
  if (last?.name !== sumsName) throw damaged('its end, with the digests, is missing');
  const said = (await readWhole(file, last, sumsBytesMax)).toString('utf8');
  let at = 0;
  for (const one of found.slice(0, -1)) {
    const hash = createHash('sha256');
    for await (const bytes of piecesOf(file, one, signal)) hash.update(bytes);
    const line = `${hash.digest('hex')}  ${one.name}\n`;
    if (!said.startsWith(line, at)) throw damaged(`the bytes of ${one.name} are not those that were backed up`);
    at += line.length;
  }
  if (at !== said.length) throw damaged('entries are missing');
}

/** The attack this stops: a file that somebody made, which would write outside the folder that it is restored to. */
function checkName(name: string): void {
  const steps = name.split('/');
  if (!/^(?:authority|registry|database)\/|^ports\.json$/.test(name) || steps.some((step) => step === '' || step === '.' || step === '..') || name.includes('\0')) throw damaged(`it holds ${JSON.stringify(name.slice(0, 120))}, which no backup has`);
}

async function readWhole(file: FileHandle, entry: TarEntry, bytesMax: number): Promise<Buffer> {
  if (entry.sizeBytes > bytesMax) throw damaged(`${entry.name} has ${entry.sizeBytes} bytes; at most ${bytesMax} were expected`);
  const pieces: Uint8Array[] = [];
  for await (const bytes of piecesOf(file, entry)) pieces.push(bytes);
  return Buffer.concat(pieces);
}

/** The bytes of a file from `offset`, `sizeBytes` of them, or as many as there are. */
async function* piecesOf(file: FileHandle, { offset, sizeBytes }: Pick<TarEntry, 'offset' | 'sizeBytes'>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < sizeBytes; ) {
    goOn(signal);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(copyBytes, sizeBytes - done)), 0, undefined, offset + done);
    if (bytesRead === 0) return;
    done += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Ended here, between two writes, whoever is told to stop puts away what he began. */
function goOn(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Fault('interrupted', 'stopped before its end; nothing was changed');
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}

async function openIfThere(path: string): Promise<({ readonly file: FileHandle } & AsyncDisposable) | undefined> {
  try {
    const file = await open(path, 'r');
    return { file, [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw new Fault('storage-failed', `${basename(path)} cannot be read: ${toFault(error).message}`, {}, error);
  }
}
