import { and, desc, eq, gt, isNull, lt, ne, or } from 'drizzle-orm';
import type { Digest } from '@pier/shared/core';
import { type Db, inTransaction, release, storeAudit } from '../db/index.ts';
import type { Judged } from './judge.ts';

export type ReleaseRow = typeof release.$inferSelect;
export type NewRelease = { readonly id: string; readonly repository: string; readonly digest: Digest; readonly judged: Judged; readonly createdBy: string; readonly nowMs: number };

/** Stores a release, or what is newly known of the one with this digest. */
export async function storeRelease(db: Db, { id, repository, digest, judged, createdBy, nowMs }: NewRelease): Promise<ReleaseRow> {
  const { app, version, counter, sizeBytes, asks, limits } = judged.claims;
  return inTransaction(db, async (tx) => {
    const facts = { id, app, version, counter, sizeBytes, asks, limits, repository, digest, createdBy, createdAt: new Date(nowMs) };
    const [row] = await tx.insert(release).values({ ...facts, ...verdictOf(judged) }).onConflictDoUpdate({ target: release.digest, set: { repository, ...verdictOf(judged) } }).returning();
    if (row === undefined) throw new Error('an insert that returns gave no row');
    if (row.id === id) await storeAudit(tx, [{ actor: createdBy, action: 'release.created', object: `release:${id}`, detail: { app, version, digest, state: row.state } }], nowMs);
    return row;
  });
}

/** Notes a new verdict on a release. */
export async function storeVerdict(db: Db, id: string, judged: Omit<Judged, 'claims'>): Promise<void> {
  await db.update(release).set(verdictOf(judged)).where(eq(release.id, id));
}

function verdictOf({ refusal, signedBy, policyNumber }: Omit<Judged, 'claims'>) {
  const state = refusal === undefined ? 'verified' : 'rejected';
  return { state, reasonCode: refusal?.code ?? null, reasonText: refusal?.reason ?? null, signedBy: { ids: [...signedBy] }, policyNumber };
}

/** Another verified release that has the same version or counter of the app. */
export async function rivalOf(db: Db, { app, version, counter, digest }: { app: string; version: string; counter: number; digest: Digest }): Promise<ReleaseRow | undefined> {
  const same = or(eq(release.version, version), eq(release.counter, counter));
  const [row] = await db.select().from(release).where(and(eq(release.app, app), same, eq(release.state, 'verified'), ne(release.digest, digest))).limit(1);
  return row;
}

/** Repositories of other verified releases of the app. */
export async function repositoriesOf(db: Db, { app, digest }: { app: string; digest: string }): Promise<string[]> {
  const rows = await db.selectDistinct({ repository: release.repository }).from(release).where(and(eq(release.app, app), eq(release.state, 'verified'), ne(release.digest, digest)));
  return rows.map((row) => row.repository);
}

export async function findByDigest(db: Db, digest: Digest): Promise<ReleaseRow | undefined> {
  const [row] = await db.select().from(release).where(eq(release.digest, digest));
  return row;
}

export async function findRelease(db: Db, id: string): Promise<ReleaseRow | undefined> {
  const [row] = await db.select().from(release).where(eq(release.id, id));
  return row;
}

export async function releasesBefore(db: Db, { before, limit }: { before: string | undefined; limit: number }): Promise<ReleaseRow[]> {
  return db.select().from(release).where(before === undefined ? undefined : lt(release.id, before)).orderBy(desc(release.id)).limit(limit);
}

/** Releases whose verdict was given under another policy than this one. */
export async function judgedOtherwise(db: Db, { policyNumber, after, limit }: { policyNumber: number; after: string; limit: number }): Promise<ReleaseRow[]> {
  const stale = or(isNull(release.policyNumber), ne(release.policyNumber, policyNumber));
  return db.select().from(release).where(and(stale, gt(release.id, after))).orderBy(release.id).limit(limit);
}
