import { and, count, desc, eq, gt, isNull, lt, lte, or, sql } from 'drizzle-orm';
import { Fault } from '@pier/shared/core';
import { type Db, apiToken, userAccount } from '../db/index.ts';
import type { Actor, Role } from '../http/index.ts';
import { isRole, lesserRole } from './rules.ts';

export type StoredToken = typeof apiToken.$inferSelect;
export type NewToken = { readonly id: string; readonly hash: string; readonly userName: string; readonly name: string; readonly role: Role; readonly expiresAt: Date | null; readonly createdAt: Date };

/** When a token was last used is noted at most this often: it is not worth a write a request. */
const noteEveryMs = 60_000;

/** Who holds the token of this hash; nobody when it has expired. It may never more than its user. */
export async function findTokenHolder(db: Db, { hash, now }: { hash: string; now: Date }): Promise<Actor | undefined> {
  const [row] = await db
    .select({ name: userAccount.name, userRole: userAccount.role, role: apiToken.role, expiresAt: apiToken.expiresAt, lastUsedAt: apiToken.lastUsedAt })
    .from(apiToken)
    .innerJoin(userAccount, eq(userAccount.name, apiToken.userName))
    .where(and(eq(apiToken.hash, hash), or(isNull(apiToken.expiresAt), gt(apiToken.expiresAt, now))));
  if (row === undefined || !isRole(row.role) || !isRole(row.userRole)) return undefined;
  const noted = new Date(now.getTime() - noteEveryMs);
  if (row.lastUsedAt === null || row.lastUsedAt <= noted) await db.update(apiToken).set({ lastUsedAt: now }).where(and(eq(apiToken.hash, hash), or(isNull(apiToken.lastUsedAt), lte(apiToken.lastUsedAt, noted))));
  return { name: row.name, role: lesserRole(row.role, row.userRole), ...(row.expiresAt && { until: row.expiresAt }) };
}

/** To the millisecond: what the driver reads of a time must be what a page is continued after. */
const madeMs = sql<string>`floor(extract(epoch from ${apiToken.createdAt}) * 1000)::bigint`;

/** Newest first; `after` is where the page before ended. */
export async function listTokens(db: Db, { user, after, limit }: { user: string | undefined; after: { readonly madeMs: number; readonly id: string } | undefined; limit: number }): Promise<StoredToken[]> {
  const older = after && sql`(${madeMs}, ${apiToken.id}) < (${after.madeMs}::bigint, ${after.id})`;
  return db.select().from(apiToken).where(and(user === undefined ? undefined : eq(apiToken.userName, user), older)).orderBy(desc(madeMs), desc(apiToken.id)).limit(limit);
}

/**
 * Stores a token, unless its user has `max` already; those that have expired are deleted and do not count. Faults:
 * `unauthenticated` when its user was removed meanwhile.
 */
export async function storeToken(tx: Db, token: NewToken, max: number): Promise<StoredToken | undefined> {
  // One at a time for each user, so that the number holds.
  const [user] = await tx.select({ name: userAccount.name }).from(userAccount).where(eq(userAccount.name, token.userName)).for('update');
  if (!user) throw new Fault('unauthenticated', `there is no user "${token.userName}" any more`);
  await tx.delete(apiToken).where(and(eq(apiToken.userName, token.userName), lt(apiToken.expiresAt, token.createdAt)));
  const [held] = await tx.select({ n: count() }).from(apiToken).where(eq(apiToken.userName, token.userName));
  if ((held?.n ?? 0) >= max) return undefined;
  const [made] = await tx.insert(apiToken).values(token).returning();
  return made;
}

/** Removes a token, of `user` when one is given; undefined when there is none such. */
export async function removeToken(tx: Db, id: string, user: string | undefined): Promise<StoredToken | undefined> {
  const [removed] = await tx.delete(apiToken).where(and(eq(apiToken.id, id), user === undefined ? undefined : eq(apiToken.userName, user))).returning();
  return removed;
}
