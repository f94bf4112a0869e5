import { and, asc, eq, gt, inArray, ne } from 'drizzle-orm';
import { Fault } from '@pier/shared/core';
import { type Db, apiToken, idempotency, session, userAccount } from '../db/index.ts';
import { type Role, roles } from '../http/index.ts';

export type StoredUser = typeof userAccount.$inferSelect;

export async function listUsers(db: Db, { after, limit }: { after: string | undefined; limit: number }): Promise<StoredUser[]> {
  return db.select().from(userAccount).where(after === undefined ? undefined : gt(userAccount.name, after)).orderBy(asc(userAccount.name)).limit(limit);
}

/** Undefined when there is one of that name. */
export async function storeUser(tx: Db, user: { name: string; password: string; role: Role; createdAt: Date }): Promise<StoredUser | undefined> {
  const [made] = await tx.insert(userAccount).values(user).onConflictDoNothing().returning();
  return made;
}

/**
 * The user, locked together with every administrator: of two who take the right from one another one comes second, and sees
 * what is left. Faults: `not-found`.
 */
export async function lockUser(tx: Db, name: string): Promise<{ readonly user: StoredUser; readonly isLastAdmin: boolean }> {
  const admins = await tx.select({ name: userAccount.name }).from(userAccount).where(eq(userAccount.role, 'admin')).orderBy(asc(userAccount.name)).for('update');
  const [user] = await tx.select().from(userAccount).where(eq(userAccount.name, name)).for('update');
  if (!user) throw new Fault('not-found', `there is no user "${name}"`);
  return { user, isLastAdmin: admins.length === 1 && admins[0]?.name === name };
}

export async function updateUser(tx: Db, name: string, change: { role?: Role; password?: string }): Promise<void> {
  if (Object.keys(change).length > 0) await tx.update(userAccount).set(change).where(eq(userAccount.name, name));
}

/** Gives a user another password; false when it is no longer the one that it was. */
export async function replacePassword(tx: Db, { name, was, next }: { name: string; was: string; next: string }): Promise<boolean> {
  return (await tx.update(userAccount).set({ password: next }).where(and(eq(userAccount.name, name), eq(userAccount.password, was))).returning({ name: userAccount.name })).length > 0;
}

/** Ends a user's sessions, all but one that is named. */
export async function endSessions(tx: Db, name: string, but?: string): Promise<number> {
  const ended = await tx.delete(session).where(and(eq(session.userName, name), but === undefined ? undefined : ne(session.hash, but))).returning({ hash: session.hash });
  return ended.length;
}

/** Ends a user's tokens that may more than `role`. */
export async function endTokensAbove(tx: Db, name: string, role: Role): Promise<number> {
  const above = roles.slice(roles.indexOf(role) + 1);
  const ended = await tx.delete(apiToken).where(and(eq(apiToken.userName, name), inArray(apiToken.role, above))).returning({ id: apiToken.id });
  return ended.length;
}

/** Removes a user with everything that was its own; what it did stays in the audit. */
export async function removeUser(tx: Db, name: string): Promise<void> {
  await tx.delete(session).where(eq(session.userName, name));
  await tx.delete(apiToken).where(eq(apiToken.userName, name));
  // Somebody of the same name who comes later must not be given these answers.
  await tx.delete(idempotency).where(eq(idempotency.userName, name));
  await tx.delete(userAccount).where(eq(userAccount.name, name));
}
