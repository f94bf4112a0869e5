/** Which devices are meant, and what is read of them. */
import { type SQL, and, asc, desc, eq, gt, isNotNull, lt, sql } from 'drizzle-orm';
import { type DeviceId, Fault } from '@pier/shared/core';
import type { Device } from '@pier/shared/api';
import { parseSelector } from '@pier/shared/selector';
import { type Db, assignment, device, deviceLive, deviceState, event } from '../db/index.ts';
import { type RequestOf, keyAfter } from '../http/index.ts';
import { whereSelector } from '../selector/index.ts';
import { showDevice } from './view.ts';

export type Which = RequestOf<'countDevices'>['query'];

/** Text that the database could not hold is the asker's mistake. Faults: `input-invalid`. */
export function refuseNul(what: string, ...texts: readonly string[]): void {
  if (texts.some((text) => text.includes('\0'))) throw new Fault('input-invalid', `${what} holds a character that no name has (U+0000)`);
}

/** The condition over device, device_live and device_state, joined. Faults: `input-invalid` for a selector that cannot be read. */
function conditionOf({ selector, state, online, app, search }: Which): SQL | undefined {
  const part = search?.toLowerCase();
  if (part !== undefined) refuseNul('query: search', part);
  return and(
    selector === undefined ? undefined : whereSelector(parseSelector(selector)),
    state === undefined ? undefined : eq(device.state, state),
    online === undefined ? undefined : sql`coalesce(${deviceLive.online}, false) = ${online}`,
    // Assigned, or still there: what a device has of an app is its word.
    app === undefined ? undefined : sql`(exists (select 1 from ${assignment} a where a.device_id = ${device.id} and a.app = ${app} and a.release_id is not null) or coalesce(${deviceState.reported}->'apps' ? ${app}::text, false))`,
    part === undefined ? undefined : sql`(strpos(${device.id}, ${part}) > 0 or strpos(lower(${device.name}), ${part}) > 0)`,
  );
}

/** Devices by id, with what they said last. */
export async function pageOfDevices(db: Db, { which, after, limit }: { which: Which; after: string | undefined; limit: number }) {
  return db
    .select({ device, live: deviceLive, reported: deviceState.reported })
    .from(device)
    .leftJoin(deviceLive, eq(deviceLive.deviceId, device.id))
    .leftJoin(deviceState, eq(deviceState.deviceId, device.id))
    .where(and(after === undefined ? undefined : gt(device.id, after), conditionOf(which)))
    .orderBy(asc(device.id))
    .limit(limit);
}

export async function countOfDevices(db: Db, which: Which): Promise<{ total: number; online: number }> {
  const rows = await db
    .select({ total: sql<number>`count(*)::int`, online: sql<number>`(count(*) filter (where ${deviceLive.online}))::int` })
    .from(device)
    .leftJoin(deviceLive, eq(deviceLive.deviceId, device.id))
    .leftJoin(deviceState, eq(deviceState.deviceId, device.id))
    .where(conditionOf(which));
  return rows[0] ?? { total: 0, online: 0 };
}

/** One device with what it said last. Faults: `not-found`. */
export async function oneDevice(db: Db, id: DeviceId) {
  const rows = await db
    .select({ device, live: deviceLive, reported: deviceState.reported })
    .from(device)
    .leftJoin(deviceLive, eq(deviceLive.deviceId, device.id))
    .leftJoin(deviceState, eq(deviceState.deviceId, device.id))
    .where(eq(device.id, id));
  return rows[0] ?? unknownDevice(id);
}

/** One device as lists show it. Faults: `not-found`. */
export async function readDevice(db: Db, id: DeviceId): Promise<Device> {
  return showDevice(await oneDevice(db, id));
}

/** The device's own row. Faults: `not-found`. */
export async function existingDevice(db: Db, id: DeviceId): Promise<typeof device.$inferSelect> {
  const rows = await db.select().from(device).where(eq(device.id, id));
  return rows[0] ?? unknownDevice(id);
}

function unknownDevice(id: DeviceId): never {
  throw new Fault('not-found', `there is no device "${id}"`);
}

/** A device's events, newest first; refusals are those with a code. */
export async function eventsOf(db: Db, id: DeviceId, { refusals = false, app, before, limit }: { refusals?: boolean; app?: string | undefined; before?: number | undefined; limit: number }) {
  return db
    .select()
    .from(event)
    .where(and(eq(event.deviceId, id), refusals ? isNotNull(event.code) : undefined, app === undefined ? undefined : eq(event.app, app), before === undefined ? undefined : lt(event.id, before)))
    .orderBy(desc(event.id))
    .limit(limit);
}

/** The id of an event in a cursor. Faults: `input-invalid`. */
export function eventBefore(cursor: string | undefined, of: string): number | undefined {
  const before = keyAfter(cursor);
  if (before !== undefined && !/^\d{1,15}$/.test(before)) throw new Fault('input-invalid', `query: cursor: this is not the "next" of an earlier page of ${of}`);
  return before === undefined ? undefined : Number(before);
}
