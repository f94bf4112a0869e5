import { type Client, DatabaseError } from 'pg';
import { makeSchemaAt, tableNames } from '../db/index.ts';
import { damaged } from './tar.ts';
import { type Trace, storeTrace } from './trace.ts';

/** A part of a table, as the archive has it. */
export type Part = { readonly name: string; readonly read: () => Promise<Buffer> };
type Place = { readonly table: string; readonly part: Part };

/**
 * Makes the schema as it was and fills it, in one transaction: all of it is there afterwards, or nothing has changed.
 * With `replace` the tables of before are dropped in the same transaction; `trace` is the audit's first row after those that
 * were restored. Faults: `schema-newer`, `backup-invalid`, what the database says.
 */
export async function loadDatabase(client: Client, { schema, parts, replace, trace }: { schema: number; parts: readonly Part[]; replace: boolean; trace: Trace }): Promise<void> {
  await client.query(`set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set timezone = 'UTC'`);
  await client.query('begin');
  if (replace) await dropEverything(client);
  await makeSchemaAt(client, schema);
  const tables = new Set(await tablesOf(client));
  for (const { table, part } of parts.map(placeOf)) {
    if (!tables.has(table)) throw damaged(`${part.name}: there is no table ${table} in its schema`);
    await loadPart(client, table, part);
  }
  await setSequences(client);
  await storeTrace(client, trace);
  await client.query('commit');
  // Plans made on empty statistics cost a first rollout three times its work.
  await client.query('analyze');
}

async function loadPart(client: Client, table: string, part: Part): Promise<void> {
  const rows = (await part.read()).toString('utf8').trimEnd().replaceAll('\n', ',');
  const name = client.escapeIdentifier(table);
  try {
    // The type of the table reads each row by the names of its columns, so that their order does not matter.
    await client.query(`insert into ${name} overriding system value select * from json_populate_recordset(null::${name}, $1::json)`, [`[${rows}]`]);
  } catch (error) {
    // Classes 22 and 23: data that the column cannot hold, or that a constraint refuses (PostgreSQL, appendix A).
    if (error instanceof DatabaseError && /^2[23]/.test(error.code ?? '')) throw damaged(`${part.name}: ${error.message}`);
    throw error;
  }
}

function placeOf(part: Part): Place {
  const table = /^database\/\d\d-([a-z_]+)\/\d{6}\.ndjson$/.exec(part.name)?.[1];
  if (table === undefined) throw damaged(`it holds ${part.name}, which no backup has`);
  return { table, part };
}

/** Whether somebody keeps something of a Pier in this database. */
export async function isInUse(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ used: boolean }>(`select to_regclass('public.device') is not null or to_regnamespace('drizzle') is not null as used`);
  return rows[0]?.used === true;
}

/** Only what is Pier's: tables of its names, and the record of its migrations. */
async function dropEverything(client: Client): Promise<void> {
  const ours = await tablesOf(client);
  if (ours.length > 0) await client.query(`drop table ${ours.map((name) => client.escapeIdentifier(name)).join(', ')} cascade`);
  await client.query('drop schema if exists drizzle cascade');
}

/** Tables of our names that are there. */
async function tablesOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`);
  return rows.flatMap(({ name }) => (tableNames.has(name) ? [name] : []));
}

async function setSequences(client: Client): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string }>(`select table_name as table, column_name as column from information_schema.columns where table_schema = 'public' and is_identity = 'YES'`);
  for (const { table, column } of rows) {
    const [name, key] = [client.escapeIdentifier(table), client.escapeIdentifier(column)];
    await client.query(`select setval(pg_get_serial_sequence($1, $2), coalesce((select max(${key}) from ${name}), 0) + 1, false)`, [table, column]);
  }
}
