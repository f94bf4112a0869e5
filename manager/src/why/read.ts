/** Reads the facts of many devices in a few statements, however many they are. */
import { and, asc, desc, eq, inArray, isNotNull, ne, or, sql } from 'drizzle-orm';
import { DeploymentState, DeviceState, InFlightState, PauseCause, ReleaseState, RolloutState, WavePlan, WaveState } from '@pier/shared/api';
import { type AppName, DeviceId } from '@pier/shared/core';
import { Reason, ReportedApp } from '@pier/shared/wire';
import { type Selectable, type Selector, parseSelector } from '@pier/shared/selector';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { type Db, assignment, binding, deployment, device, deviceLive, deviceState, release, rollout, wave } from '../db/index.ts';
import { hasBegun } from '../rollout/index.ts';
import type { AssignmentFacts, DeploymentFacts, RolloutFacts, WantedFacts, WhyFacts } from './facts.ts';

export type ReleaseRow = typeof release.$inferSelect;
export type DeploymentRow = typeof deployment.$inferSelect;
export type RolloutOf = { readonly facts: RolloutFacts; readonly release: ReleaseRow; readonly proven: number };

/** One statement's worth of ids as one parameter, so that the statement is the same for one and for ten thousand. */
const among = (column: unknown, ids: readonly string[]) => sql`${column} = any(${sql.param([...ids])}::text[])`;
const reasonOf = (code: string | null, text: string | null): Reason | null => (code === null ? null : { code, reason: text ?? '' });

/** Rollouts with their releases, waves and counts, by id. */
export async function rolloutsOf(tx: Db, ids: readonly string[]): Promise<ReadonlyMap<string, RolloutOf>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.select().from(rollout).innerJoin(release, eq(release.id, rollout.releaseId)).where(among(rollout.id, ids));
  const waves = await tx.select().from(wave).where(among(wave.rolloutId, ids)).orderBy(asc(wave.n));
  const counts = await tx
    .select({ rolloutId: deployment.rolloutId, wave: deployment.wave, state: deployment.state, count: sql<number>`count(*)::int` })
    .from(deployment)
    .where(among(deployment.rolloutId, ids))
    .groupBy(deployment.rolloutId, deployment.wave, deployment.state);
  const inFlight: readonly string[] = InFlightState.options;
  return new Map(
    rows.map(({ rollout: row, release: of }) => {
      const mine = counts.filter(({ rolloutId }) => rolloutId === row.id);
      const sum = (which: (one: (typeof mine)[number]) => boolean): number => mine.filter(which).reduce((total, { count }) => total + count, 0);
      const facts: RolloutFacts = {
        id: row.id,
        state: RolloutState.parse(row.state),
        cause: row.cause === null ? null : PauseCause.parse(row.cause),
        reason: reasonOf(row.reasonCode, row.reasonText),
        soakS: row.soakS,
        maxInFlight: row.maxInFlight,
        inFlight: sum(({ state }) => inFlight.includes(state)),
        waves: waves
          .filter(({ rolloutId }) => rolloutId === row.id)
          .map(({ n, state, plan }) => ({ n, state: WaveState.parse(state), plan: WavePlan.parse(plan), total: sum((one) => one.wave === n), proven: sum((one) => one.wave === n && one.state === 'proven') })),
      };
      return [row.id, { facts, release: of, proven: sum(({ state }) => state === 'proven') }];
    }),
  );
}

/** A rollout's deployments that are not proven, by device. */
export async function unprovenOf(tx: Db, rolloutId: string): Promise<DeploymentRow[]> {
  return tx.select().from(deployment).where(and(eq(deployment.rolloutId, rolloutId), ne(deployment.state, 'proven'))).orderBy(asc(deployment.deviceId));
}

