import { sql } from 'drizzle-orm';
import { Fault } from '@pier/shared/core';
import type { Db } from './db.ts';
import { installation } from './schema.ts';

/**
 * Makes the database this installation's, by its CA, or finds that it is. In: `undefined` while there is no CA yet; then a
 * database that has an owner is refused before one is made. Faults: `conflict` when it belongs to another installation.
 */
export async function claimInstallation(db: Db, caFingerprint: string | undefined): Promise<void> {
  if (caFingerprint !== undefined) await db.execute(sql`insert into ${installation} (ca_fingerprint) select ${caFingerprint} where not exists (select from ${installation})`);
  const [owner] = await db.select().from(installation);
  if (!owner || owner.caFingerprint === caFingerprint) return;
  const ours = caFingerprint === undefined ? 'this data folder has no CA yet' : `the CA of this data folder is ${short(caFingerprint)}`;
  throw new Fault('conflict', `this database belongs to the installation with the CA ${short(owner.caFingerprint)}, since ${owner.claimedAt.toISOString()}; ${ours}. Start with the data folder that belongs to it, restore a backup of it (pier manager restore), or name another database`);
}

const short = (fingerprint: string): string => `${fingerprint.slice(0, 16)}…`;
