import { type SQL, and, asc, desc, eq, gte, isNotNull, lte, sql } from 'drizzle-orm';
import { type AppName, type DeviceId, AppName as AppNameSchema } from '@pier/shared/core';
import { type Db, assignment, inTransaction, rowsAs, telemetry } from '../db/index.ts';

export const keptMs = 7 * 86_400_000;
const samplesMax = 1_000_000;
const chunkMax = 10_000;
/** Apps whose telemetry is asked for when no app is named. */
const appsMax = 16;

export type Sample = { readonly device: DeviceId; readonly app: AppName; readonly gen: number; readonly boot: number; readonly n: number; readonly series: string; readonly value: number; readonly unit: string; readonly atMs: number };

/** Stores samples, each once, all of them or none. In the order of their keys, so that two batches cannot deadlock. */
export async function storeSamples(db: Db, samples: readonly Sample[]): Promise<void> {
  if (samples.length === 0) return;
  const sorted = samples.toSorted((a, b) => (a.device < b.device ? -1 : a.device > b.device ? 1 : a.app < b.app ? -1 : a.app > b.app ? 1 : a.gen - b.gen || a.boot - b.boot || a.n - b.n));
  await inTransaction(db, async (tx) => {
    for (let from = 0; from < sorted.length; from += chunkMax) {
      const set = rowsAs('u', sorted.slice(from, from + chunkMax), {
        device_id: ['text', (row) => row.device],
        app: ['text', (row) => row.app],
        gen: ['bigint', (row) => row.gen],
        boot: ['bigint', (row) => row.boot],
        n: ['bigint', (row) => row.n],
        series: ['text', (row) => row.series],
        value: ['float8', (row) => row.value],
        unit: ['text', (row) => row.unit],
        at: ['timestamptz', (row) => new Date(row.atMs).toISOString()],
      });
      await tx.execute(sql`insert into ${telemetry} (device_id, app, gen, boot, n, series, value, unit, at) select u.* from ${set} on conflict do nothing`);
    }
  });
}

export type Key = { readonly atMs: number; readonly app: string; readonly gen: number; readonly boot: number; readonly n: number };
type Wanted = { readonly device: DeviceId; readonly app: string | undefined; readonly series: string | undefined; readonly sinceMs: number; readonly after: Key | undefined; readonly order: 'asc' | 'desc'; readonly limit: number };

/** Samples of a device by their time, in either direction, after the last one of the page before. */
export async function pageOfSamples(db: Db, { device, app, series, sinceMs, after, order, limit }: Wanted): Promise<(typeof telemetry.$inferSelect)[]> {
  const by = order === 'asc' ? asc : desc;
  return db
    .select()
    .from(telemetry)
    .where(and(eq(telemetry.deviceId, device), gte(telemetry.at, new Date(sinceMs)), app === undefined ? undefined : eq(telemetry.app, app), series === undefined ? undefined : eq(telemetry.series, series), after && isAfter(after, order)))
    .orderBy(by(telemetry.at), by(telemetry.app), by(telemetry.gen), by(telemetry.boot), by(telemetry.n))
    .limit(limit);
}

/** The bound on the time alone is what the index can begin at. */
function isAfter({ atMs, app, gen, boot, n }: Key, order: 'asc' | 'desc'): SQL | undefined {
  const at = new Date(atMs);
  const key = sql`(${telemetry.at}, ${telemetry.app}, ${telemetry.gen}, ${telemetry.boot}, ${telemetry.n})`;
  const last = sql`(${at.toISOString()}::timestamptz, ${app}::text, ${gen}::bigint, ${boot}::bigint, ${n}::bigint)`;
  return order === 'asc' ? and(gte(telemetry.at, at), sql`${key} > ${last}`) : and(lte(telemetry.at, at), sql`${key} < ${last}`);
}

/** The apps that a device is to run now. */
export async function assignedApps(db: Db, device: DeviceId): Promise<AppName[]> {
  const rows = await db.select({ app: assignment.app }).from(assignment).where(and(eq(assignment.deviceId, device), isNotNull(assignment.releaseId))).orderBy(asc(assignment.app)).limit(appsMax);
  return rows.map((row) => AppNameSchema.parse(row.app));
}

/** Removes one chunk of what is older than it is kept. Out: whether there may be more. */
export async function removeOld(db: Db, nowMs: number): Promise<boolean> {
  return removeChunk(db, sql`at < ${new Date(nowMs - keptMs).toISOString()}::timestamptz`);
}

/** Removes one chunk of a device's oldest samples above its share. Out: whether there may be more. */
export async function removeAbove(db: Db, device: string, most = samplesMax): Promise<boolean> {
  return removeChunk(db, sql`device_id = ${device} and at <= (select at from ${telemetry} where device_id = ${device} order by at desc offset ${most} limit 1)`);
}

async function removeChunk(db: Db, which: SQL): Promise<boolean> {
  const result = await db.execute(sql`delete from ${telemetry} where ctid = any(array(select ctid from ${telemetry} where ${which} limit ${chunkMax}))`);
  return (result.rowCount ?? 0) === chunkMax;
}
