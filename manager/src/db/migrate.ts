import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { Client, type ClientConfig } from 'pg';
import * as z from 'zod';
import { Fault } from '@pier/shared/core';

const folder = fileURLToPath(new URL('../../migrations', import.meta.url));
const Journal = z.object({ entries: z.array(z.object({ when: z.int() })).min(1) });

/** Any number will do, as long as every manager takes the same. */
const lockKey = 7_063_912_441;

/**
 * Brings the schema to this manager's. Replicas that start together take turns: drizzle itself takes no lock.
 * Faults: `schema-newer` when a newer manager has been here.
 */
export async function migrateSchema(config: ClientConfig): Promise<void> {
  const client = new Client({ ...config, statement_timeout: 0, query_timeout: 0, lock_timeout: 0 });
  client.on('error', () => {
    // The query in flight is rejected with the same cause.
  });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [lockKey]);
    await refuseNewer(client);
    await migrate(drizzle({ client }), { migrationsFolder: folder });
  } finally {
    // Ending the session gives the lock back.
    await client.end();
  }
}

/** The time of the newest migration that a database has had; 0 for none. */
export async function schemaOf(client: Client): Promise<number> {
  const { rows: known } = await client.query<{ there: boolean }>(`select to_regclass('drizzle.__drizzle_migrations') is not null as there`);
  if (known[0]?.there !== true) return 0;
  const { rows } = await client.query<{ newest: string | null }>('select max(created_at)::text as newest from drizzle.__drizzle_migrations');
  return Number(rows[0]?.newest ?? 0);
}

/** Makes the tables in an empty database as they were after the migration of this time, in the transaction of the caller. Faults: `schema-newer`, `input-invalid` for a time of no migration. */
export async function makeSchemaAt(client: Client, schema: number): Promise<void> {
  const all = readMigrationFiles({ migrationsFolder: folder });
  refuseAbove(schema, schemaNow());
  if (!all.some((one) => one.folderMillis === schema)) throw new Fault('input-invalid', `no migration of this manager has the time ${schema}`);
  await client.query('create schema drizzle');
  await client.query('create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)');
  for (const { folderMillis, hash, sql } of all) {
    if (folderMillis > schema) continue;
    for (const statement of sql) await client.query(statement);
    await client.query('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)', [hash, folderMillis]);
  }
}

/** The time of this manager's newest migration. */
export function schemaNow(): number {
  return Math.max(...Journal.parse(JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8'))).entries.map((entry) => entry.when));
}

async function refuseNewer(client: Client): Promise<void> {
  refuseAbove(await schemaOf(client), schemaNow());
}

function refuseAbove(theirs: number, ours: number): void {
  if (theirs > ours) throw new Fault('schema-newer', `the database was last changed by a newer manager (schema ${theirs}; this one knows ${ours}): start that one, or restore a backup`);
}
