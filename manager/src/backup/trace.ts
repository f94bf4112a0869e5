/**
 * Backups and restores in the audit. The attack this stops: somebody who has a shell on the manager's machine takes the fleet's
 * keys away in a file, or sets the fleet back, and nobody sees it later.
 */
import { userInfo } from 'node:os';
import type { Client } from 'pg';

export type Trace = { readonly action: 'manager.backed-up' | 'manager.restored'; readonly madeAt: string; readonly atMs: number; readonly detail: Readonly<Record<string, unknown>> };

/** Writes one row, as the user of this machine who runs the command; in the transaction that the session has, if it has one. */
export async function storeTrace(client: Client, { action, madeAt, atMs, detail }: Trace): Promise<void> {
  await client.query('insert into audit (at, actor, action, object, detail) values ($1, $2, $3, $4, $5)', [new Date(atMs), `local:${localUser()}`, action, `backup:${madeAt}`, JSON.stringify(detail)]);
}

function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A user whom the machine has no name for, as in many containers.
    return String(process.getuid?.() ?? 'unknown');
  }
}
