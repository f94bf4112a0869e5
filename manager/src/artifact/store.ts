import { and, desc, eq, gt, isNull, lt, ne, or, sql } from 'drizzle-orm';
import type { AppName, Digest } from '@pier/shared/core';
import { type Db, release, storeAudit } from '../db/index.ts';
import type { Judged } from './judge.ts';

export type ReleaseRow = typeof release.$inferSelect;
export type NewRelease = { readonly id: string; readonly repository: string; readonly digest: Digest; readonly judged: Judged; readonly createdBy: string; readonly nowMs: number };

/**
 * Until the end of the transaction, nobody else decides on releases of this app: what its other releases say (their scope,
 * version, counter) still holds when the verdict is stored.
 */
export async function lockApp(tx: Db, app: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`release:${app}`}, 0))`);
}

/** Stores a release, or what is newly known of the one with this digest. The caller holds the app's lock. */
export async function storeRelease(tx: Db, { id, repository, digest, judged, createdBy, nowMs }: NewRelease): Promise<ReleaseRow> {
  const { app, version, counter, sizeBytes, asks, limits } = judged.claims;
  const facts = { id, app, version, counter, sizeBytes, asks, limits, repository, digest, createdBy, createdAt: new Date(nowMs) };
  const [row] = await tx.insert(release).values({ ...facts, ...verdictOf(judged) }).onConflictDoUpdate({ target: release.digest, set: { repository, ...verdictOf(judged) } }).returning();
  if (row === undefined) throw new Error('an insert that returns gave no row');
  if (row.id === id) await storeAudit(tx, [{ actor: createdBy, action: 'release.created', object: `release:${id}`, detail: { app, version, digest, state: row.state } }], nowMs);
  return row;
}

/** Notes a new verdict on a release. What is withdrawn stays so, whatever a verdict says. */
export async function storeVerdict(tx: Db, id: string, judged: Omit<Judged, 'claims'>): Promise<void> {
  await tx.update(release).set(verdictOf(judged)).where(and(eq(release.id, id), ne(release.state, 'withdrawn')));
}

function verdictOf({ refusal, signedBy, policyNumber }: Omit<Judged, 'claims'>) {
  const state = refusal === undefined ? 'verified' : 'rejected';
  return { state, reasonCode: refusal?.code ?? null, reasonText: refusal?.reason ?? null, signedBy: { ids: [...signedBy] }, policyNumber };
}

export type Withdrawal = { readonly id: string; readonly by: string; readonly remark: string | undefined; readonly nowMs: number };

/** Takes a release back, once; its signers stay noted. Out: the row, and whether it was taken back just now. */
export async function storeWithdrawal(tx: Db, { id, by, remark, nowMs }: Withdrawal): Promise<{ row: ReleaseRow; changed: boolean } | undefined> {
  const reasonText = `${by} withdrew it${remark === undefined ? '' : `: ${remark}`}`;
  const [row] = await tx.update(release).set({ state: 'withdrawn', reasonCode: 'release-withdrawn', reasonText }).where(and(eq(release.id, id), ne(release.state, 'withdrawn'))).returning();
  if (row === undefined) {
    const before = await findRelease(tx, id);
    return before && { row: before, changed: false };
  }
  const { app, version, digest } = row;
  await storeAudit(tx, [{ actor: by, action: 'release.withdrawn', object: `release:${id}`, detail: { app, version, digest, remark: remark ?? null } }], nowMs);
  return { row, changed: true };
}

/** Verified, or withdrawn after it was: devices may have it, so its version, counter and scope stay taken. */
const stands = or(eq(release.state, 'verified'), and(eq(release.state, 'withdrawn'), sql`jsonb_array_length(${release.signedBy} -> 'ids') > 0`));

/** Another release that stands, with the same version or counter of the app. */
export async function rivalOf(db: Db, { app, version, counter, digest }: { app: string; version: string; counter: number; digest: string }): Promise<ReleaseRow | undefined> {
  const same = or(eq(release.version, version), eq(release.counter, counter));
  const [row] = await db.select().from(release).where(and(eq(release.app, app), same, stands, ne(release.digest, digest))).limit(1);
  return row;
}

/** Repositories of the app's other releases that stand. */
export async function repositoriesOf(db: Db, { app, digest }: { app: string; digest: string }): Promise<string[]> {
  const rows = await db.selectDistinct({ repository: release.repository }).from(release).where(and(eq(release.app, app), stands, ne(release.digest, digest)));
  return rows.map((row) => row.repository);
}

export async function findByDigest(db: Db, digest: Digest): Promise<ReleaseRow | undefined> {
  const [row] = await db.select().from(release).where(eq(release.digest, digest));
  return row;
}

export async function findRelease(db: Db, id: string): Promise<ReleaseRow | undefined> {
  // The text of an id comes from outside, and PostgreSQL's text takes no NUL.
  if (id.includes('\0')) return undefined;
  const [row] = await db.select().from(release).where(eq(release.id, id));
  return row;
}

export async function releasesBefore(db: Db, { before, app, limit }: { before: string | undefined; app: AppName | undefined; limit: number }): Promise<ReleaseRow[]> {
  const which = and(before === undefined ? undefined : lt(release.id, before), app === undefined ? undefined : eq(release.app, app));
  return db.select().from(release).where(which).orderBy(desc(release.id)).limit(limit);
}

/** Releases whose verdict was given under another policy than this one; what is withdrawn is judged no more. */
export async function judgedOtherwise(db: Db, { policyNumber, after, limit }: { policyNumber: number; after: string; limit: number }): Promise<ReleaseRow[]> {
  const stale = or(isNull(release.policyNumber), ne(release.policyNumber, policyNumber));
  return db.select().from(release).where(and(stale, ne(release.state, 'withdrawn'), gt(release.id, after))).orderBy(release.id).limit(limit);
}
