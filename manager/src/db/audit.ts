import { sql } from 'drizzle-orm';
import type { Db } from './db.ts';
import { rowsAs } from './rows.ts';
import { audit } from './schema.ts';

export type AuditRow = { readonly actor: string; readonly action: string; readonly object: string; readonly detail?: Record<string, unknown> };

/** Writes the record of acts, in the transaction of the acts: one statement of as many parameters, however many they are. */
export async function storeAudit(tx: Db, rows: readonly AuditRow[], nowMs: number): Promise<void> {
  if (rows.length === 0) return;
  const set = rowsAs('u', rows, { actor: ['text', (row) => row.actor], action: ['text', (row) => row.action], object: ['text', (row) => row.object], detail: ['jsonb', (row) => JSON.stringify(row.detail ?? {})] });
  await tx.execute(sql`insert into ${audit} (at, actor, action, object, detail) select ${new Date(nowMs).toISOString()}::timestamptz, u.* from ${set}`);
}
