import { and, asc, count, eq } from 'drizzle-orm';
import { Fault } from '@pier/shared/core';
import { type Db, savedView, userAccount } from '../db/index.ts';

export type StoredView = typeof savedView.$inferSelect;

/** By name, as the database orders text. There are never more than a page holds. */
export async function listViews(db: Db, user: string): Promise<StoredView[]> {
  return db.select().from(savedView).where(eq(savedView.userName, user)).orderBy(asc(savedView.name));
}

/**
 * Stores a view, or gives the one of this name another query; undefined when its user has `max` others. Faults:
 * `unauthenticated` when its user was removed meanwhile.
 */
export async function storeView(tx: Db, view: StoredView, max: number): Promise<StoredView | undefined> {
  // One at a time for each user, so that the number holds.
  const [user] = await tx.select({ name: userAccount.name }).from(userAccount).where(eq(userAccount.name, view.userName)).for('update');
  if (!user) throw new Fault('unauthenticated', `there is no user "${view.userName}" any more`);
  const [changed] = await tx.update(savedView).set({ query: view.query }).where(placeOf(view.userName, view.name)).returning();
  if (changed) return changed;
  const [held] = await tx.select({ n: count() }).from(savedView).where(eq(savedView.userName, view.userName));
  if ((held?.n ?? 0) >= max) return undefined;
  const [made] = await tx.insert(savedView).values(view).returning();
  return made;
}

/** False when there is none. */
export async function removeView(db: Db, user: string, name: string): Promise<boolean> {
  return (await db.delete(savedView).where(placeOf(user, name)).returning({ name: savedView.name })).length > 0;
}

function placeOf(user: string, name: string) {
  return and(eq(savedView.userName, user), eq(savedView.name, name));
}
