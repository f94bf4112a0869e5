import { randomBytes } from 'node:crypto';
import { closeSync, openSync, ftruncateSync, fstatSync } from 'node:fs';
import { open, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, toFault } from '@pier/shared/core';
import { isErrno } from '@pier/shared/disk';
import type { Reason } from '@pier/shared/wire';

/** Kept back for the database, so that a device whose disk is full can still be told what to do, and say why it cannot. */
const reserveBytes = 2 << 20;
/** Given at a time: enough for a few writes, and little for whoever fills the disk to take away. */
const pieceBytes = 64 << 10;
/** Below this the disk counts as full, whether or not a write has failed. */
const lowBytes = 64 << 10;
/** So much has to be free beside the reserve before the disk counts as well again, and before anything is fetched. */
export const spareBytes = 1 << 20;

/** The disk that a device's folder lies on: whether it is full, and what is kept back for that day. */
export type Disk = {
  /** Why nothing more can be kept, while that is so. */
  readonly full: Reason | undefined;
  /** A write failed for want of room. Gives a piece of the reserve back to the disk; false when there is none left. */
  give(): boolean;
  /** A write failed for want of room, and is none that the reserve is for. */
  note(): void;
  /** Faults: `disk-full` when so many bytes more would not leave the spare, before any of them is written. */
  room(sizeBytes: number, what: string): Promise<void>;
  /** Calls back when a write has failed for want of room, once until `look` has found some again. */
  onFull(act: () => void): void;
  /** Measures, and fills the reserve up again when there is room; true when the answer to "is it full?" has changed. */
  look(): Promise<boolean>;
};

/** Opens the reserve, whole or not; makes nothing yet. */
export function openDisk(folder: string): Disk {
  const path = join(folder, 'reserve');
  let isFull = false;
  let told = false;
  const listeners: (() => void)[] = [];
  const failed = (): void => {
    if (isFull) return;
    isFull = true;
    for (const act of listeners) act();
  };
  const reason: Reason = { code: 'disk-full', reason: `the disk of ${folder} is full: what runs goes on, nothing more is fetched, and commands may be refused, until there is room` };
  return {
    get full() {
      return isFull ? reason : undefined;
    },
    give: () => {
      failed();
      return shrink(path);
    },
    note: failed,
    onFull: (act) => void listeners.push(act),
    room: async (sizeBytes, what) => {
      const free = await freeBytes(folder);
      if (free < sizeBytes + spareBytes) throw new Fault('disk-full', `${what} has ${sizeBytes} bytes; ${free} are free in ${folder}, of which ${spareBytes} are kept free`);
    },
    look: async () => {
      const free = await freeBytes(folder);
      if (free < lowBytes) isFull = true;
      else if ((await fill(path, free)) && free >= lowBytes) isFull = false;
      const changed = isFull !== told;
      told = isFull;
      return changed;
    },
  };
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function shrink(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r+');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return false;
    throw toFault(cause);
  }
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return false;
    ftruncateSync(fd, Math.max(0, size - pieceBytes));
    return true;
  } finally {
    closeSync(fd);
  }
}

/** Whether the reserve is whole now, with the spare beside it. Noise, since a file with holes, or one that a file system can compress, keeps nothing back. */
async function fill(path: string, free: number): Promise<boolean> {
  await using file = await open(path, 'a', 0o600);
  const { size } = await file.stat();
  if (free < reserveBytes - size + spareBytes) return false;
  if (size >= reserveBytes) return true;
  try {
    await file.writeFile(randomBytes(reserveBytes - size));
    await file.sync();
    return true;
  } catch (cause) {
    if (toFault(cause).code === 'disk-full') return false;
    throw cause;
  }
}
