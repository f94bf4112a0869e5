/**
 * A granted folder of the host, as a guest sees it. The attacks this stops: a path that leaves the folder (absolute, `..`, or
 * a symbolic link that somebody planted), and a guest that fills the disk.
 * Names go straight to the host's file system, part by part: nothing is followed, nothing but files and folders is opened, and a
 * guest can make no links. What a file held before it was emptied stays on disk until the new content is synced or closed: the
 * new content is written beside it and renamed over it, so that a kill in between loses neither.
 */
import { type Dirent, type Stats, constants, closeSync, fstatSync, fsyncSync, ftruncateSync, lstatSync, mkdirSync, openSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errno, errnoOf, fail, WasiError } from './errno.ts';
import type { Pace } from './pace.ts';

const reserved = '.pier-';
const depthMax = 32;
const entriesMax = 4_096;
const nameBytesMax = 255;

/** A path inside a volume, split and checked; `folder` when it ended in a slash. */
export type Parts = readonly string[];

/** One file that a guest has open, shared by all its descriptors of that file. */
export type OpenFile = { readonly key: string; hostFd: number; beside: string | undefined; dirty: boolean; isNew: boolean; unlinked: boolean; users: number };

export class Volume {
  readonly #root: string;
  readonly #maxBytes: number;
  readonly #pace: Pace;
  readonly #open = new Map<string, OpenFile>();
  #usedBytes = 0;
  #entries = 0;
  #beside = 0;

  constructor(root: string, maxBytes: number, pace: Pace) {
    this.#root = root;
    this.#maxBytes = maxBytes;
    this.#pace = pace;
    this.#survey(root);
  }

