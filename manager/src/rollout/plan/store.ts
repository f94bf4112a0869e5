import { type SQL, and, asc, eq, sql } from 'drizzle-orm';
import { type DeploymentState, InFlightState } from '@pier/shared/api';
import { invariant } from '@pier/shared/core';
import type { Reason } from '@pier/shared/wire';
import { type Db, assignment, audit, binding, deployment, device, deviceLive, deviceState, notForgotten, rollout } from '../../db/index.ts';
import { mayMove } from '../rules/index.ts';
import type { Candidate } from './pick.ts';
import type { Sliced } from './waves.ts';

/** A list as one parameter, however long it is. */
const listOf = (values: readonly (string | number)[]): SQL => sql`${sql.param([...values])}`;

export const idsAmong = (ids: readonly string[]): SQL => sql`${device.id} = any(${listOf(ids)}::text[])`;

/** Locks the devices that a condition selects, in the order of their ids, as everybody does who changes what a device should run. */
export async function lockSelected(tx: Db, where: SQL): Promise<string[]> {
  const rows = await tx.select({ id: device.id }).from(device).where(and(where, notForgotten)).orderBy(asc(device.id)).for('no key update');
  return rows.map((row) => row.id);
}

/** The devices that a condition selects, as a rollout of this artifact sees them, and their profiles: one statement each. */
export async function candidatesOf(db: Db, { where, app, digest }: { where: SQL; app: string; digest: string }): Promise<{ candidates: Candidate[]; profiles: Map<string, unknown> }> {
  const said = (...path: string[]): SQL<string | null> => sql<string | null>`${deviceState.reported} #>> ${listOf(['apps', app, ...path])}::text[]`;
  const rows = await db
    .select({
      id: device.id, name: device.name, model: device.model, tags: device.tags, state: device.state, online: deviceLive.online,
      byHand: assignment.byHand, bindings: binding.bindings, busyWith: busyWith(app),
      hold: said('hold', 'kind'), running: said('running', 'digest'), lastGood: said('lastGood', 'digest'),
      profileKey: sql<string>`encode(sha256(convert_to(${device.profile}::text, 'UTF8')), 'hex')`,
    })
    .from(device)
    .leftJoin(deviceLive, eq(deviceLive.deviceId, device.id))
    .leftJoin(deviceState, eq(deviceState.deviceId, device.id))
    .leftJoin(assignment, and(eq(assignment.deviceId, device.id), eq(assignment.app, app)))
    .leftJoin(binding, and(eq(binding.deviceId, device.id), eq(binding.app, app)))
    .where(and(where, notForgotten));
  const candidates = rows.map(({ running, lastGood, online, byHand, ...row }) => ({ ...row, online: online ?? false, byHand: byHand ?? false, hasArtifact: running === digest || lastGood === digest }));
  return { candidates, profiles: await profilesOf(db, candidates) };
}

/** A device is at work for at most one rollout of an app; one that rolls back has yet to come to the devices that it had proven. */
function busyWith(app: string): SQL<string | null> {
  return sql<string | null>`(
    select d.rollout_id from ${deployment} d join ${rollout} r on r.id = d.rollout_id
    where d.device_id = ${device.id} and d.app = ${app} and (d.state = any(${listOf(InFlightState.options)}::text[]) or (d.state = 'proven' and r.state = 'rolling_back'))
    limit 1)`;
}

/** Fleets have few kinds of boards: each profile is read once. */
async function profilesOf(db: Db, candidates: readonly Candidate[]): Promise<Map<string, unknown>> {
  const keys = new Map(candidates.map(({ id, profileKey }) => [profileKey, id]));
  if (keys.size === 0) return new Map();
  const rows = await db.select({ id: device.id, profile: device.profile }).from(device).where(idsAmong([...keys.values()]));
  const profiles = new Map(rows.map((row) => [row.id, row.profile]));
  return new Map([...keys].map(([key, id]) => [key, profiles.get(id)]));
}

/**
 * A rollout begins: what waits on its devices in other ones of the app is over, save in newer ones that are but planned. The
 * caller holds the devices' locks. Out: how many.
 */
export async function takeOver(tx: Db, { id, ...of }: { readonly id: string } & Pick<Superseding, 'devices' | 'app' | 'actor' | 'nowMs'>): Promise<number> {
  return supersede(tx, { ...of, states: ['waiting'], by: id, reason: { code: 'superseded', reason: `the newer rollout ${id} took over this device` } });
}

export type Superseding = {
  readonly devices: readonly string[];
  readonly app: string;
  readonly states: readonly DeploymentState[];
  /** The rollout that begins. */
  readonly by?: string;
  readonly reason: Reason;
  readonly actor: string;
  readonly nowMs: number;
};

/** Ends deployments of an app in other rollouts, with an audit row each. The caller holds the devices' locks. Out: how many. */
export async function supersede(tx: Db, { devices, app, states, by = '', reason, actor, nowMs }: Superseding): Promise<number> {
  for (const state of states) invariant(mayMove(state, 'superseded'), `a deployment moves from ${state} to superseded`);
  const at = sql`${new Date(nowMs).toISOString()}::timestamptz`;
  const found = await tx.execute(sql`
    with open as (
      select rollout_id, device_id, state, attempt from ${deployment}
      where device_id = any(${listOf(devices)}::text[]) and app = ${app} and state = any(${listOf(states)}::text[]) and rollout_id <> ${by}::text
        and (${by}::text = '' or rollout_id < ${by}::text or not exists (select 1 from ${rollout} r where r.id = rollout_id and r.state = 'awaiting_approval'))
      order by rollout_id, device_id for no key update),
    ended as (
      update ${deployment} d set state = 'superseded', reason_code = ${reason.code}, reason_text = ${reason.reason}, deadline_at = null, retry_at = null, updated_at = ${at}
      from open where d.rollout_id = open.rollout_id and d.device_id = open.device_id
      returning d.rollout_id, d.device_id, open.state as before, open.attempt)
    insert into ${audit} (at, actor, action, object, detail)
    select ${at}, ${actor}, 'deployment.superseded', 'deployment:' || rollout_id || '/' || device_id,
      jsonb_build_object('from', before, 'attempt', attempt, 'reason', jsonb_build_object('code', ${reason.code}::text, 'reason', ${reason.reason}::text))
    from ended order by device_id`);
  return found.rowCount ?? 0;
}

/** Writes a rollout's deployments in one statement. Those of waves to come say so. */
export async function storeDeployments(tx: Db, { id, app, waves, nowMs, pending }: { id: string; app: string; waves: readonly Sliced[]; nowMs: number; pending: Reason }): Promise<void> {
  const rows = waves.flatMap(({ devices }, index) => devices.map((deviceId) => ({ deviceId, n: index + 1 })));
  await tx.execute(sql`
    insert into ${deployment} (rollout_id, device_id, app, wave, state, reason_code, reason_text, updated_at)
    select ${id}, one.device_id, ${app}, one.n, 'waiting', case when one.n > 1 then ${pending.code}::text end, case when one.n > 1 then ${pending.reason}::text end, ${new Date(nowMs).toISOString()}::timestamptz
    from unnest(${listOf(rows.map(({ deviceId }) => deviceId))}::text[], ${listOf(rows.map(({ n }) => n))}::int[]) as one (device_id, n)`);
}

/** After many new rows, so that the first plans over them are made on what is there. */
export async function analyzeDeployments(db: Db): Promise<void> {
  await db.execute(sql`analyze ${deployment}`);
}
