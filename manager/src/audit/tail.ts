/**
 * The tail of the audit, read so that nothing is skipped. Ids are given before commits: a row may appear after one with a
 * higher id. Transactions below `pg_snapshot_xmin` have all ended, so that in the order of (transaction, id) nothing can
 * appear any more before what was read (PostgreSQL, "Transaction ID and Snapshot Information Functions").
 */
import { sql } from 'drizzle-orm';
import type { Db } from '../db/index.ts';

export type Position = { readonly xid: number; readonly id: number };
export type TailRow = Position & { readonly object: string };

export const start: Position = { xid: 0, id: 0 };
const settled = sql`xid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint`;

/** The last row that is settled. */
export async function lastPosition(db: Db): Promise<Position> {
  const { rows } = await db.execute<{ xid: string; id: string }>(sql`select xid::text as xid, id::text as id from audit where ${settled} order by audit.xid desc, audit.id desc limit 1`);
  return positionOf(rows[0]) ?? start;
}

/** Where the row of an id stands; undefined for an id that was never given, or is not settled here. */
export async function findPosition(db: Db, id: string): Promise<Position | undefined> {
  if (id === '0') return start;
  if (!/^[1-9]\d{0,14}$/.test(id)) return undefined;
  const { rows } = await db.execute<{ xid: string; id: string }>(sql`select xid::text as xid, id::text as id from audit where audit.id = ${id}::bigint and ${settled}`);
  return positionOf(rows[0]);
}

/** Settled rows after `from`, up to `to` when it is given, at most `limit`. */
export async function readTail(db: Db, { from, to, limit }: { from: Position; to?: Position; limit: number }): Promise<readonly TailRow[]> {
  const upTo = to === undefined ? sql`` : sql`and (audit.xid, audit.id) <= (${to.xid}::bigint, ${to.id}::bigint)`;
  const { rows } = await db.execute<{ xid: string; id: string; object: string }>(
    sql`select xid::text as xid, id::text as id, object from audit where (audit.xid, audit.id) > (${from.xid}::bigint, ${from.id}::bigint) ${upTo} and ${settled} order by audit.xid, audit.id limit ${limit}`,
  );
  return rows.map(({ xid, id, object }) => ({ xid: Number(xid), id: Number(id), object }));
}

export function isAfter(a: Position, b: Position): boolean {
  return a.xid > b.xid || (a.xid === b.xid && a.id > b.id);
}

function positionOf(row: { readonly xid: string; readonly id: string } | undefined): Position | undefined {
  return row && { xid: Number(row.xid), id: Number(row.id) };
}
