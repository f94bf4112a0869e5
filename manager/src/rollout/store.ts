import { and, asc, desc, eq, gt, inArray, lt, lte, notInArray, sql } from 'drizzle-orm';
import { type DeviceId, type Digest, AppName } from '@pier/shared/core';
import { DeploymentState, InFlightState } from '@pier/shared/api';
import { type Reason, type ReportedApp, Reported } from '@pier/shared/wire';
import { type Db, deployment, device, deviceLive, deviceState, release, rollout, storeAudit, wave } from '../db/index.ts';
import { type Counts, isFinished } from './rules.ts';

export type RolloutRow = typeof rollout.$inferSelect;
export type DeploymentRow = typeof deployment.$inferSelect;
export type ReleaseRow = typeof release.$inferSelect;

const finished = DeploymentState.options.filter(isFinished);

/** Running rollouts, those longest untouched first; only those that are due unless all are asked for. */
export async function runningRollouts(db: Db, { dueMs, limit }: { dueMs: number | null; limit: number }): Promise<string[]> {
  const due = dueMs === null ? undefined : lte(rollout.nextTickAt, new Date(dueMs));
  const rows = await db.select({ id: rollout.id }).from(rollout).where(and(eq(rollout.state, 'running'), due)).orderBy(asc(rollout.nextTickAt)).limit(limit);
  return rows.map((row) => row.id);
}

