/** The rows of a database as texts, one JSON object a row, all of one moment. PostgreSQL writes and reads them, so that no value passes through JavaScript's numbers. */
import type { Client } from 'pg';
import { schemaOf, tableNames } from '../db/index.ts';

const rowsAtOnce = 1_000;
/** Where a part ends: a restore holds one in memory, a few times over. */
const partChars = 4 << 20;

/** Messages that wait to be published are not kept: devices get what is newest when they show themselves. */
const leftOut: ReadonlySet<string> = new Set(['outbox']);

export type Dumped = { readonly tables: number; readonly rows: number };
export type Dump = { readonly schema: number; write(add: (name: string, text: string) => Promise<void>): Promise<Dumped> };

/** Begins to read, at one moment; nobody is held up by it. The session is to be ended afterwards. */
export async function beginDump(client: Client): Promise<Dump> {
  await client.query(`set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set timezone = 'UTC'`);
  await client.query('begin isolation level repeatable read read only');
  const schema = await schemaOf(client);
  return {
    schema,
    write: async (add) => {
      const tables = (await tablesInOrder(client)).filter((name) => tableNames.has(name) && !leftOut.has(name));
      let rows = 0;
      for (const [index, table] of tables.entries()) rows += await dumpTable(client, table, (part, text) => add(`database/${number(index, 2)}-${table}/${number(part, 6)}.ndjson`, text));
      await client.query('commit');
      return { tables: tables.length, rows };
    },
  };
}

async function dumpTable(client: Client, table: string, add: (part: number, text: string) => Promise<void>): Promise<number> {
  await client.query(`declare rows_of no scroll cursor for select ${rowText(table)} as row from ${client.escapeIdentifier(table)} t`);
  let [count, part, text] = [0, 0, ''];
  const end = async (): Promise<void> => {
    if (text !== '') await add((part += 1), text);
    text = '';
  };
  for (;;) {
    const { rows } = await client.query<{ row: string }>(`fetch ${rowsAtOnce} from rows_of`);
    for (const { row } of rows) {
      text += `${row}\n`;
      if (text.length >= partChars) await end();
    }
    count += rows.length;
    if (rows.length < rowsAtOnce) break;
  }
  await end();
  await client.query('close rows_of');
  return count;
}

/** A transaction's number means nothing in another cluster: there, rows of the audit come before all that is written later. */
function rowText(table: string): string {
  return table === 'audit' ? `(to_jsonb(t) || '{"xid":0}')::text` : 'to_json(t)::text';
}

const number = (value: number, digits: number): string => String(value).padStart(digits, '0');

/** Every table of the schema, those that others refer to first. */
async function tablesInOrder(client: Client): Promise<string[]> {
  const { rows: names } = await client.query<{ name: string }>(`select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname`);
  const { rows: edges } = await client.query<{ from: string; to: string }>(
    `select c.relname as from, r.relname as to from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class r on r.oid = k.confrelid where k.contype = 'f' and k.connamespace = 'public'::regnamespace and c.oid <> r.oid`,
  );
  const out: string[] = [];
  const visit = (name: string): void => {
    if (out.includes(name)) return;
    for (const edge of edges) if (edge.from === name) visit(edge.to);
    out.push(name);
  };
  for (const { name } of names) visit(name);
  return out;
}
