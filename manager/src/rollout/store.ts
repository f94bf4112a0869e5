import { type SQL, and, asc, desc, eq, gt, inArray, lt, lte, ne, notInArray, or, sql } from 'drizzle-orm';
import { type Digest, AppName, invariant } from '@pier/shared/core';
import { DeploymentState, InFlightState, type RolloutState } from '@pier/shared/api';
import { type Reason, type ReportedApp, Reported } from '@pier/shared/wire';
import { type Db, assignment, audit, deployment, deviceState, release, rollout, storeAudit } from '../db/index.ts';
import { approvalCodes, mayMove } from './rules/index.ts';

export type RolloutRow = typeof rollout.$inferSelect;
export type DeploymentRow = typeof deployment.$inferSelect;
export type ReleaseRow = typeof release.$inferSelect;
export type Shown = { rollout: RolloutRow; release: ReleaseRow };

/** What moves by itself; what stands still for a person is looked for apart, so that however much of it there is takes no other's turn. */
const moving = sql.raw(`('running', 'completed', 'aborting', 'rolling_back')`);

/**
 * Rollouts that something may be done for, those longest untouched first: all that are due, and if asked also those that a
 * report, a device or a binding may have moved. At most so many of those that move, and as many of those that stand.
 */
export async function rolloutsToWork(db: Db, { dueMs, all, limit }: { dueMs: number; all: boolean; limit: number }): Promise<{ id: string; state: string; due: boolean }[]> {
  const due = lte(rollout.nextTickAt, new Date(dueMs));
  const columns = { id: rollout.id, state: rollout.state, nextTickAt: rollout.nextTickAt };
  const those = (where: SQL | undefined) => db.select(columns).from(rollout).where(where).orderBy(asc(rollout.nextTickAt)).limit(limit);
  const rows = [
    ...(await those(and(sql`${rollout.state} in ${moving}`, all ? or(due, ne(rollout.state, 'completed')) : due))),
    ...(await those(and(inArray(rollout.state, ['awaiting_approval', 'paused']), all ? or(due, eq(rollout.reasonCode, approvalCodes.uncovered)) : due))),
  ];
  return rows.map(({ id, state, nextTickAt }) => ({ id, state, due: nextTickAt.getTime() <= dueMs }));
}

/** A rollout with its release, locked. The engine leaves one that another works on; a person's act waits for it. */
export async function lockRollout(tx: Db, id: string, { skipLocked }: { skipLocked: boolean }): Promise<Shown | undefined> {
  const rows = await tx
    .select()
    .from(rollout)
    .innerJoin(release, eq(release.id, rollout.releaseId))
    .where(eq(rollout.id, id))
    .for('no key update', { of: rollout, ...(skipLocked ? { skipLocked: true } : {}) });
  return rows[0];
}

export async function storeNextTick(tx: Db, id: string, atMs: number): Promise<void> {
  await tx.update(rollout).set({ nextTickAt: new Date(atMs) }).where(eq(rollout.id, id));
}

/** Has rollouts looked at again soon, unless somebody works on them just now. Never waits: the caller holds devices' locks. */
export async function hurry(tx: Db, ids: readonly string[], nowMs: number): Promise<void> {
  if (ids.length > 0) await hurryWhere(tx, and(inArray(rollout.id, [...ids]), eq(rollout.state, 'completed')), nowMs);
}

/** The same for those of an app that take devices in later. */
export async function hurryJoins(tx: Db, app: string, nowMs: number): Promise<void> {
  await hurryWhere(tx, and(eq(rollout.app, app), eq(rollout.mode, 'dynamic'), inArray(rollout.state, ['running', 'completed'])), nowMs);
}

async function hurryWhere(tx: Db, where: SQL | undefined, nowMs: number): Promise<void> {
  const free = tx.select({ id: rollout.id }).from(rollout).where(where).orderBy(asc(rollout.id)).for('no key update', { skipLocked: true });
  await tx.update(rollout).set({ nextTickAt: new Date(nowMs) }).where(inArray(rollout.id, free));
}

/** Deployments in flight whose time is up, by device. */
export async function overdueOf(tx: Db, { rolloutId, nowMs, limit }: { rolloutId: string; nowMs: number; limit: number }): Promise<DeploymentRow[]> {
  return tx
    .select()
    .from(deployment)
    .where(and(eq(deployment.rolloutId, rolloutId), inArray(deployment.state, InFlightState.options), lt(deployment.deadlineAt, new Date(nowMs))))
    .orderBy(asc(deployment.deviceId))
    .limit(limit);
}