  /** Bytes that may still be added. */
  get leftBytes(): number {
    return Math.max(0, this.#maxBytes - this.#usedBytes);
  }

  grew(bytes: number): void {
    this.#usedBytes += bytes;
  }

  /** Waits until so many bytes may be written. */
  pace(bytes: number): void {
    this.#pace.write(bytes);
  }

  /** `path` seen from the folder `from`; a path may not leave the folder that it starts at. */
  parts(from: Parts, path: string): Parts {
    if (path === '') fail('noent');
    if (path.startsWith('/')) fail('notcapable');
    if (path.includes('\0')) fail('inval');
    const out: string[] = [];
    for (const part of path.split('/')) {
      if (part === '' || part === '.') continue;
      if (part === '..' && out.pop() === undefined) fail('notcapable');
      if (part === '..') continue;
      if (Buffer.byteLength(part) > nameBytesMax) fail('nametoolong');
      if (part.startsWith(reserved)) fail('perm');
      out.push(part);
    }
    if (from.length + out.length > depthMax) fail('nametoolong');
    return [...from, ...out];
  }

  /** What stands at a path; undefined when nothing does. Faults when the way there is no folder of ours. */
  stat(parts: Parts): Stats | undefined {
    let seen: Stats | undefined = lstatSync(this.#root);
    for (const [index] of parts.entries()) {
      if (seen === undefined) fail('noent');
      if (!seen.isDirectory()) fail('notdir');
      seen = lstatSync(this.#host(parts.slice(0, index + 1)), { throwIfNoEntry: false });
      if (seen?.isSymbolicLink()) fail('loop');
      if (seen && !seen.isFile() && !seen.isDirectory()) fail('acces');
    }
    return seen;
  }

  /** Where a checked path lies on the host, for functions that take a path. */
  hostPath(parts: Parts): string {
    return this.#opened(parts)?.beside ?? this.#host(parts);
  }

  openFile(parts: Parts, how: { readonly create: boolean; readonly empty: boolean }): OpenFile {
    const key = parts.join('/');
    const held = this.#open.get(key);
    if (held) {
      held.users += 1;
      if (how.empty) this.resize(held, 0);
      return held;
    }
    const seen = this.stat(parts);
    if (!seen && !how.create) fail('noent');
    if (!seen) this.#addEntry();
    const flags = constants.O_RDWR | constants.O_NOFOLLOW | (seen ? 0 : constants.O_CREAT | constants.O_EXCL);
    const file: OpenFile = { key, hostFd: host(() => openSync(this.#host(parts), flags, 0o600)), beside: undefined, dirty: !seen, isNew: !seen, unlinked: false, users: 1 };
    this.#open.set(key, file);
    if (how.empty) this.resize(file, 0);
    return file;
  }

  /** Makes a file longer or shorter; emptying keeps the old content on disk until the new one is synced. */
  resize(file: OpenFile, size: number): void {
    const seen = fstatSync(file.hostFd).size;
    if (size - seen > this.leftBytes) fail('nospc');
    if (size === 0 && seen > 0 && !file.isNew && !file.unlinked && file.beside === undefined) this.#startBeside(file);
    else host(() => ftruncateSync(file.hostFd, size));
    this.grew(size - seen);
    file.dirty = true;
  }

  /** After this the content, and the name, survive a power cut. */
  sync(file: OpenFile): void {
    if (!file.dirty || file.unlinked) return;
    this.#pace.sync();
    host(() => fsyncSync(file.hostFd));
    const path = this.#host(file.key.split('/'));
    if (file.beside !== undefined) host(() => renameSync(file.beside ?? '', path));
    if (file.beside !== undefined || file.isNew) syncFolder(join(path, '..'));
    file.beside = undefined;
    file.isNew = false;
    file.dirty = false;
  }

  release(file: OpenFile): void {
    file.users -= 1;
    try {
      this.sync(file);
    } finally {
      if (file.users === 0) {
        if (file.unlinked) this.#usedBytes -= fstatSync(file.hostFd).size;
        if (this.#open.get(file.key) === file) this.#open.delete(file.key);
        closeSync(file.hostFd);
      }
    }
  }

  /** Syncs all that is open: the guest came to its end in good order. */
  syncAll(): void {
    for (const file of this.#open.values()) this.sync(file);
  }

  makeFolder(parts: Parts): void {
    if (this.stat(parts)) fail('exist');
    this.#pace.sync();
    this.#addEntry();
    host(() => mkdirSync(this.#host(parts), 0o700));
    syncFolder(this.#host(parts.slice(0, -1)));
  }

  remove(parts: Parts, kind: 'file' | 'folder'): void {
    const seen = this.stat(parts) ?? fail('noent');
    if (seen.isDirectory() !== (kind === 'folder')) fail(kind === 'folder' ? 'notdir' : 'isdir');
    if (parts.length === 0) fail('perm');
    const path = this.#host(parts);
    this.#pace.sync();
    if (kind === 'folder') host(() => rmdirSync(path));
    else {
      if (!this.#forget(parts)) this.#usedBytes -= seen.size;
      host(() => unlinkSync(path));
    }
    this.#entries -= 1;
    syncFolder(join(path, '..'));
  }

  rename(from: Parts, to: Parts): void {
    const seen = this.stat(from) ?? fail('noent');
    const over = this.stat(to);
    if (from.length === 0 || to.length === 0) fail('perm');
    if (from.join('/') === to.join('/')) return;
    if (over && over.isDirectory() !== seen.isDirectory()) fail(over.isDirectory() ? 'isdir' : 'notdir');
    if (seen.isDirectory() && `${to.join('/')}/`.startsWith(`${from.join('/')}/`)) fail('inval');
    this.#pace.sync();
    this.syncAll();
    // A name that is written beside, or open below a folder that moves, would be looked for under its old path.
    if (seen.isDirectory() && [...this.#open.keys()].some((key) => key.startsWith(`${from.join('/')}/`))) fail('acces');
    const replacedBytes = over?.isFile() && !this.#forget(to) ? over.size : 0;
    host(() => renameSync(this.#host(from), this.#host(to)));
    this.#moveOpen(from, to);
    this.#usedBytes -= replacedBytes;
    if (over) this.#entries -= 1;
    syncFolder(this.#host(from.slice(0, -1)));
    syncFolder(this.#host(to.slice(0, -1)));
  }

  list(parts: Parts): Dirent[] {
    const seen = this.stat(parts) ?? fail('noent');
    if (!seen.isDirectory()) fail('notdir');
    return host(() => readdirSync(this.#host(parts), { withFileTypes: true })).filter((entry) => (entry.isFile() || entry.isDirectory()) && !entry.name.startsWith(reserved));
  }

  #host(parts: Parts): string {
    return join(this.#root, ...parts);
  }

  #opened(parts: Parts): OpenFile | undefined {
    return this.#open.get(parts.join('/'));
  }

  #addEntry(): void {
    if (this.#entries >= entriesMax) fail('nospc');
    this.#entries += 1;
  }

  /** Detaches a file that is open from its name, which goes away; its bytes count until it is closed. */
  #forget(parts: Parts): boolean {
    const file = this.#opened(parts);
    if (!file) return false;
    this.#open.delete(file.key);
    if (file.beside !== undefined) host(() => unlinkSync(file.beside ?? ''));
    file.beside = undefined;
    file.unlinked = true;
    return true;
  }

  #moveOpen(from: Parts, to: Parts): void {
    const file = this.#opened(from);
    if (!file) return;
    this.#open.delete(file.key);
    const moved = Object.assign(file, { key: to.join('/') });
    this.#open.set(moved.key, moved);
  }

  #startBeside(file: OpenFile): void {
    this.#beside += 1;
    const path = join(this.#root, `${reserved}new-${this.#beside}`);
    const hostFd = host(() => openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600));
    closeSync(file.hostFd);
    file.hostFd = hostFd;
    file.beside = path;
  }

  /** Counts what is there, and clears away what a killed guest had begun. */
  #survey(folder: string, depth = 0): void {
    if (depth > depthMax) return;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.name.startsWith(reserved) && entry.isFile()) {
        unlinkSync(path);
        continue;
      }
      this.#entries += 1;
      if (entry.isFile()) this.#usedBytes += lstatSync(path).size;
      if (entry.isDirectory()) this.#survey(path, depth + 1);
    }
  }
}

/** Runs a file function of the host; its errors become error numbers, and no path of the host reaches the guest. */
export function host<T>(act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw new WasiError(thrown instanceof Error ? errnoOf(thrown) : errno.io);
  }
}

function syncFolder(path: string): void {
  const fd = host(() => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  try {
    host(() => fsyncSync(fd));
  } finally {
    closeSync(fd);
  }
}
