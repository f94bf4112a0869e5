import type { Db } from './db.ts';
import { audit } from './schema.ts';

export type AuditRow = { readonly actor: string; readonly action: string; readonly object: string; readonly detail?: Record<string, unknown> };

/** Writes the record of acts, in the transaction of the acts. */
export async function storeAudit(tx: Db, rows: readonly AuditRow[], nowMs: number): Promise<void> {
  if (rows.length > 0) await tx.insert(audit).values(rows.map((row) => ({ ...row, at: new Date(nowMs) })));
}