/** A rollout's deployments in some states, by device; of one wave or of some devices where they are named. */
export async function deploymentsIn(tx: Db, of: { rolloutId: string; states: readonly DeploymentState[]; wave?: number; devices?: readonly string[]; limit?: number }): Promise<DeploymentRow[]> {
  const { rolloutId, states, wave, devices, limit } = of;
  const rows = tx
    .select()
    .from(deployment)
    .where(and(
      eq(deployment.rolloutId, rolloutId),
      inArray(deployment.state, [...states]),
      wave === undefined ? undefined : eq(deployment.wave, wave),
      devices === undefined ? undefined : sql`${deployment.deviceId} = any(${sql.param([...devices])}::text[])`,
    ))
    .orderBy(asc(deployment.deviceId));
  return limit === undefined ? rows : rows.limit(limit);
}

export async function hasWaiting(tx: Db, rolloutId: string): Promise<boolean> {
  const rows = await tx.select({ id: deployment.deviceId }).from(deployment).where(and(eq(deployment.rolloutId, rolloutId), eq(deployment.state, 'waiting'))).limit(1);
  return rows.length > 0;
}

export async function inFlightCount(tx: Db, rolloutId: string): Promise<number> {
  const rows = await tx.select({ count: sql<number>`count(*)::int` }).from(deployment).where(and(eq(deployment.rolloutId, rolloutId), inArray(deployment.state, InFlightState.options)));
  return rows[0]?.count ?? 0;
}

/** A step of one deployment. What is not given stays as it is, save that without a reason or deadline it has none. */
export type Move = {
  readonly from: DeploymentRow;
  readonly to: DeploymentState;
  readonly actor: string;
  readonly reason: Reason | null;
  readonly attempt?: number | null;
  readonly deadlineAt?: Date | null;
  readonly fromDigest?: string | null;
  readonly offers?: number;
  readonly retryAt?: Date | null;
  readonly provenAt?: Date | null;
};

/**
 * Writes deployments' new states, and an audit row for each that is in another state than before. A row that somebody else
 * moved meanwhile stays as it is. Out: the moves that were made.
 */
export async function storeMoves(tx: Db, moves: readonly Move[], nowMs: number): Promise<Move[]> {
  if (moves.length === 0) return [];
  for (const { from, to } of moves) invariant(from.state === to || mayMove(DeploymentState.parse(from.state), to), `a deployment moves from ${from.state} to ${to}`);
  // The state is compared as an expression so that no index on it is taken instead of the key, which on a table without statistics it would be.
  const { rows } = await tx.execute<{ rollout_id: string; device_id: string }>(sql`
    update ${deployment} d set state = m.state, attempt = m.attempt, reason_code = m.reason_code, reason_text = m.reason_text, deadline_at = m.deadline_at,
      from_digest = m.from_digest, offers = m.offers, retry_at = m.retry_at, proven_at = m.proven_at, updated_at = ${new Date(nowMs).toISOString()}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(moves.map(columnsOf))}::jsonb) as m(rollout_id text, device_id text, was text, state text, attempt bigint, reason_code text,
      reason_text text, deadline_at timestamptz, from_digest text, offers int, retry_at timestamptz, proven_at timestamptz)
    where d.rollout_id = m.rollout_id and d.device_id = m.device_id and (d.state || '') = m.was
    returning d.rollout_id, d.device_id`);
  const stored = new Set(rows.map((row) => `${row.rollout_id}/${row.device_id}`));
  const made = moves.filter(({ from }) => stored.has(`${from.rolloutId}/${from.deviceId}`));
  const changed = made.filter(({ from, to }) => from.state !== to);
  await storeAudit(tx, changed.map(({ from, to, attempt, reason, actor }) => ({ actor, action: `deployment.${to}`, object: `deployment:${from.rolloutId}/${from.deviceId}`, detail: { from: from.state, attempt: attempt ?? from.attempt, reason } })), nowMs);
  return made;
}

function columnsOf({ from, to, reason, attempt = from.attempt, deadlineAt = null, fromDigest = from.fromDigest, offers = from.offers, retryAt = from.retryAt, provenAt = from.provenAt }: Move): Record<string, unknown> {
  return {
    rollout_id: from.rolloutId, device_id: from.deviceId, was: from.state, state: to, attempt, reason_code: reason?.code ?? null, reason_text: reason?.reason ?? null,
    deadline_at: deadlineAt, from_digest: fromDigest, offers, retry_at: retryAt, proven_at: provenAt,
  };
}

