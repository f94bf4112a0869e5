import { getTableName, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import * as schema from './schema.ts';

/** The tables that are ours; a database of somebody else may hold others. */
export const tableNames: ReadonlySet<string> = new Set(Object.values(schema).flatMap((one) => (is(one, PgTable) ? [getTableName(one)] : [])));
