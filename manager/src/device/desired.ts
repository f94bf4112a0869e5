import { type DeviceId as Id, AppName, DeviceId, Digest, Fault, Version, canonicalJson, digestOf } from '@pier/shared/core';
import { type Desired, Reported, payloadBytesMax, topics } from '@pier/shared/wire';
import { Bindings } from '@pier/shared/capability';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { and, eq, inArray, isNotNull, max, sql } from 'drizzle-orm';
import { type Db, assignment, binding, deviceLive, deviceState, outbox, policy, release } from '../db/index.ts';
import { type AssignedApp, nextAttempt, nextRev, renderDesired } from './rules.ts';

/** What writing a desired document takes, besides a transaction. */
export type Writer = { readonly schedulerPem: string; readonly nowMs: number };

/** What a device should run from now on; a null release takes the app off it. */
export type AssignmentChange = { readonly device: Id; readonly app: AppName; readonly releaseId: string | null; readonly soakS: number; readonly setBy: string };

/**
 * Writes the one writable fact, each under a new attempt, and renders the devices concerned into the outbox.
 * At most one change a device and app. The caller holds the devices' locks. Out: each device's attempt.
 */
export async function assign(tx: Db, changes: readonly AssignmentChange[], writer: Writer): Promise<Map<string, number>> {
  if (changes.length === 0) return new Map();
  const devices = [...new Set(changes.map((change) => change.device))];
  const before = await tx
    .select({ deviceId: assignment.deviceId, app: assignment.app, attempt: assignment.attempt })
    .from(assignment)
    .where(and(inArray(assignment.deviceId, devices), inArray(assignment.app, [...new Set(changes.map((change) => change.app))])));
  const previous = new Map(before.map((row) => [`${row.deviceId}/${row.app}`, row.attempt]));
  const reported = await reportedAttempts(tx, devices);
  const rows = changes.map((change) => {
    const key = `${change.device}/${change.app}`;
    const attempt = nextAttempt({ previous: previous.get(key) ?? 0, reported: reported.get(key) ?? 0 });
    return { deviceId: change.device, app: change.app, releaseId: change.releaseId, soakS: change.soakS, setBy: change.setBy, attempt, updatedAt: new Date(writer.nowMs) };
  });
  await tx
    .insert(assignment)
    .values(rows)
    .onConflictDoUpdate({
      target: [assignment.deviceId, assignment.app],
      set: { releaseId: sql`excluded.release_id`, soakS: sql`excluded.soak_s`, setBy: sql`excluded.set_by`, attempt: sql`excluded.attempt`, updatedAt: sql`excluded.updated_at` },
    });
  await writeDesired(tx, devices, writer);
  return new Map(rows.map((row) => [row.deviceId, row.attempt]));
}

async function reportedAttempts(tx: Db, devices: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.select({ id: deviceState.deviceId, reported: deviceState.reported }).from(deviceState).where(inArray(deviceState.deviceId, [...devices]));
  const attempts = rows.flatMap((row) => Object.entries(Reported.shape.apps.safeParse(row.reported?.['apps']).data ?? {}).map(([app, one]) => [`${row.id}/${app}`, one.attempt ?? 0] as const));
  return new Map(attempts);
}

/**
 * Renders, signs and stores the desired documents of devices under a higher revision each, and puts them into the outbox:
 * all in the transaction of the change that calls for it. The caller holds the devices' locks.
 */
export async function writeDesired(tx: Db, devices: readonly Id[], writer: Writer): Promise<void> {
  if (devices.length === 0) return;
  const ids = [...devices].sort();
  const [policyNumber, assigned, bindings, revs] = [await newestPolicy(tx), await assignedTo(tx, ids), await bindingsOf(tx, ids), await revsOf(tx, ids)];
  const written = ids.map((device) => {
    const { previous = 0, reported = 0 } = revs.get(device) ?? {};
    const rev = nextRev({ previous, reported, nowMs: writer.nowMs });
    return sign(renderDesired({ device, rev, policyNumber, assigned: assigned.get(device) ?? [], bindings: bindings.get(device) ?? new Map() }), writer);
  });
  await tx
    .insert(deviceState)
    .values(written.map(({ device, rev, envelope, hash }) => ({ deviceId: device, rev, desired: envelope, desiredHash: hash })))
    .onConflictDoUpdate({ target: deviceState.deviceId, set: { rev: sql`excluded.rev`, desired: sql`excluded.desired`, desiredHash: sql`excluded.desired_hash` } });
  await tx.insert(outbox).values(written.map(({ device, envelope }) => ({ topic: topics.desired.of({ device }), payload: JSON.stringify(envelope) })));
}