/** A running rollout with its release, locked; undefined when it is not running, or another replica works on it. */
export async function lockRollout(tx: Db, id: string): Promise<{ rollout: RolloutRow; release: ReleaseRow } | undefined> {
  const rows = await tx
    .select()
    .from(rollout)
    .innerJoin(release, eq(release.id, rollout.releaseId))
    .where(and(eq(rollout.id, id), eq(rollout.state, 'running')))
    .for('no key update', { of: rollout, skipLocked: true });
  return rows[0];
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

/** Devices that wait in a rollout and could be offered its release now: active and online. */
export async function reachableOf(tx: Db, { rolloutId, after, limit }: { rolloutId: string; after: string; limit: number }): Promise<string[]> {
  const rows = await tx
    .select({ id: deployment.deviceId })
    .from(deployment)
    .innerJoin(device, eq(device.id, deployment.deviceId))
    .innerJoin(deviceLive, eq(deviceLive.deviceId, deployment.deviceId))
    .where(and(eq(deployment.rolloutId, rolloutId), eq(deployment.state, 'waiting'), gt(deployment.deviceId, after), eq(device.state, 'active'), eq(deviceLive.online, true)))
    .orderBy(asc(deployment.deviceId))
    .limit(limit);
  return rows.map((row) => row.id);
}

/** The same devices once more, now that they are locked, with their boards. */
export async function waitingAt(tx: Db, { rolloutId, devices }: { rolloutId: string; devices: readonly string[] }): Promise<{ deployment: DeploymentRow; profile: unknown }[]> {
  return tx
    .select({ deployment, profile: device.profile })
    .from(deployment)
    .innerJoin(device, eq(device.id, deployment.deviceId))
    .where(and(eq(deployment.rolloutId, rolloutId), inArray(deployment.deviceId, [...devices]), eq(deployment.state, 'waiting')))
    .orderBy(asc(deployment.deviceId));
}

/** Says of each waiting deployment whose device is away that this is why. Rows that somebody works on are left for the next tick. */
export async function explainAbsent(tx: Db, { rolloutId, reason, nowMs }: { rolloutId: string; reason: Reason; nowMs: number }): Promise<void> {
  await tx.execute(sql`
    update ${deployment} set reason_code = ${reason.code}, reason_text = ${reason.reason}, updated_at = ${new Date(nowMs).toISOString()}::timestamptz
    where (rollout_id, device_id) in (
      select d.rollout_id, d.device_id from ${deployment} d left join ${deviceLive} l on l.device_id = d.device_id
      where d.rollout_id = ${rolloutId} and d.state = 'waiting' and l.online is not true and d.reason_code is distinct from ${reason.code}
      order by d.device_id for no key update of d skip locked)`);
}

export type Move = { readonly from: DeploymentRow; readonly to: DeploymentState; readonly attempt: number | null; readonly reason: Reason | null; readonly deadlineAt: Date | null; readonly actor: string };

/** Writes deployments' new states, and an audit row for each that is in another state than before. What is finished stays as it is. */
export async function storeMoves(tx: Db, moves: readonly Move[], nowMs: number): Promise<void> {
  if (moves.length === 0) return;
  await tx
    .insert(deployment)
    .values(moves.map(({ from, to, attempt, reason, deadlineAt }) => ({ ...from, state: to, attempt, reasonCode: reason?.code ?? null, reasonText: reason?.reason ?? null, deadlineAt, updatedAt: new Date(nowMs) })))
    .onConflictDoUpdate({
      target: [deployment.rolloutId, deployment.deviceId],
      set: { state: sql`excluded.state`, attempt: sql`excluded.attempt`, reasonCode: sql`excluded.reason_code`, reasonText: sql`excluded.reason_text`, deadlineAt: sql`excluded.deadline_at`, updatedAt: sql`excluded.updated_at` },
      setWhere: notInArray(deployment.state, finished),
    });
  const changed = moves.filter(({ from, to }) => from.state !== to);
  await storeAudit(tx, changed.map(({ from, to, attempt, reason, actor }) => ({ actor, action: `deployment.${to}`, object: `deployment:${from.rolloutId}/${from.deviceId}`, detail: { from: from.state, attempt: attempt ?? from.attempt, reason } })), nowMs);
}

/** How many deployments of a rollout are in which state. */
export async function countsOf(db: Db, rolloutIds: readonly string[]): Promise<Map<string, Map<number, Counts>>> {
  const out = new Map<string, Map<number, Counts>>();
  if (rolloutIds.length === 0) return out;
  const rows = await db
    .select({ rolloutId: deployment.rolloutId, wave: deployment.wave, state: deployment.state, count: sql<number>`count(*)::int` })
    .from(deployment)
    .where(inArray(deployment.rolloutId, [...rolloutIds]))
    .groupBy(deployment.rolloutId, deployment.wave, deployment.state);
  for (const row of rows) {
    const waves = out.get(row.rolloutId) ?? new Map<number, Counts>();
    waves.set(row.wave, { ...waves.get(row.wave), [DeploymentState.parse(row.state)]: row.count });
    out.set(row.rolloutId, waves);
  }
  return out;
}

/** What each device last said of an app. */
export async function reportedOf(tx: Db, devices: readonly string[], app: string): Promise<Map<string, ReportedApp>> {
  const rows = await tx.select({ id: deviceState.deviceId, reported: deviceState.reported }).from(deviceState).where(inArray(deviceState.deviceId, [...devices]));
  return new Map(
    rows.flatMap((row) => {
      const one = appIn(row.reported, app);
      return one ? [[row.id, one] as const] : [];
    }),
  );
}

function appIn(reported: Record<string, unknown> | null, app: string): ReportedApp | undefined {
  const apps = Reported.shape.apps.safeParse(reported?.['apps']);
  return apps.success && Object.hasOwn(apps.data, app) ? apps.data[AppName.parse(app)] : undefined;
}

/** Ids of an app's verified releases, by digest: only those may be gone back to. */
export async function verifiedReleases(tx: Db, app: string, digests: readonly Digest[]): Promise<Map<string, string>> {
  if (digests.length === 0) return new Map();
  const rows = await tx.select({ id: release.id, digest: release.digest }).from(release).where(and(eq(release.app, app), inArray(release.digest, [...digests]), eq(release.state, 'verified')));
  return new Map(rows.map((row) => [row.digest, row.id]));
}

/** A device's deployments in flight, with what was offered. */
export async function inFlightOf(tx: Db, id: DeviceId): Promise<{ deployment: DeploymentRow; rollout: RolloutRow; digest: string }[]> {
  return tx
    .select({ deployment, rollout, digest: release.digest })
    .from(deployment)
    .innerJoin(rollout, eq(rollout.id, deployment.rolloutId))
    .innerJoin(release, eq(release.id, rollout.releaseId))
    .where(and(eq(deployment.deviceId, id), inArray(deployment.state, InFlightState.options)));
}

/** Deployments of an app on these devices that are not finished, with their rollouts. */
export async function openOn(tx: Db, devices: readonly string[], app: string): Promise<DeploymentRow[]> {
  return tx
    .select()
    .from(deployment)
    .where(and(inArray(deployment.deviceId, [...devices]), eq(deployment.app, app), notInArray(deployment.state, finished)))
    .orderBy(asc(deployment.deviceId));
}

export async function storeEnd(tx: Db, id: string, { state, reason, nowMs }: { state: 'completed' | 'failed'; reason: Reason | null; nowMs: number }): Promise<void> {
  await tx.update(rollout).set({ state, reasonCode: reason?.code ?? null, reasonText: reason?.reason ?? null, finishedAt: new Date(nowMs) }).where(eq(rollout.id, id));
  await tx.update(wave).set({ state: state === 'completed' ? 'passed' : 'failed' }).where(eq(wave.rolloutId, id));
  await storeAudit(tx, [{ actor: `rollout:${id}`, action: `rollout.${state}`, object: `rollout:${id}`, detail: { reason } }], nowMs);
}

export async function storePause(tx: Db, id: string, { reason, nowMs }: { reason: Reason; nowMs: number }): Promise<void> {
  await tx.update(rollout).set({ state: 'paused', reasonCode: reason.code, reasonText: reason.reason }).where(eq(rollout.id, id));
  await storeAudit(tx, [{ actor: `rollout:${id}`, action: 'rollout.paused', object: `rollout:${id}`, detail: { reason } }], nowMs);
}

export async function storeNextTick(tx: Db, id: string, atMs: number): Promise<void> {
  await tx.update(rollout).set({ nextTickAt: new Date(atMs) }).where(eq(rollout.id, id));
}

export type Shown = { rollout: RolloutRow; release: ReleaseRow };

/** Rollouts, newest first: their ids sort by the time they were made. */
export async function pageOfRollouts(db: Db, { before, limit }: { before: string | undefined; limit: number }): Promise<Shown[]> {
  const older = before === undefined ? undefined : lt(rollout.id, before);
  return db.select().from(rollout).innerJoin(release, eq(release.id, rollout.releaseId)).where(older).orderBy(desc(rollout.id)).limit(limit);
}

export async function oneRollout(db: Db, id: string): Promise<Shown | undefined> {
  const rows = await db.select().from(rollout).innerJoin(release, eq(release.id, rollout.releaseId)).where(eq(rollout.id, id));
  return rows[0];
}

export async function wavesOf(db: Db, ids: readonly string[]): Promise<(typeof wave.$inferSelect)[]> {
  return ids.length === 0 ? [] : db.select().from(wave).where(inArray(wave.rolloutId, [...ids])).orderBy(asc(wave.rolloutId), asc(wave.n));
}
