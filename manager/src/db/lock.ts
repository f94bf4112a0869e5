import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '@pier/shared/core';
import { isErrno } from '@pier/shared/disk';

/**
 * Holds a folder for this process alone, until disposed or until the process ends, however it ends: the lock is the
 * kernel's (fcntl(2), through SQLite), so that none is ever left behind. Faults: `conflict` when another process holds it, `input-invalid` when it is no folder.
 */
export function lockFolder(folder: string): Disposable {
  makeFolder(folder);
  const path = join(folder, 'lock');
  // Whoever can read the file can lock it, and the manager out; SQLite gives its journal the mode of this one.
  makeClosed(path);
  for (const each of [path, `${path}-journal`]) tighten(each);
  const database = new DatabaseSync(path);
  try {
    // A process that was killed a moment ago may still be giving its memory back, and with it the lock.
    database.exec('pragma busy_timeout = 1000; begin exclusive');
  } catch (cause) {
    database.close();
    throw new Fault('conflict', `another manager uses ${folder}${holderOf(folder)}; one folder belongs to one running manager`, {}, cause);
  }
  noteHolder(folder);
  return {
    [Symbol.dispose]: () => {
      rmSync(holderFile(folder), { force: true });
      database.close();
    },
  };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (!isErrno(error, 'EEXIST') && !isErrno(error, 'ENOTDIR')) throw error;
    throw new Fault('input-invalid', `the data folder ${folder} cannot be: it, or what it lies in, is a file. Name a folder with --data`, {}, error);
  }
}

/** Beside the lock, since reading that one would give it up: a word for whoever comes in vain. */
const holderFile = (folder: string): string => join(folder, 'lock-holder');

function noteHolder(folder: string): void {
  try {
    writeFileSync(holderFile(folder), `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // The lock is what counts; a full disk must not keep a manager from its start.
  }
}

function holderOf(folder: string): string {
  try {
    const pid = /^(\d{1,10})\n$/.exec(readFileSync(holderFile(folder), 'utf8'))?.[1];
    return pid === undefined ? '' : ` (process ${pid}, since ${statSync(holderFile(folder)).mtime.toISOString()})`;
  } catch {
    // Who it is was not noted.
    return '';
  }
}

/** Never opens a file that is there: closing it would give up a lock that this process has on it (fcntl(2)). */
function makeClosed(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
}

/** Takes the rights of others away from a file of ours. */
function tighten(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.uid === process.getuid?.() && (found?.mode ?? 0) & 0o077) chmodSync(path, 0o600);
}
