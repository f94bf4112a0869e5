import { and, eq, gt, lt } from 'drizzle-orm';
import { type Db, apiToken, inTransaction, session, storeAudit, userAccount } from '../db/index.ts';
import type { Actor, Role } from '../http/index.ts';
import { isRole } from './rules.ts';
import type { ApiToken } from './secrets.ts';

/** Makes the first user with a token of the same rights. False when there is a user already, in which case nothing is changed. */
export async function storeFirstUser(db: Db, { name, password, role, token, now }: { name: string; password: string; role: Role; token: ApiToken; now: Date }): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const made = await tx.insert(userAccount).values({ name, password, role, createdAt: now }).onConflictDoNothing().returning();
    if (made.length === 0) return false;
    await tx.insert(apiToken).values({ id: token.id, hash: token.hash, userName: name, role, createdAt: now });
    await storeAudit(tx, [{ actor: 'system', action: 'user.created', object: `user:${name}`, detail: { role, token: token.id } }], now.getTime());
    return true;
  });
}

export async function hasUsers(db: Db): Promise<boolean> {
  return (await db.select({ name: userAccount.name }).from(userAccount).limit(1)).length > 0;
}

export async function findUser(db: Db, name: string): Promise<{ password: string; role: Role } | undefined> {
  const [row] = await db.select().from(userAccount).where(eq(userAccount.name, name));
  return row === undefined || !isRole(row.role) ? undefined : { password: row.password, role: row.role };
}

/** Begins a session, unless the password that was shown for it has been changed meanwhile, or its user removed: false then. */
export async function storeSession(db: Db, { hash, user, password, expiresAt, now }: { hash: string; user: string; password: string; expiresAt: Date; now: Date }): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const [still] = await tx.select({ name: userAccount.name }).from(userAccount).where(and(eq(userAccount.name, user), eq(userAccount.password, password))).for('update');
    if (!still) return false;
    await tx.delete(session).where(lt(session.expiresAt, now));
    await tx.insert(session).values({ hash, userName: user, expiresAt });
    await storeAudit(tx, [{ actor: user, action: 'session.created', object: `user:${user}` }], now.getTime());
    return true;
  });
}

export async function findSessionHolder(db: Db, { hash, now }: { hash: string; now: Date }): Promise<Actor | undefined> {
  const [row] = await db
    .select({ name: userAccount.name, role: userAccount.role })
    .from(session)
    .innerJoin(userAccount, eq(userAccount.name, session.userName))
    .where(and(eq(session.hash, hash), gt(session.expiresAt, now)));
  return row === undefined || !isRole(row.role) ? undefined : { name: row.name, role: row.role, session: hash };
}

export async function removeSession(db: Db, hash: string): Promise<void> {
  await db.delete(session).where(eq(session.hash, hash));
}
