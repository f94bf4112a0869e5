/** What is read to render a device's document. */
import { type DeviceId as Id, AppName, DeviceId, Digest, Version } from '@pier/shared/core';
import { Bindings } from '@pier/shared/capability';
import { Reported } from '@pier/shared/wire';
import { and, eq, gt, max, sql } from 'drizzle-orm';
import { type Db, assignment, binding, deviceLive, deviceState, isAnyOf, policy, release } from '../db/index.ts';
import type { AssignedApp } from './rules.ts';

const releaseColumns = { repository: release.repository, digest: release.digest, version: release.version, counter: release.counter };

/** An app on a device, as the key of a map. */
export function placeKey(device: string, app: string): string {
  return `${device}/${app}`;
}

/** What is assigned of an app, withdrawals included. */
export type StoredAssignment = Omit<AssignedApp, 'release'> & { readonly device: string; readonly release: AssignedApp['release'] | null };

export async function assignmentsTo(tx: Db, ids: readonly string[]): Promise<StoredAssignment[]> {
  const rows = await tx
    .select({ device: assignment.deviceId, app: assignment.app, attempt: assignment.attempt, soakS: assignment.soakS, release: releaseColumns })
    .from(assignment)
    .leftJoin(release, eq(release.id, assignment.releaseId))
    .where(isAnyOf(assignment.deviceId, ids));
  return rows.map((row) => ({ ...row, app: AppName.parse(row.app), release: row.release && readRelease(row.release) }));
}

export async function releasesNamed(tx: Db, ids: readonly string[]): Promise<Map<string, AssignedApp['release']>> {
  const rows = ids.length === 0 ? [] : await tx.select({ id: release.id, ...releaseColumns }).from(release).where(isAnyOf(release.id, [...new Set(ids)]));
  return new Map(rows.map((row) => [row.id, readRelease(row)]));
}

function readRelease({ repository, digest, version, counter }: { repository: string; digest: string; version: string; counter: number }): AssignedApp['release'] {
  return { repository, digest: Digest.parse(digest), version: Version.parse(version), counter };
}

/** The attempts that devices say they have seen, by `placeKey`. */
export async function reportedAttempts(tx: Db, devices: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.select({ id: deviceState.deviceId, reported: deviceState.reported }).from(deviceState).where(isAnyOf(deviceState.deviceId, devices));
  const attempts = rows.flatMap((row) => Object.entries(Reported.shape.apps.safeParse(row.reported?.['apps']).data ?? {}).map(([app, one]) => [placeKey(row.id, app), one.attempt ?? 0] as const));
  return new Map(attempts);
}

export async function newestPolicy(tx: Db): Promise<number> {
  const rows = await tx.select({ number: max(policy.number) }).from(policy);
  return rows[0]?.number ?? 0;
}

export async function revsOf(tx: Db, ids: readonly string[]): Promise<Map<string, { previous: number; reported: number }>> {
  const rows = await tx
    .select({ id: deviceState.deviceId, previous: deviceState.rev, reported: deviceLive.rev })
    .from(deviceState)
    .leftJoin(deviceLive, and(eq(deviceLive.deviceId, deviceState.deviceId), isAnyOf(deviceLive.deviceId, ids)))
    .where(isAnyOf(deviceState.deviceId, ids));
  return new Map(rows.map((row) => [row.id, { previous: row.previous, reported: row.reported ?? 0 }]));
}

/** The stored bindings of devices, by device and app. */
export async function bindingsOf(db: Db, ids: readonly string[]): Promise<Map<string, Map<string, Bindings>>> {
  const rows = await db.select().from(binding).where(isAnyOf(binding.deviceId, ids));
  const out = new Map<string, Map<string, Bindings>>();
  for (const row of rows) out.set(row.deviceId, new Map([...(out.get(row.deviceId) ?? []), [row.app, Bindings.parse(row.bindings)]]));
  return out;
}

/** Devices that were ever given a document, and none since the newest policy came; by id. */
export async function idsBehindPolicy(db: Db, { after, limit }: { after: string; limit: number }): Promise<Id[]> {
  const behind = and(gt(deviceState.deviceId, after), gt(deviceState.rev, 0), sql`${deviceState.policyNumber} < (select max(${policy.number}) from ${policy})`);
  const rows = await db.select({ id: deviceState.deviceId }).from(deviceState).where(behind).orderBy(deviceState.deviceId).limit(limit);
  return rows.map((row) => DeviceId.parse(row.id));
}
