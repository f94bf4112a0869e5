import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
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
  const client = new Client({ ...config, statement_timeout: 0, lock_timeout: 0 });
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

async function refuseNewer(client: Client): Promise<void> {
  const ours = Math.max(...Journal.parse(JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8'))).entries.map((entry) => entry.when));
  const { rows: known } = await client.query<{ there: boolean }>(`select to_regclass('drizzle.__drizzle_migrations') is not null as there`);
  if (known[0]?.there !== true) return;
  const { rows } = await client.query<{ newest: string | null }>('select max(created_at)::text as newest from drizzle.__drizzle_migrations');
  const theirs = Number(rows[0]?.newest ?? 0);
  if (theirs > ours) throw new Fault('schema-newer', `the database was last changed by a newer manager (schema ${theirs}; this one knows ${ours}): start that one, or restore a backup`);
}
