import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, systemClock } from '@pier/shared/core';
import { type Database, type Db, openDatabase } from '../../manager/src/db/index.ts';

/** A real PostgreSQL with the manager's schema, for one test file; gone with its folder when disposed. */
export async function openTestDatabase(): Promise<{ readonly db: Db; readonly database: Database; readonly folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'pier-db-'));
  const database = await openDatabase({ dataDir: folder, clock: systemClock, log: silentLog });
  return {
    db: database.db,
    database,
    folder,
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
