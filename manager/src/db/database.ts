import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Pool, type PoolConfig } from 'pg';
import { type Clock, Fault, type Log } from '@pier/shared/core';
import type { Db } from './db.ts';
import { openPostgres } from './embedded/index.ts';
import { holdDatabase } from './holder.ts';
import { lockFolder } from './lock.ts';
import { migrateSchema } from './migrate.ts';
import { startPulse } from './pulse.ts';

/** The one open database of this process. `lost` resolves when the embedded server cannot be kept alive, or another manager took the database. */
export type Database = {
  readonly db: Db;
  /** Whether it answers now; never waits long. */
  readonly answers: () => Promise<boolean>;
  /** Why it does not answer, as of a moment ago; undefined while it does. */
  readonly silent: () => string | undefined;
  /** Process id of the embedded server; 0 with a server of somebody else. */
  readonly serverPid: () => number;
  readonly lost: Promise<Fault>;
} & AsyncDisposable;

/** The server's own limit comes first; ours is for a server that does nothing any more. */
const timeouts = { statement_timeout: 30_000, query_timeout: 40_000, idle_in_transaction_session_timeout: 10_000, connectionTimeoutMillis: 10_000 } as const;

export type DatabaseOptions = {
  readonly dataDir: string;
  readonly url?: string;
  readonly clock: Clock;
  readonly log: Log;
  /** No other manager may have the server's database meanwhile. */
  readonly alone?: boolean;
  /** Called once the folder is this process's, before anything in it is opened. */
  readonly onLocked?: () => Promise<void>;
};

/**
 * Opens the database and brings its schema up to date: the server at `url`, or else a PostgreSQL of our own under `dataDir`.
 * Holds the folder's lock either way. Faults: `conflict` (folder or database in use), `unreachable`, `schema-newer`, `storage-failed`, `platform-unsupported`.
 */
export async function openDatabase({ dataDir, url, clock, log, alone = false, onLocked }: DatabaseOptions): Promise<Database> {
  await using opening = new AsyncDisposableStack();
  opening.use(lockFolder(dataDir));
  await onLocked?.();
  const server = url === undefined ? opening.use(await openPostgres({ folder: join(dataDir, 'postgres'), clock, log })) : undefined;
  const config: PoolConfig = { ...(server === undefined ? { connectionString: url } : { ...server.connection, ssl: false, options: '' }), ...timeouts, application_name: 'pier-manager' };
  const held = url !== undefined && alone ? opening.use(await holdDatabase(config, { clock, log }).catch(refuseUnreachable)) : undefined;
  await migrateSchema(config).catch(refuseUnreachable);
  const pool = new Pool({ ...config, max: 10 });
  opening.defer(() => pool.end());
  // Without a listener the loss of an idle connection would end the process; the pool opens another when asked.
  const onLost = (error: Error): void => log.warn({ error: error.message }, 'database.connection-lost');
  pool.on('error', onLost);
  // The pool takes its own listener off while a client is lent out, so each gets one of ours for life.
  pool.on('connect', (client) => client.on('error', onLost));
  const pulse = opening.use(startPulse(config, { clock, log }));
  const owned = opening.move();
  return {
    db: drizzle({ client: pool }),
    answers: pulse.ask,
    silent: pulse.silent,
    serverPid: () => server?.pid() ?? 0,
    lost: server?.lost ?? held?.lost ?? new Promise<Fault>(() => {}),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Whatever the driver throws, as a fault that says what it is about. */
export function refuseUnreachable(cause: unknown): never {
  throw cause instanceof Fault ? cause : new Fault('unreachable', `the database cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
}
