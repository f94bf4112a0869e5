/** Which devices are meant, and what is read of them. */
import { type SQL, and, desc, eq, isNotNull, lt, sql } from 'drizzle-orm';
import { type DeviceId, Fault } from '@pier/shared/core';
import type { Device } from '@pier/shared/api';
import { parseSelector } from '@pier/shared/selector';
import { type Db, assignment, deployment, device, deviceLive, deviceState, event, noLife, notForgotten } from '../db/index.ts';
import { type RequestOf, keyAfter, pageOf } from '../http/index.ts';
import { whereSelector } from '../selector/index.ts';
import { afterCursor, cursorKey, orderedBy } from './order.ts';
import { type ShownDevice, readShown } from './shown.ts';
import { onWorst, standsAs, worstOfEvery } from './standing.ts';
import { showDevice } from './view.ts';

export type Which = RequestOf<'countDevices'>['query'];

/** Text that the database could not hold is the asker's mistake. Faults: `input-invalid`. */
export function refuseNul(what: string, ...texts: readonly string[]): void {
  if (texts.some((text) => text.includes('\0'))) throw new Fault('input-invalid', `${what} holds a character that no name has (U+0000)`);
}

/** The condition over device, device_live, device_state and, where standings are named, `worst`, joined. Faults: `input-invalid` for a selector that cannot be read. */
export function conditionOf({ selector, state, online, app, search, standing, rollout, deployment: states }: Which): SQL | undefined {
  const part = search?.toLowerCase();
  refuseNul('query: search', part ?? '');
  refuseNul('query: rollout', rollout ?? '');
  return and(
    notForgotten,
    selector === undefined ? undefined : whereSelector(parseSelector(selector)),
    state === undefined ? undefined : eq(device.state, state),
    online === undefined ? undefined : sql`coalesce(${deviceLive.online}, false) = ${online}`,
    // Assigned, or still there: what a device has of an app is its word.
    app === undefined ? undefined : sql`(exists (select 1 from ${assignment} a where a.device_id = ${device.id} and a.app = ${app} and a.release_id is not null) or coalesce(${deviceState.reported}->'apps' ? ${app}::text, false))`,
    part === undefined ? undefined : sql`(strpos(${device.id}, ${part}) > 0 or strpos(lower(${device.name}), ${part}) > 0)`,
    standing === undefined ? undefined : standsAs(standing),
    rollout === undefined ? undefined : sql`exists (select 1 from ${deployment} d where d.rollout_id = ${rollout} and d.device_id = ${device.id} and ${states === undefined ? sql`true` : sql`d.state = any(${sql.param(states.split(','))}::text[])`})`,
  );
}

/** What is read and what is told of it are of one moment. */
export async function atOneMoment<T>(db: Db, read: (tx: Db) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => read(tx), { isolationLevel: 'repeatable read', accessMode: 'read only' });
}

type PageOfDevices = { readonly items: Device[]; readonly next: string | null };

/**
 * Devices in the order asked for, a page of them. Which ones is found out first, with nothing but their keys, since an order may
 * have to look at all; how all stand is worked out only where filter or order want it.
 */
export async function pageOfDevices(db: Db, { limit, cursor, order, ...which }: RequestOf<'listDevices'>['query']): Promise<PageOfDevices> {
  const { key, sort } = orderedBy(order);
  const where = and(afterCursor(order, cursor), conditionOf(which));
  return atOneMoment(db, async (tx) => {
    const from = tx
      .select({ id: device.id, key })
      .from(device)
      .leftJoin(deviceLive, eq(deviceLive.deviceId, device.id))
      .leftJoin(deviceState, eq(deviceState.deviceId, device.id));
    const all = order === 'standing' || which.standing !== undefined ? from.leftJoin(worstOfEvery, onWorst) : from;
    const rows = await all.where(where).orderBy(sort).limit(limit + 1);
    const shown = await readShown(tx, rows.slice(0, limit).map(({ id }) => id));
    const page = pageOf({ rows, limit, keyOf: (row) => cursorKey(order, row), show: ({ id }) => shown.get(id) });
    return { ...page, items: page.items.flatMap((one) => (one ? [showDevice(one)] : [])) };
  });
}

/** One device with what it said last, and how it stands. Faults: `not-found`. */
export async function oneDevice(tx: Db, id: DeviceId): Promise<ShownDevice> {
  const one = (await readShown(tx, [id])).get(id);
  return one === undefined || one.device.generation === noLife ? unknownDevice(id) : one;
}

/** One device as lists show it. Faults: `not-found`. */
export async function readDevice(db: Db, id: DeviceId): Promise<Device> {
  return showDevice(await atOneMoment(db, async (tx) => oneDevice(tx, id)));
}

/** The device's own row. Faults: `not-found`. */
export async function existingDevice(db: Db, id: DeviceId): Promise<typeof device.$inferSelect> {
  const rows = await db.select().from(device).where(and(eq(device.id, id), notForgotten));
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
