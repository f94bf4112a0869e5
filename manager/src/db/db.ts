import type { NodePgQueryResultHKT } from 'drizzle-orm/node-postgres';
import type { PgDatabase } from 'drizzle-orm/pg-core';

/** The database, or a transaction in it: whatever queries can be made through. */
export type Db = PgDatabase<NodePgQueryResultHKT>;

/** Runs `act` in one transaction: all of it is committed, or none of it. A `Db` that is a transaction already gets a savepoint. */
export async function inTransaction<T>(db: Db, act: (tx: Db) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => act(tx));
}
