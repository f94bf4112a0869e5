import { type SQL, sql } from 'drizzle-orm';

/** A column of a set: its PostgreSQL type, and where its values come from. */
type Column<R> = readonly [type: 'text' | 'bigint' | 'jsonb' | 'timestamptz' | 'float8' | 'boolean', pick: (row: R) => string | number | boolean | null];

/**
 * Rows as a set that a statement can read from or join, `unnest(…) as <name>(<columns>)`: one array a column, so that the
 * statement is the same text for one row and for a thousand. Name and columns are ours, never a request's.
 */
export function rowsAs<R>(name: string, rows: readonly R[], columns: { readonly [column: string]: Column<R> }): SQL {
  const arrays = Object.values(columns).map(([type, pick]) => sql`${sql.param(rows.map(pick))}::${sql.raw(type)}[]`);
  return sql`unnest(${sql.join(arrays, sql`, `)}) as ${sql.raw(`${name}(${Object.keys(columns).join(', ')})`)}`;
}

/** Whether a column holds one of these texts: one parameter, however many they are. */
export function isAnyOf(column: unknown, texts: readonly string[]): SQL {
  return sql`${column} = any(${sql.param([...texts])}::text[])`;
}
