import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { Client } from 'pg';
import { silentLog, systemClock } from '@pier/shared/core';
import { type Database, type Db, openDatabase } from '../../manager/src/db/index.ts';
import { layDatabase } from '../../manager/src/testing/laid-database.ts';

/** A real PostgreSQL with the manager's schema, for one test file; gone with its folder when disposed. */
export async function openTestDatabase(): Promise<{ readonly db: Db; readonly database: Database; readonly folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'pier-db-'));
  await layDatabase(folder);
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

export type Server = { newDatabase(): Promise<string>; /** Its first process, whose children serve the connections. */ pid(): number } & AsyncDisposable;

/** A PostgreSQL as somebody else would run it, for databases that are named by their addresses; each new one is empty. */
export async function startServer(): Promise<Server> {
  const { folder, database, ...world } = await openTestDatabase();
  const password = (await readFile(join(folder, 'postgres/password'), 'utf8')).trim();
  const port = (await readFile(join(folder, 'postgres/port'), 'utf8')).trim();
  let count = 0;
  return {
    newDatabase: async () => {
      count += 1;
      await database.db.execute(sql.raw(`create database somebody_${count} template template0`));
      return `postgres://pier:${password}@127.0.0.1:${port}/somebody_${count}`;
    },
    pid: database.serverPid,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** A session with the database at this address, for as long as `act` takes. */
export async function withClient<T>(url: string, act: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}