/** Of each device and app the deployment in the newest rollout that has one; while one is open, that in a rollout which is but a plan does not count. */
export async function newestDeployments(tx: Db, devices: readonly string[], app?: AppName): Promise<DeploymentRow[]> {
  return tx
    .selectDistinctOn([deployment.deviceId, deployment.app])
    .from(deployment)
    .where(and(among(deployment.deviceId, devices), app === undefined ? undefined : eq(deployment.app, app)))
    .orderBy(asc(deployment.deviceId), asc(deployment.app), desc(and(inArray(deployment.state, ['waiting', ...InFlightState.options]), hasBegun('deployment')) ?? sql`true`), desc(deployment.rolloutId));
}

export type DeviceSide = {
  readonly device: WhyFacts['device'];
  /** As selectors see it. */
  readonly seen: Selectable;
  readonly reported: ReadonlyMap<string, ReportedApp>;
  readonly desiredRefused: Reason | undefined;
  readonly assigned: ReadonlyMap<string, Assigned>;
  /** As stored, by app. */
  readonly bindings: ReadonlyMap<string, unknown>;
  /** By app, the rollout that is at work on it. */
  readonly workedOnBy: ReadonlyMap<string, string>;
};
export type Assigned = { readonly facts: AssignmentFacts; readonly releaseId: string | null };

/** A rollout that rolls back is not done with those that it has proven: other rollouts wait for it there. */
const atWorkOrToGoBack = or(
  inArray(deployment.state, InFlightState.options),
  and(eq(deployment.state, 'proven'), sql`exists (select 1 from ${rollout} r where r.id = ${deployment.rolloutId} and r.state = 'rolling_back')`),
);

/** What is known of devices apart from rollouts; of one app, or of all. Those that there are not are not in it. */
export async function deviceSides(tx: Db, devices: readonly string[], app?: AppName): Promise<ReadonlyMap<string, DeviceSide>> {
  if (devices.length === 0) return new Map();
  const apps = app === undefined ? sql`${deviceState.reported} -> 'apps'` : sql`jsonb_build_object(${app}::text, ${deviceState.reported} -> 'apps' -> ${app}::text)`;
  const rows = await tx
    .select({ id: device.id, name: device.name, model: device.model, tags: device.tags, state: device.state, online: deviceLive.online, lastSeenAt: deviceLive.lastSeenAt, awaitedSince: deviceLive.awaitedSince, alarm: device.alarm, apps: sql<Record<string, unknown> | null>`${apps}`, refused: sql<unknown>`${deviceState.reported} -> 'desiredRefused'` })
    .from(device)
    .leftJoin(deviceLive, eq(deviceLive.deviceId, device.id))
    .leftJoin(deviceState, eq(deviceState.deviceId, device.id))
    .where(among(device.id, devices));
  const of = (table: { readonly deviceId: PgColumn; readonly app: PgColumn }) => and(among(table.deviceId, devices), app === undefined ? undefined : eq(table.app, app));
  const assigned = Map.groupBy(await tx.select().from(assignment).where(of(assignment)), ({ deviceId }) => deviceId);
  const bindings = Map.groupBy(await tx.select().from(binding).where(of(binding)), ({ deviceId }) => deviceId);
  const working = Map.groupBy(
    await tx.select({ deviceId: deployment.deviceId, app: deployment.app, rolloutId: deployment.rolloutId }).from(deployment).where(and(of(deployment), atWorkOrToGoBack)),
    ({ deviceId }) => deviceId,
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        device: { id: DeviceId.parse(row.id), state: DeviceState.parse(row.state), online: row.online ?? false, lastSeenMs: row.lastSeenAt?.getTime() ?? null, awaitedSinceMs: row.awaitedSince?.getTime() ?? null, alarm: row.alarm },
        seen: { id: row.id, name: row.name, model: row.model, tags: row.tags, online: row.online ?? false },
        reported: reportedIn(row.apps),
        desiredRefused: Reason.safeParse(row.refused).data,
        assigned: new Map((assigned.get(row.id) ?? []).map((one) => [one.app, assignedBy(one)])),
        bindings: new Map((bindings.get(row.id) ?? []).map((one) => [one.app, one.bindings])),
        workedOnBy: new Map((working.get(row.id) ?? []).map((one) => [one.app, one.rolloutId])),
      },
    ]),
  );
}

