import { asc, eq, sql } from 'drizzle-orm';
import { type Db, device, deviceLive, deviceState, isAnyOf } from '../db/index.ts';

/**
 * Locks devices, in the order of their ids. Whoever changes what a device should run, or takes its word on what it runs,
 * holds this lock: it is the one place where rollouts, bindings and reports of a device meet.
 */
export async function lockDevices(tx: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.select({ id: device.id }).from(device).where(isAnyOf(device.id, ids)).orderBy(asc(device.id)).for('no key update');
}

export type Standing = {
  readonly state: string;
  readonly generation: number;
  readonly online: boolean;
  readonly rev: number;
  readonly desiredHash: string | null;
};

/** What devices' messages are judged by; a device that the manager does not know is not in it. */
export async function standingsOf(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .select({ id: device.id, state: device.state, generation: device.generation, online: deviceLive.online, rev: deviceState.rev, desiredHash: deviceState.desiredHash })
    .from(device)
    .leftJoin(deviceLive, eq(deviceLive.deviceId, device.id))
    .leftJoin(deviceState, eq(deviceState.deviceId, device.id))
    .where(isAnyOf(device.id, ids));
  return new Map(rows.map(({ id, ...row }) => [id, { ...row, online: row.online ?? false, rev: row.rev ?? 0 }]));
}

/**
 * Marks devices offline whose heartbeats stopped without a will: a broker that died takes its wills with it. Who is awaited for
 * as long is awaited no more. Rows that a heartbeat is just writing are left alone. Out: the devices.
 */
export async function storeSilent(db: Db, silentSinceMs: number): Promise<readonly string[]> {
  const since = sql`${new Date(silentSinceMs).toISOString()}::timestamptz`;
  const { rows } = await db.execute(sql`
    update ${deviceLive} set online = false, awaited_since = null where device_id in (
      select device_id from ${deviceLive} where (online and last_seen_at < ${since}) or awaited_since < ${since} order by device_id for update skip locked)
    returning device_id`);
  return rows.map((row) => String(row['device_id']));
}

/** Says that nobody is connected, and that those who were are awaited. Out: how many. */
export async function storeAwaited(db: Db, nowMs: number): Promise<number> {
  const { rowCount } = await db.execute(sql`
    update ${deviceLive} set online = false, awaited_since = ${new Date(nowMs).toISOString()}::timestamptz where online or awaited_since is not null`);
  return rowCount ?? 0;
}
