import { and, eq, gt, lt, sql } from 'drizzle-orm';
import { type Db, apiToken, inTransaction, session, storeAudit, userAccount } from '../db/index.ts';
import type { Actor, Role } from '../http/index.ts';
import { isRole } from './rules.ts';
import type { ApiToken } from './secrets.ts';

type FirstUser = { readonly name: string; readonly password: string; readonly now: Date };

/**
 * Makes the first user, an administrator, and what `follow` gives it, in one transaction that nobody else makes a user beside.
 * False when there is a user already, in which case nothing is changed.
 */
async function storeFirst(db: Db, { name, password, now }: FirstUser, follow: (tx: Db) => Promise<Record<string, unknown>>): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    // Two who ask at once under different names would both find nobody: of this lock there is one, and no row is put in beside it.
    await tx.execute(sql`lock table ${userAccount} in share row exclusive mode`);
    if (await hasUsers(tx)) return false;
    await tx.insert(userAccount).values({ name, password, role: 'admin', createdAt: now });
    const detail = { role: 'admin', ...(await follow(tx)) };
    await storeAudit(tx, [{ actor: 'system', action: 'user.created', object: `user:${name}`, detail }], now.getTime());
    return true;
  });
}

/** The first administrator, with a token of the same rights. */
export async function storeFirstUser(db: Db, { token, ...first }: FirstUser & { token: ApiToken }): Promise<boolean> {
  return storeFirst(db, first, async (tx) => {
    await tx.insert(apiToken).values({ id: token.id, hash: token.hash, userName: first.name, role: 'admin', createdAt: first.now });
    return { token: token.id };
  });
}

/** The first administrator, made with the setup code from `address`, and a session of its browser. */
export async function storeSetUpUser(db: Db, { session: begun, address, ...first }: FirstUser & { session: { hash: string; expiresAt: Date }; address: string }): Promise<boolean> {
  return storeFirst(db, first, async (tx) => {
    await tx.insert(session).values({ ...begun, userName: first.name });
    return { by: 'setup code', address };
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
