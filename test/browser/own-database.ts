/** A PostgreSQL beside a world, so that a test can fill it and hold what pages show against its own SQL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { silentLog, systemClock } from '@pier/shared/core';
import { openPostgres } from '../../manager/src/db/embedded/index.ts';

export type OwnDatabase = {
  readonly url: string;
  readonly rows: <T extends object>(text: string, values?: readonly unknown[]) => Promise<T[]>;
  /** The first column of the only row, as a number. */
  readonly count: (text: string, values?: readonly unknown[]) => Promise<number>;
} & AsyncDisposable;

export async function openOwnDatabase(): Promise<OwnDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'pier-browser-db-'));
  const server = await openPostgres({ folder: join(folder, 'postgres'), clock: systemClock, log: silentLog });
  const { host, port, user, password, database } = server.connection;
  const pool = new Pool({ host, port, user, password, database, max: 3 });
  // The server is stopped first, by the same hand: what that does to idle connections is no news.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const rows = async <T extends object>(text: string, values: readonly unknown[] = []): Promise<T[]> => (await pool.query<T>(text, [...values])).rows;
  return {
    url: `postgres://${user}:${password}@${host}:${port}/${database}`,
    rows,
    count: async (text, values) => Number(Object.values((await rows(text, values))[0] ?? {})[0]),
    [Symbol.asyncDispose]: async () => {
      await pool.end();
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
