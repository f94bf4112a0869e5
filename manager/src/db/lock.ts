import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '@pier/shared/core';

/**
 * Holds a folder for this process alone, until disposed or until the process ends, however it ends: the lock is the
 * kernel's (fcntl(2), through SQLite), so that none is ever left behind. Faults: `conflict` when another process holds it.
 */
export function lockFolder(folder: string): Disposable {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(folder, 'lock'));
  try {
    // A process that was killed a moment ago may still be giving its memory back, and with it the lock.
    database.exec('pragma busy_timeout = 1000; begin exclusive');
  } catch (cause) {
    database.close();
    throw new Fault('conflict', `another manager uses ${folder}; one folder belongs to one running manager`, {}, cause);
  }
  return { [Symbol.dispose]: () => database.close() };
}
