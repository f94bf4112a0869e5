import { type DeviceId as Id, AppName, DeviceId, Digest, Fault, Version, canonicalJson, digestOf } from '@pier/shared/core';
import { type Desired, Reported, payloadBytesMax, topics } from '@pier/shared/wire';
import { Bindings } from '@pier/shared/capability';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { and, eq, isNotNull, max, sql } from 'drizzle-orm';
import { type Db, assignment, binding, deviceLive, deviceState, outbox, policy, release } from '../db/index.ts';
import { rowsAs, isAnyOf } from './rows.ts';
import { type AssignedApp, nextAttempt, nextRev, renderDesired } from './rules.ts';

/** What writing a desired document takes, besides a transaction. */
export type Writer = { readonly schedulerPem: string; readonly nowMs: number };

/** What a device should run from now on; a null release takes the app off it. */
export type AssignmentChange = { readonly device: Id; readonly app: AppName; readonly releaseId: string | null; readonly soakS: number; readonly setBy: string; /** Assigned by a person: rollouts leave it alone. */ readonly byHand?: boolean };

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
    .where(and(isAnyOf(assignment.deviceId, devices), isAnyOf(assignment.app, [...new Set(changes.map((change) => change.app))])));
  const previous = new Map(before.map((row) => [`${row.deviceId}/${row.app}`, row.attempt]));
  const reported = await reportedAttempts(tx, devices);
  const rows = changes.map((change) => {
    const key = `${change.device}/${change.app}`;
    const attempt = nextAttempt({ previous: previous.get(key) ?? 0, reported: reported.get(key) ?? 0 });
    return { deviceId: change.device, app: change.app, releaseId: change.releaseId, soakS: change.soakS, setBy: change.setBy, byHand: change.byHand ?? false, attempt };
  });
  const set = rowsAs('u', rows, {
    device_id: ['text', (row) => row.deviceId],
    app: ['text', (row) => row.app],
    release_id: ['text', (row) => row.releaseId],
    attempt: ['bigint', (row) => row.attempt],
    soak_s: ['bigint', (row) => row.soakS],
    set_by: ['text', (row) => row.setBy],
    by_hand: ['boolean', (row) => row.byHand],
  });
  await tx.execute(sql`
    insert into ${assignment} (device_id, app, release_id, attempt, soak_s, set_by, by_hand, updated_at) select u.*, ${new Date(writer.nowMs).toISOString()}::timestamptz from ${set}
    on conflict (device_id, app) do update set release_id = excluded.release_id, soak_s = excluded.soak_s, set_by = excluded.set_by, by_hand = excluded.by_hand,
      attempt = excluded.attempt, updated_at = excluded.updated_at`);
  await writeDesired(tx, devices, writer);
  return new Map(rows.map((row) => [row.deviceId, row.attempt]));
}

async function reportedAttempts(tx: Db, devices: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.select({ id: deviceState.deviceId, reported: deviceState.reported }).from(deviceState).where(isAnyOf(deviceState.deviceId, devices));
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
  const set = rowsAs('u', written, { id: ['text', (row) => row.device], rev: ['bigint', (row) => row.rev], desired: ['jsonb', (row) => row.text], hash: ['text', (row) => row.hash] });
  await tx.execute(sql`
    insert into ${deviceState} (device_id, rev, desired, desired_hash) select u.id, u.rev, u.desired, u.hash from ${set}
    on conflict (device_id) do update set rev = excluded.rev, desired = excluded.desired, desired_hash = excluded.desired_hash`);
  await storeOutbox(tx, written.map(({ device, text }) => ({ topic: topics.desired.of({ device }), payload: text })));
}