/** What each device last said of an app. */
export async function reportedOf(tx: Db, devices: readonly string[], app: string): Promise<Map<string, ReportedApp>> {
  const rows = await tx.select({ id: deviceState.deviceId, reported: sql<unknown>`${deviceState.reported}->'apps'->${app}` }).from(deviceState).where(inArray(deviceState.deviceId, [...devices]));
  return new Map(
    rows.flatMap((row) => {
      const one = Reported.shape.apps.valueType.safeParse(row.reported);
      return one.success ? [[row.id, one.data] as const] : [];
    }),
  );
}

/** Ids of an app's verified releases, by digest: only those may be gone back to. */
export async function verifiedReleases(tx: Db, app: string, digests: readonly (Digest | string)[]): Promise<Map<string, string>> {
  if (digests.length === 0) return new Map();
  const rows = await tx.select({ id: release.id, digest: release.digest }).from(release).where(and(eq(release.app, app), inArray(release.digest, [...new Set(digests)]), eq(release.state, 'verified')));
  return new Map(rows.map((row) => [row.digest, row.id]));
}

/** Of these devices, those that the rollout has offered its release before: a deployment itself does not tell, once its offer was taken back. */
export async function offeredBefore(tx: Db, rolloutId: string, devices: readonly string[]): Promise<Set<string>> {
  if (devices.length === 0) return new Set();
  const objects = new Map(devices.map((device) => [`deployment:${rolloutId}/${device}`, device]));
  const rows = await tx.select({ object: audit.object }).from(audit).where(and(sql`${audit.object} = any(${sql.param([...objects.keys()])}::text[])`, eq(audit.action, 'deployment.offered')));
  return new Set(rows.flatMap(({ object }) => objects.get(object) ?? []));
}

/** What is assigned to devices of an app. */
export async function assignmentsOf(tx: Db, devices: readonly string[], app: string): Promise<Map<string, typeof assignment.$inferSelect>> {
  const rows = devices.length === 0 ? [] : await tx.select().from(assignment).where(and(inArray(assignment.deviceId, [...devices]), eq(assignment.app, AppName.parse(app))));
  return new Map(rows.map((row) => [row.deviceId, row]));
}

/** Whether the rollout of a deployment, by the name that the statement gives it, has begun: one that waits for approval, or was denied, is but a plan. */
export function hasBegun(name: string): SQL {
  return sql`exists (select 1 from wave first where first.rollout_id = ${sql.identifier(name)}.rollout_id and first.n = 1 and first.opened_at is not null)`;
}

/** Of these devices, those that a newer rollout of the app has taken: ids sort by the time they were made. */
export async function takenSince(tx: Db, { rolloutId, app, devices }: { rolloutId: string; app: string; devices: readonly string[] }): Promise<Set<string>> {
  if (devices.length === 0) return new Set();
  const rows = await tx.select({ id: deployment.deviceId }).from(deployment).where(and(inArray(deployment.deviceId, [...devices]), eq(deployment.app, app), gt(deployment.rolloutId, rolloutId), hasBegun('deployment')));
  return new Set(rows.map((row) => row.id));
}

export type WhichRollouts = { readonly app?: string | undefined; readonly release?: string | undefined; /** Whether they still do something, or wait for a person. */ readonly live?: boolean | undefined };

const over = ['completed', 'denied', 'aborted', 'rolled_back'] as const satisfies readonly RolloutState[];

/** Rollouts, newest first: their ids sort by the time they were made. */
export async function pageOfRollouts(db: Db, { app, release: releaseId, live, before, limit }: WhichRollouts & { readonly before: string | undefined; readonly limit: number }): Promise<Shown[]> {
  const which = and(
    before === undefined ? undefined : lt(rollout.id, before),
    app === undefined ? undefined : eq(rollout.app, app),
    releaseId === undefined ? undefined : eq(rollout.releaseId, releaseId),
    live === undefined ? undefined : live ? notInArray(rollout.state, [...over]) : inArray(rollout.state, [...over]),
  );
  return db.select().from(rollout).innerJoin(release, eq(release.id, rollout.releaseId)).where(which).orderBy(desc(rollout.id)).limit(limit);
}

export async function oneRollout(db: Db, id: string): Promise<Shown | undefined> {
  const rows = await db.select().from(rollout).innerJoin(release, eq(release.id, rollout.releaseId)).where(eq(rollout.id, id));
  return rows[0];
}
