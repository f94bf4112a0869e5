/**
 * Which folders are boards. The attack: a name that leads out of the folder that the manager was shown, or a link there that
 * does; so names are of a plain alphabet, and nothing on the way may be a link.
 */
import type { Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '@pier/shared/core';

/** Names of a board's folder, as `pier sim board --dir` makes it. */
const socketName = 'board.sock';
export const recordName = 'record.ndjson';
const boardsMax = 64;
/** More names than these are not looked at: whatever that folder is, it is none of boards. */
const entriesMax = 4_096;
const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export type BoardFolder = { readonly id: string; readonly dir: string; readonly socket: string };

/** The boards that lie directly in a folder, by name; `left` is how many more there are than are shown. A folder that is not there (yet) has none. */
export async function boardFolders(root: string): Promise<{ readonly boards: readonly BoardFolder[]; readonly left: number }> {
  const names = await namesIn(root);
  const found: BoardFolder[] = [];
  for (const name of names.toSorted()) {
    const folder = await boardAt(root, name);
    if (folder) found.push(folder);
  }
  return { boards: found.slice(0, boardsMax), left: Math.max(0, found.length - boardsMax) };
}

/** Faults: `not-found` for what is no board of this folder. */
export async function boardFolder(root: string, id: string): Promise<BoardFolder> {
  const folder = await boardAt(root, id);
  if (!folder) throw new Fault('not-found', `there is no simulated board "${id.slice(0, 64)}" in the folder that this manager was shown`);
  return folder;
}

async function boardAt(root: string, name: string): Promise<BoardFolder | undefined> {
  if (!plainName.test(name)) return undefined;
  const dir = join(root, name);
  if (!(await lookAt(dir))?.isDirectory()) return undefined;
  const [socket, record] = await Promise.all([lookAt(join(dir, socketName)), lookAt(join(dir, recordName))]);
  // A board that was stopped takes its socket with it and leaves its record.
  const isBoard = socket ? socket.isSocket() : record?.isFile() === true;
  return isBoard ? { id: name, dir, socket: join(dir, socketName) } : undefined;
}

async function namesIn(root: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of await opendir(root)) {
      if (entry.isDirectory()) names.push(entry.name);
      if (names.length >= entriesMax) break;
    }
  } catch {
    // Not there yet, or taken away while it was read: there are no boards to drive.
  }
  return names;
}

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch {
    // Not there.
    return undefined;
  }
}
