import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Pool, type PoolConfig } from 'pg';
import { type Clock, Fault, type Log } from '@pier/shared/core';
import type { Db } from './db.ts';
import { openPostgres } from './embedded/index.ts';
import { lockFolder } from './lock.ts';
import { migrateSchema } from './migrate.ts';

/** The one open database of this process. `lost` resolves when the embedded server cannot be kept alive. */
export type Database = {
  readonly db: Db;
  /** Whether it answers now. */
  readonly answers: () => Promise<boolean>;
  /** Process id of the embedded server; 0 with a server of somebody else. */
  readonly serverPid: () => number;
  readonly lost: Promise<Fault>;
} & AsyncDisposable;

const timeouts = { statement_timeout: 30_000, idle_in_transaction_session_timeout: 10_000, connectionTimeoutMillis: 10_000 } as const;

/**
 * Opens the database and brings its schema up to date: the server at `url`, or else a PostgreSQL of our own under `dataDir`.
 * Holds the folder's lock either way. Faults: `conflict` (folder in use), `unreachable`, `schema-newer`, `storage-failed`, `platform-unsupported`.
 */
export async function openDatabase({ dataDir, url, clock, log }: { dataDir: string; url?: string; clock: Clock; log: Log }): Promise<Database> {
  await using opening = new AsyncDisposableStack();
  opening.use(lockFolder(dataDir));
  const server = url === undefined ? opening.use(await openPostgres({ folder: join(dataDir, 'postgres'), clock, log })) : undefined;
  const config: PoolConfig = { ...(server === undefined ? { connectionString: url } : { ...server.connection, ssl: false, options: '' }), ...timeouts, application_name: 'pier-manager' };
  await migrateSchema(config).catch((cause: unknown) => {
    throw cause instanceof Fault ? cause : new Fault('unreachable', `the database cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  });
  const pool = new Pool({ ...config, max: 10 });
  opening.defer(() => pool.end());
  // Without a listener the loss of an idle connection would end the process; the pool opens another when asked.
  const onLost = (error: Error): void => log.warn({ error: error.message }, 'database.connection-lost');
  pool.on('error', onLost);
  // The pool takes its own listener off while a client is lent out, so each gets one of ours for life.
  pool.on('connect', (client) => client.on('error', onLost));
  const held = opening.move();
  return {
    db: drizzle({ client: pool }),
    answers: () => pool.query('select 1').then(() => true, () => false),
    serverPid: () => server?.pid() ?? 0,
    lost: server?.lost ?? new Promise<Fault>(() => {}),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
