/** Deployments that wait: which of them could be offered the release now, and what holds the others up. */
import { type SQL, and, asc, eq, inArray, sql } from 'drizzle-orm';
import { InFlightState } from '@pier/shared/api';
import { type Db, assignment, deployment, device, deviceLive, deviceState } from '../db/index.ts';
import { type WaitingCode, foundByOffering, waitingReasons } from './rules/index.ts';
import type { DeploymentRow } from './store.ts';

export type Waiting = { readonly rolloutId: string; readonly app: string; readonly openTo: number; readonly hasPolicy: boolean; readonly nowMs: number };

const listed = (codes: readonly string[]): SQL => sql.raw(codes.map((code) => `'${code}'`).join(', '));
const code = (name: WaitingCode): SQL => sql.raw(`'${name}'`);

/** The first thing that holds a waiting deployment up, as far as the database can tell (rules/reasons.ts has the words); null when nothing does. */
function holdUp({ app, openTo, hasPolicy, nowMs }: Waiting): SQL {
  return sql`case
    when ${deployment.wave} > ${openTo}::int then ${code('rollout.wave-pending')}
    when ${deviceLive.awaitedSince} is not null and ${device.state} = 'active' then ${code('device.awaited')}
    when ${deviceLive.online} is not true or ${device.state} <> 'active' then ${code('device.offline')}
    when ${assignment.byHand} then ${code('assigned.by-hand')}
    when ${deviceState.reported}->'apps'->${app}->'hold' is not null then ${code('app.held')}
    when exists (select 1 from deployment other where other.device_id = ${deployment.deviceId} and other.app = ${deployment.app} and other.rollout_id <> ${deployment.rolloutId}
      and (other.state in (${listed(InFlightState.options)}) or (other.state = 'proven' and exists (select 1 from rollout r where r.id = other.rollout_id and r.state = 'rolling_back')))) then ${code('device.busy')}
    when ${deployment.retryAt} > ${new Date(nowMs).toISOString()}::timestamptz then ${code('device.silent')}
    when not ${hasPolicy}::boolean then ${code('policy.missing')}
    else null end`;
}

const joined = sql`${deployment}
  join ${device} on ${device.id} = ${deployment.deviceId}
  left join ${deviceLive} on ${deviceLive.deviceId} = ${deployment.deviceId}
  left join ${deviceState} on ${deviceState.deviceId} = ${deployment.deviceId}
  left join ${assignment} on ${assignment.deviceId} = ${deployment.deviceId} and ${assignment.app} = ${deployment.app}`;

/** Devices that could be offered the release now, as far as the database can tell: by id, from after a given one. */
export async function reachableOf(tx: Db, of: Waiting, { after, limit }: { after: string; limit: number }): Promise<string[]> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    select ${deployment.deviceId} as id from ${joined}
    where ${deployment.rolloutId} = ${of.rolloutId} and ${deployment.state} = 'waiting' and ${deployment.deviceId} > ${after} and ${holdUp(of)} is null
    order by ${deployment.deviceId} limit ${limit}`);
  return rows.map((row) => row.id);
}

/** The same devices once more, now that they are locked, with their boards. */
export async function reachableAmong(tx: Db, of: Waiting, devices: readonly string[]): Promise<{ deployment: DeploymentRow; profile: unknown }[]> {
  return tx
    .select({ deployment, profile: device.profile })
    .from(deployment)
    .innerJoin(device, eq(device.id, deployment.deviceId))
    .leftJoin(deviceLive, eq(deviceLive.deviceId, deployment.deviceId))
    .leftJoin(deviceState, eq(deviceState.deviceId, deployment.deviceId))
    .leftJoin(assignment, and(eq(assignment.deviceId, deployment.deviceId), eq(assignment.app, deployment.app)))
    .where(and(eq(deployment.rolloutId, of.rolloutId), inArray(deployment.deviceId, [...devices]), eq(deployment.state, 'waiting'), sql`${holdUp(of)} is null`))
    .orderBy(asc(deployment.deviceId));
}

/**
 * Says of each waiting deployment what holds it up. What an attempt to offer has found stays until the next one; a device that is offline starts its back-off anew. Rows that somebody works on are left for the next time.
 */
export async function explainWaiting(tx: Db, of: Waiting, { full }: { full: boolean }): Promise<void> {
  const words = sql.join(Object.entries(waitingReasons).map(([name, { reason }]) => sql`(${name}::text, ${reason}::text)`), sql`, `);
  const atLast = sql`case when ${deployment.reasonCode} in (${listed(foundByOffering)}) then ${deployment.reasonCode} when ${full}::boolean then ${code('rollout.capacity')} end`;
  const found = sql`coalesce(${holdUp(of)}, ${atLast})`;
  // Joined by the place of the locked rows: on a table that has no statistics yet, every other join may be planned as a quadratic one.
  await tx.execute(sql`
    with changed as materialized (
      select ${deployment}.ctid as place, ${found} as code from ${joined}
      where ${deployment.rolloutId} = ${of.rolloutId} and ${deployment.state} = 'waiting' and ${found} is distinct from ${deployment.reasonCode}
      order by ${deployment.deviceId} for no key update of ${deployment} skip locked)
    update ${deployment} d set reason_code = c.code, reason_text = (select w.text from (values ${words}) w(code, text) where w.code = c.code), updated_at = ${new Date(of.nowMs).toISOString()}::timestamptz,
      offers = case when c.code = ${code('device.offline')} then 0 else d.offers end, retry_at = case when c.code = ${code('device.offline')} then null else d.retry_at end
    from changed c where d.ctid = c.place and d.state = 'waiting'`);
}