function sign(desired: Desired, { schedulerPem }: Writer) {
  const payload = canonicalJson(desired);
  const envelope = signEnvelope({ payloadType: payloadTypes.desired, payload, privatePem: schedulerPem });
  const text = JSON.stringify(envelope);
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > payloadBytesMax) throw new Fault('too-large', `the document for device "${desired.device}" has ${sizeBytes} bytes with its signature; at most ${payloadBytesMax} reach a device`);
  return { device: desired.device, rev: desired.rev, hash: digestOf(payload), text };
}

/** Puts the documents that devices should hold already into the outbox once more. */
export async function resendDesired(tx: Db, devices: readonly Id[]): Promise<void> {
  if (devices.length === 0) return;
  const rows = await tx.select({ id: deviceState.deviceId, desired: deviceState.desired }).from(deviceState).where(and(isAnyOf(deviceState.deviceId, devices), isNotNull(deviceState.desired)));
  await storeOutbox(tx, rows.map(({ id, desired }) => ({ topic: topics.desired.of({ device: id }), payload: JSON.stringify(desired) })));
}

async function storeOutbox(tx: Db, rows: readonly { readonly topic: string; readonly payload: string }[]): Promise<void> {
  if (rows.length > 0) await tx.execute(sql`insert into ${outbox} (topic, payload) select u.topic, u.payload from ${rowsAs('u', rows, { topic: ['text', (row) => row.topic], payload: ['text', (row) => row.payload] })}`);
}

async function newestPolicy(tx: Db): Promise<number> {
  const rows = await tx.select({ number: max(policy.number) }).from(policy);
  return rows[0]?.number ?? 0;
}

async function revsOf(tx: Db, ids: readonly string[]): Promise<Map<string, { previous: number; reported: number }>> {
  const rows = await tx
    .select({ id: deviceState.deviceId, previous: deviceState.rev, reported: deviceLive.rev })
    .from(deviceState)
    .leftJoin(deviceLive, and(eq(deviceLive.deviceId, deviceState.deviceId), isAnyOf(deviceLive.deviceId, ids)))
    .where(isAnyOf(deviceState.deviceId, ids));
  return new Map(rows.map((row) => [row.id, { previous: row.previous, reported: row.reported ?? 0 }]));
}

async function assignedTo(tx: Db, ids: readonly string[]): Promise<Map<string, AssignedApp[]>> {
  const rows = await tx
    .select({ device: assignment.deviceId, app: assignment.app, attempt: assignment.attempt, soakS: assignment.soakS, repository: release.repository, digest: release.digest, version: release.version, counter: release.counter })
    .from(assignment)
    .innerJoin(release, eq(release.id, assignment.releaseId))
    .where(and(isAnyOf(assignment.deviceId, ids), isNotNull(assignment.releaseId)));
  const out = new Map<string, AssignedApp[]>();
  for (const row of rows) {
    const app = { app: AppName.parse(row.app), attempt: row.attempt, soakS: row.soakS, release: { repository: row.repository, digest: Digest.parse(row.digest), version: Version.parse(row.version), counter: row.counter } };
    out.set(row.device, [...(out.get(row.device) ?? []), app]);
  }
  return out;
}

/** The stored bindings of devices, by device and app. */
export async function bindingsOf(db: Db, ids: readonly string[]): Promise<Map<string, Map<string, Bindings>>> {
  const rows = await db.select().from(binding).where(isAnyOf(binding.deviceId, ids));
  const out = new Map<string, Map<string, Bindings>>();
  for (const row of rows) out.set(row.deviceId, new Map([...(out.get(row.deviceId) ?? []), [row.app, Bindings.parse(row.bindings)]]));
  return out;
}

/** Devices that were ever given a document, page by page. */
export async function idsToRefresh(db: Db, { after, limit }: { after: string; limit: number }): Promise<Id[]> {
  const rows = await db.select({ id: deviceState.deviceId }).from(deviceState).where(and(sql`${deviceState.deviceId} > ${after}`, sql`${deviceState.rev} > 0`)).orderBy(deviceState.deviceId).limit(limit);
  return rows.map((row) => DeviceId.parse(row.id));
}
