/** The fleet, and any part of it, in numbers: each from one expression for all devices, so that parts add up to their whole. */
import { eq, sql } from 'drizzle-orm';
import { type Clock, AppName, isoTime } from '@pier/shared/core';
import type { DeviceCount, DeviceStanding, Fleet } from '@pier/shared/api';
import { type Db, device, deviceLive, deviceState, noLife } from '../db/index.ts';
import { type Which, atOneMoment, conditionOf } from './query.ts';
import { onWorst, reportedApps, standingAt, standingPlace, worstOfEvery } from './standing.ts';

/** How many devices match, and how they stand: one statement, whose rows are summed, so that nothing can come between. */
export async function countOfDevices(db: Db, which: Which): Promise<DeviceCount> {
  const rows = await db
    .select({ place: standingPlace, total: sql<number>`count(*)::int`, online: sql<number>`(count(*) filter (where ${deviceLive.online}))::int` })
    .from(device)
    .leftJoin(deviceLive, eq(deviceLive.deviceId, device.id))
    .leftJoin(deviceState, eq(deviceState.deviceId, device.id))
    .leftJoin(worstOfEvery, onWorst)
    .where(conditionOf(which))
    .groupBy(sql`1`);
  const standings: Partial<Record<DeviceStanding, number>> = Object.fromEntries(rows.map(({ place, total }) => [standingAt(place), total]));
  const sum = (of: 'total' | 'online'): number => rows.reduce((all, row) => all + row[of], 0);
  return { total: sum('total'), online: sum('online'), standings };
}

/** All devices at one moment. Sites add up to the total; versions are of devices that are trusted, and that run them. */
export async function fleetOf(db: Db, clock: Clock): Promise<Fleet> {
  return atOneMoment(db, async (tx) => {
    const count = await countOfDevices(tx, {});
    return { ...count, at: isoTime(clock.nowMs()), apps: await appsInUse(tx), sites: await sitesOf(tx), pending: count.standings.pending ?? 0 };
  });
}

async function appsInUse(tx: Db): Promise<Fleet['apps']> {
  const { rows } = await tx.execute<{ app: string; version: string; devices: number }>(sql`
    select said.app, said.one -> 'running' ->> 'version' as version, count(*)::int as devices
    from ${deviceState} s join ${device} d on d.id = s.device_id and d.state <> 'revoked' cross join lateral ${reportedApps('s')} as said(app, one)
    where said.one -> 'running' ->> 'version' is not null
    group by 1, 2 order by 1, 3 desc, 2`);
  return [...Map.groupBy(rows, ({ app }) => app)].flatMap(([name, versions]) => {
    const app = AppName.safeParse(name);
    return app.success ? [{ app: app.data, devices: versions.reduce((all, { devices }) => all + devices, 0), versions: versions.map(({ version, devices }) => ({ version, devices })) }] : [];
  });
}

async function sitesOf(tx: Db): Promise<Fleet['sites']> {
  const { rows } = await tx.execute<Fleet['sites'][number]>(sql`
    select d.tags ->> 'site' as site, count(*)::int as devices, (count(*) filter (where l.online))::int as online
    from ${device} d left join ${deviceLive} l on l.device_id = d.id where d.generation > ${noLife}
    group by 1 order by count(*) filter (where l.online is not true) desc, 1`);
  return rows;
}
