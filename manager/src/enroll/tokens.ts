import { and, desc, eq, lt, sql } from 'drizzle-orm';
import { ListedClaimToken } from '@pier/shared/api';
import { Fault, check, isoTime } from '@pier/shared/core';
import { type Db, claimToken, inTransaction, storeAudit } from '../db/index.ts';
import { type Handlers, keyAfter, pageOf } from '../http/index.ts';
import type { EnrollDeps } from './enroll.ts';
import type { StoredToken } from './store.ts';

/** Claim tokens as people see them: never their secret. */
export function tokenHandlers({ db, clock }: Pick<EnrollDeps, 'db' | 'clock'>): Pick<Handlers, 'listTokens' | 'revokeToken'> {
  return {
    listTokens: async ({ query: { limit, cursor } }) => pageOf({ rows: await listTokens(db, keyAfter(cursor), limit + 1), limit, keyOf: ({ id }) => id, show: showToken }),
    revokeToken: async ({ params: { id }, actor }) => {
      const nowMs = clock.nowMs();
      await inTransaction(db, async (tx) => {
        // It is kept as one whose time is up: who came with it, and who waits, can still be told from it.
        const [ended] = await tx.update(claimToken).set({ expiresAt: sql`least(${claimToken.expiresAt}, ${new Date(nowMs).toISOString()}::timestamptz)` }).where(eq(claimToken.id, id)).returning({ id: claimToken.id });
        if (!ended) throw new Fault('not-found', `there is no claim token "${id}"`);
        await storeAudit(tx, [{ actor: actor.name, action: 'token.revoked', object: `token:${id}` }], nowMs);
      });
      return null;
    },
  };
}

/** Newest first: ids sort by the time at which they were made. */
async function listTokens(db: Db, after: string | undefined, limit: number): Promise<StoredToken[]> {
  return db.select().from(claimToken).where(and(after === undefined ? undefined : lt(claimToken.id, after))).orderBy(desc(claimToken.id)).limit(limit);
}

function showToken({ id, uses, usesMax, tags, approval, expiresAt, createdBy, createdAt }: StoredToken): ListedClaimToken {
  return check(ListedClaimToken, { id, uses, usesMax, tags, approval, expiresAt: isoTime(expiresAt.getTime()), createdBy, createdAt: isoTime(createdAt.getTime()) }, { what: `claim token ${id}`, code: 'internal' });
}
