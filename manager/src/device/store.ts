import { and, asc, eq, inArray, lt, sql } from 'drizzle-orm';
import type { DeviceId } from '@pier/shared/core';
import type { Event, Presence, Reported } from '@pier/shared/wire';
import { type Db, device, deviceLive, deviceState, event } from '../db/index.ts';

/** Events kept per device; older ones are dropped, so that a device that reports without end fills no disk. */
const eventsMax = 1_000;

/**
 * Locks devices, in the order of their ids. Whoever changes what a device should run, or takes its word on what it runs,
 * holds this lock: it is the one place where rollouts, bindings and reports of a device meet.
 */
export async function lockDevices(tx: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.select({ id: device.id }).from(device).where(inArray(device.id, [...ids])).orderBy(asc(device.id)).for('no key update');
}

export type Standing = {
  readonly state: string;
  readonly generation: number;
  readonly online: boolean;
  readonly rev: number;
  readonly desiredHash: string | null;
  readonly reportedRev: number;
};

/** What a device's message is judged by; undefined when the manager knows no such device. */
export async function standingOf(db: Db, id: string): Promise<Standing | undefined> {
  const rows = await db
    .select({ state: device.state, generation: device.generation, online: deviceLive.online, reportedRev: deviceLive.rev, rev: deviceState.rev, desiredHash: deviceState.desiredHash })
    .from(device)
    .leftJoin(deviceLive, eq(deviceLive.deviceId, device.id))
    .leftJoin(deviceState, eq(deviceState.deviceId, device.id))
    .where(eq(device.id, id));
  const row = rows[0];
  return row && { ...row, online: row.online ?? false, reportedRev: row.reportedRev ?? 0, rev: row.rev ?? 0 };
}

type Online = Extract<Presence, { online: true }>;

/** Stores a birth or heartbeat; false when a newer one is stored already. */
export async function storeOnline(db: Db, { id, presence, nowMs }: { id: DeviceId; presence: Online; nowMs: number }): Promise<boolean> {
  const { gen, boot, seq, conn, agent, rev } = presence;
  const said = { online: true, conn, agent, gen, boot, seq, rev, lastSeenAt: new Date(nowMs) };
  const stored = await db
    .insert(deviceLive)
    .values({ deviceId: id, ...said })
    .onConflictDoUpdate({ target: deviceLive.deviceId, set: said, setWhere: sql`(${deviceLive.gen}, ${deviceLive.boot}, ${deviceLive.seq}) < (${gen}, ${boot}, ${seq})` })
    .returning({ id: deviceLive.deviceId });
  return stored.length > 0;
}

/** Stores a will. It speaks for its own connection only: a late one cannot undo a newer birth. */
export async function storeOffline(db: Db, { id, conn, gen }: { id: DeviceId; conn: string; gen: number }): Promise<boolean> {
  const stored = await db
    .update(deviceLive)
    .set({ online: false })
    .where(and(eq(deviceLive.deviceId, id), eq(deviceLive.conn, conn), eq(deviceLive.gen, gen), eq(deviceLive.online, true)))
    .returning({ id: deviceLive.deviceId });
  return stored.length > 0;
}

/** Marks devices offline whose heartbeats stopped without a will: a broker that died takes its wills with it. */
export async function storeSilent(db: Db, silentSinceMs: number): Promise<number> {
  const silent = await db
    .update(deviceLive)
    .set({ online: false })
    .where(and(eq(deviceLive.online, true), lt(deviceLive.lastSeenAt, new Date(silentSinceMs))))
    .returning({ id: deviceLive.deviceId });
  return silent.length;
}

/** Stores a report; false when a newer one is stored already. */
export async function storeReported(tx: Db, { id, reported, nowMs }: { id: DeviceId; reported: Reported; nowMs: number }): Promise<boolean> {
  const { gen, boot, seq, ...said } = reported;
  const row = { reported: said, gen, boot, seq, reportedAt: new Date(nowMs) };
  const stored = await tx
    .insert(deviceState)
    .values({ deviceId: id, ...row })
    .onConflictDoUpdate({ target: deviceState.deviceId, set: row, setWhere: sql`(${deviceState.gen}, ${deviceState.boot}, ${deviceState.seq}) < (${gen}, ${boot}, ${seq})` })
    .returning({ id: deviceState.deviceId });
  return stored.length > 0;
}

/** Stores an event once, and lets go of the oldest above the limit. */
export async function storeEvent(tx: Db, { id, fact, nowMs }: { id: DeviceId; fact: Event; nowMs: number }): Promise<void> {
  const { gen, boot, seq, type, app = null, digest = null, attempt = null, code = null, reason = null } = fact;
  const row = { deviceId: id, gen, boot, seq, type, app, digest, attempt, code, reason, receivedAt: new Date(nowMs) };
  const stored = await tx.insert(event).values(row).onConflictDoNothing().returning({ id: event.id });
  if (stored.length === 0) return;
  await tx.delete(event).where(and(eq(event.deviceId, id), sql`${event.id} <= (select id from ${event} where device_id = ${id} order by id desc offset ${eventsMax} limit 1)`));
}