function reportedIn(apps: Record<string, unknown> | null): ReadonlyMap<string, ReportedApp> {
  return new Map(
    Object.entries(apps ?? {}).flatMap(([name, value]) => {
      const { data } = ReportedApp.safeParse(value);
      return data ? [[name, data] as const] : [];
    }),
  );
}

function assignedBy({ attempt, byHand, setBy, updatedAt, releaseId }: typeof assignment.$inferSelect): Assigned {
  return { facts: { attempt, byHand, setBy, sinceMs: updatedAt.getTime() }, releaseId };
}

export function deploymentFacts(row: DeploymentRow): DeploymentFacts {
  return {
    wave: row.wave,
    state: DeploymentState.parse(row.state),
    attempt: row.attempt,
    reason: reasonOf(row.reasonCode, row.reasonText),
    updatedMs: row.updatedAt.getTime(),
    deadlineMs: row.deadlineAt?.getTime() ?? null,
    offers: row.offers,
    retryMs: row.retryAt?.getTime() ?? null,
    provenMs: row.provenAt?.getTime() ?? null,
  };
}

export function wantedOf(row: ReleaseRow): WantedFacts {
  return { release: row.id, version: row.version, digest: row.digest, state: ReleaseState.parse(row.state), reason: reasonOf(row.reasonCode, row.reasonText) };
}

export async function releasesOf(tx: Db, ids: readonly string[]): Promise<ReadonlyMap<string, ReleaseRow>> {
  const rows = ids.length === 0 ? [] : await tx.select().from(release).where(among(release.id, ids));
  return new Map(rows.map((row) => [row.id, row]));
}

export type Selecting = { readonly id: string; readonly releaseId: string; readonly version: string; readonly selector: Selector; readonly createdMs: number };

/** Of each app the newest rollout that chose its devices by a selector and was not taken back. */
export async function newestSelecting(tx: Db, apps: readonly string[]): Promise<ReadonlyMap<string, Selecting>> {
  if (apps.length === 0) return new Map();
  const rows = await tx
    .selectDistinctOn([rollout.app], { id: rollout.id, app: rollout.app, releaseId: rollout.releaseId, version: release.version, selector: rollout.selector, createdAt: rollout.createdAt })
    .from(rollout)
    .innerJoin(release, eq(release.id, rollout.releaseId))
    .where(and(among(rollout.app, apps), isNotNull(rollout.selector), inArray(rollout.state, ['awaiting_approval', 'running', 'paused', 'completed'])))
    .orderBy(asc(rollout.app), desc(rollout.id));
  return new Map(rows.map(({ app, selector, createdAt, ...row }) => [app, { ...row, selector: parseSelector(selector ?? ''), createdMs: createdAt.getTime() }]));
}

/** Whether anybody has heard of an app: a release of it, or an assignment. */
export async function isKnownApp(tx: Db, app: AppName): Promise<boolean> {
  const { rows } = await tx.execute(sql`select 1 where exists (select from ${release} where app = ${app}) or exists (select from ${assignment} where app = ${app})`);
  return rows.length > 0;
}

/** The boards of devices. A fleet has few different ones; each is read once, and named by its place in the list. */
export async function boardsOf(tx: Db, devices: readonly string[]): Promise<{ readonly profiles: readonly unknown[]; readonly placeOf: ReadonlyMap<string, number> }> {
  const rows = devices.length === 0 ? [] : await tx.select({ profile: device.profile, ids: sql<string[]>`array_agg(${device.id})` }).from(device).where(among(device.id, devices)).groupBy(device.profile);
  return { profiles: rows.map(({ profile }) => profile), placeOf: new Map(rows.flatMap(({ ids }, index) => ids.map((id) => [id, index] as const))) };
}