function sign(desired: Desired, { schedulerPem }: Writer) {
  const payload = canonicalJson(desired);
  const envelope = signEnvelope({ payloadType: payloadTypes.desired, payload, privatePem: schedulerPem });
  const sizeBytes = Buffer.byteLength(JSON.stringify(envelope));
  if (sizeBytes > payloadBytesMax) throw new Fault('too-large', `the document for device "${desired.device}" has ${sizeBytes} bytes with its signature; at most ${payloadBytesMax} reach a device`);
  return { device: desired.device, rev: desired.rev, hash: digestOf(payload), envelope };
}

/** Puts the document that a device should hold already into the outbox once more. */
export async function resendDesired(tx: Db, device: Id): Promise<void> {
  const rows = await tx.select({ desired: deviceState.desired }).from(deviceState).where(eq(deviceState.deviceId, device));
  const desired = rows[0]?.desired;
  if (desired) await tx.insert(outbox).values({ topic: topics.desired.of({ device }), payload: JSON.stringify(desired) });
}

async function newestPolicy(tx: Db): Promise<number> {
  const rows = await tx.select({ number: max(policy.number) }).from(policy);
  return rows[0]?.number ?? 0;
}

async function revsOf(tx: Db, ids: readonly string[]): Promise<Map<string, { previous: number; reported: number }>> {
  const rows = await tx
    .select({ id: deviceState.deviceId, previous: deviceState.rev, reported: deviceLive.rev })
    .from(deviceState)
    .leftJoin(deviceLive, and(eq(deviceLive.deviceId, deviceState.deviceId), inArray(deviceLive.deviceId, [...ids])))
    .where(inArray(deviceState.deviceId, [...ids]));
  return new Map(rows.map((row) => [row.id, { previous: row.previous, reported: row.reported ?? 0 }]));
}

async function assignedTo(tx: Db, ids: readonly string[]): Promise<Map<string, AssignedApp[]>> {
  const rows = await tx
    .select({ device: assignment.deviceId, app: assignment.app, attempt: assignment.attempt, soakS: assignment.soakS, repository: release.repository, digest: release.digest, version: release.version, counter: release.counter })
    .from(assignment)
    .innerJoin(release, eq(release.id, assignment.releaseId))
    .where(and(inArray(assignment.deviceId, [...ids]), isNotNull(assignment.releaseId)));
  const out = new Map<string, AssignedApp[]>();
  for (const row of rows) {
    const app = { app: AppName.parse(row.app), attempt: row.attempt, soakS: row.soakS, release: { repository: row.repository, digest: Digest.parse(row.digest), version: Version.parse(row.version), counter: row.counter } };
    out.set(row.device, [...(out.get(row.device) ?? []), app]);
  }
  return out;
}

/** The stored bindings of devices, by device and app. */
export async function bindingsOf(db: Db, ids: readonly string[]): Promise<Map<string, Map<string, Bindings>>> {
  const rows = await db.select().from(binding).where(inArray(binding.deviceId, [...ids]));
  const out = new Map<string, Map<string, Bindings>>();
  for (const row of rows) out.set(row.deviceId, new Map([...(out.get(row.deviceId) ?? []), [row.app, Bindings.parse(row.bindings)]]));
  return out;
}

/** Devices that were ever given a document, page by page. */
export async function idsToRefresh(db: Db, { after, limit }: { after: string; limit: number }): Promise<Id[]> {
  const rows = await db.select({ id: deviceState.deviceId }).from(deviceState).where(and(sql`${deviceState.deviceId} > ${after}`, sql`${deviceState.rev} > 0`)).orderBy(deviceState.deviceId).limit(limit);
  return rows.map((row) => DeviceId.parse(row.id));
}
