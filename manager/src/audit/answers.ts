/** The answers of requests that came with an Idempotency-Key, so that the same request again is answered and not done again. */
import { and, eq, lte, sql } from 'drizzle-orm';
import { type Clock, Fault, type Log, toFault } from '@pier/shared/core';
import { type Db, idempotency } from '../db/index.ts';
import type { Asked, Once } from '../http/index.ts';

const keptMs = 24 * 3_600_000;
/** Who began and never came back (the manager died) stands in the way for no longer than this. */
const atWorkMs = 60_000;
const waitMaxMs = 5_000;
const lookEveryMs = 100;
const upkeepEveryMs = 600_000;
export const keysPerUserMax = 10_000;

export type KeptAnswers = { readonly once: Once; /** Deletes what is past its time. */ dropExpired(): Promise<void> } & Disposable;
type Deps = { readonly db: Db; readonly clock: Clock; readonly log: Log };
type Row = typeof idempotency.$inferSelect;
/** Until when a claim holds is also its name: who was overtaken neither keeps nor removes what another claimed. */
type Claim = { readonly until: Date };

export function openKeptAnswers(deps: Deps): KeptAnswers {
  const { db, clock, log } = deps;
  const dropExpired = async (): Promise<void> => {
    await db.delete(idempotency).where(lte(idempotency.expiresAt, new Date(clock.nowMs())));
  };
  const upkeep = clock.every(upkeepEveryMs, () => {
    dropExpired().catch((error: unknown) => log.warn({ error: toFault(error).message }, 'answers.upkeep-failed'));
  });
  return { once: (asked, act) => once(deps, asked, act), dropExpired, [Symbol.dispose]: () => upkeep[Symbol.dispose]() };
}

async function once(deps: Deps, asked: Asked, act: () => Promise<unknown>): Promise<unknown> {
  const { db, clock } = deps;
  const giveUpMs = clock.monotonicMs() + waitMaxMs;
  for (;;) {
    const row = await find(db, asked);
    if (row === undefined || row.expiresAt.getTime() <= clock.nowMs()) {
      const claim = await claimKey(deps, asked);
      if (claim) return perform(deps, { asked, claim, act });
      continue;
    }
    if (row.route !== asked.route || row.requestHash !== asked.hash) throw usedOtherwise(asked, row);
    if (row.status !== null) return keptAnswer(asked, row);
    if (clock.monotonicMs() >= giveUpMs) throw new Fault('conflict', `the first request with the Idempotency-Key ${asked.key} is still at work; ask again in a few seconds`);
    await clock.sleep(lookEveryMs);
  }
}

const isAsked = ({ user, key }: Asked) => and(eq(idempotency.userName, user), eq(idempotency.key, key));

async function find(db: Db, asked: Asked): Promise<Row | undefined> {
  const [row] = await db.select().from(idempotency).where(isAsked(asked));
  return row;
}

/** Takes the key, if nobody has it; of several who try at once one gets it. Faults: `too-many-requests`. */
async function claimKey({ db, clock }: Deps, { user, key, route, hash }: Asked): Promise<Claim | undefined> {
  const { rows } = await db.execute<{ n: number }>(sql`select count(*)::int as n from (select 1 from ${idempotency} where ${idempotency.userName} = ${user} limit ${keysPerUserMax}) as used`);
  if ((rows[0]?.n ?? 0) >= keysPerUserMax) throw new Fault('too-many-requests', `${user} has used ${keysPerUserMax} Idempotency-Keys within a day, which is all that are kept; wait, or send requests without one`);
  const until = new Date(clock.nowMs() + atWorkMs);
  const claimed = { route, requestHash: hash, status: null, answer: null, expiresAt: until };
  const taken = await db
    .insert(idempotency)
    .values({ userName: user, key, ...claimed })
    .onConflictDoUpdate({ target: [idempotency.userName, idempotency.key], set: claimed, setWhere: lte(idempotency.expiresAt, new Date(clock.nowMs())) })
    .returning({ key: idempotency.key });
  return taken.length === 0 ? undefined : { until };
}

/** A failure changed nothing, so that nothing of it is kept: the same request again is tried again. */
async function perform({ db, clock, log }: Deps, { asked, claim, act }: { asked: Asked; claim: Claim; act: () => Promise<unknown> }): Promise<unknown> {
  const mine = and(isAsked(asked), eq(idempotency.expiresAt, claim.until));
  const lost = (error: unknown): void => log.warn({ user: asked.user, route: asked.route, error: toFault(error).message }, 'answers.not-kept');
  try {
    const body = await act();
    const kept = { status: asked.status, answer: asked.mayKeep(body) ? { body } : null, expiresAt: new Date(clock.nowMs() + keptMs) };
    // What was done is done: that its answer cannot be kept is no reason to call it failed.
    await db.update(idempotency).set(kept).where(mine).catch(lost);
    return body;
  } catch (error) {
    await db.delete(idempotency).where(mine).catch(lost);
    throw error;
  }
}

function usedOtherwise({ key, route }: Asked, row: Row): Fault {
  const before = row.route === route ? `another ${route}` : row.route;
  return new Fault('conflict', `the Idempotency-Key ${key} was used for ${before} within the last day; take a new key for a new request`);
}

function keptAnswer({ key, route }: Asked, { answer }: Row): unknown {
  if (answer === null) throw new Fault('conflict', `${route} with the Idempotency-Key ${key} was done before, and its answer held a secret that is shown only once; if it was lost, revoke what was made and ask with a new key`);
  return answer.body;
}
