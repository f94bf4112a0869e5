import { type DeviceId as Id, type AppName, canonicalJson } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type Desired, payloadBytesMax, topics } from '@pier/shared/wire';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { and, isNotNull, lt, sql } from 'drizzle-orm';
import { type Db, assignment, deviceState, isAnyOf, outbox, rowsAs, storeAudit } from '../db/index.ts';
import { type AssignedApp, nextAttempt, nextRev, renderDesired } from './rules.ts';
import { type StoredAssignment, assignmentsTo, bindingsOf, newestPolicy, placeKey, releasesNamed, reportedAttempts, revsOf } from './wanted.ts';

/** What writing a desired document takes, besides a transaction. */
export type Writer = { readonly schedulerPem: string; readonly nowMs: number };

/** What a device should run from now on; a null release takes the app off it. */
export type AssignmentChange = { readonly device: Id; readonly app: AppName; readonly releaseId: string | null; readonly soakS: number; readonly setBy: string; /** Assigned by a person: rollouts leave it alone. */ readonly byHand?: boolean };

/** The attempts that were given, by `placeKey`; and the devices that got nothing, because their document would not fit into a message. */
export type Assigned = { readonly attempts: ReadonlyMap<string, number>; readonly tooLarge: ReadonlySet<string> };

/**
 * Writes the one writable fact, each under a new attempt, and renders the devices concerned into the outbox.
 * At most one change a device and app. The caller holds the devices' locks. Of a device whose document would be too large
 * nothing is changed, and the others get theirs.
 */
export async function assign(tx: Db, changes: readonly AssignmentChange[], writer: Writer): Promise<Assigned> {
  if (changes.length === 0) return { attempts: new Map(), tooLarge: new Set() };
  const devices = [...new Set(changes.map((change) => change.device))].sort();
  const before = await assignmentsTo(tx, devices);
  const reported = await reportedAttempts(tx, devices);
  const releases = await releasesNamed(tx, changes.flatMap((change) => change.releaseId ?? []));
  const previous = new Map(before.map((row) => [placeKey(row.device, row.app), row.attempt]));
  const rows = changes.map((change) => {
    const key = placeKey(change.device, change.app);
    return { ...change, key, attempt: nextAttempt({ previous: previous.get(key) ?? 0, reported: reported.get(key) ?? 0 }), release: change.releaseId === null ? null : (releases.get(change.releaseId) ?? null) };
  });
  const changed = new Set(rows.map(({ key }) => key));
  const { written, tooLarge } = await renderFor(tx, { devices, assigned: [...before.filter((row) => !changed.has(placeKey(row.device, row.app))), ...rows] }, writer);
  const kept = rows.filter(({ device }) => !tooLarge.has(device));
  await storeAssignments(tx, kept, writer);
  await storeWritten(tx, written);
  return { attempts: new Map(kept.map(({ key, attempt }) => [key, attempt])), tooLarge: new Set(tooLarge.keys()) };
}

async function storeAssignments(tx: Db, rows: readonly (AssignmentChange & { attempt: number })[], { nowMs }: Writer): Promise<void> {
  if (rows.length === 0) return;
  const set = rowsAs('u', rows, {
    device_id: ['text', (row) => row.device],
    app: ['text', (row) => row.app],
    release_id: ['text', (row) => row.releaseId],
    attempt: ['bigint', (row) => row.attempt],
    soak_s: ['bigint', (row) => row.soakS],
    set_by: ['text', (row) => row.setBy],
    by_hand: ['boolean', (row) => row.byHand ?? false],
  });
  await tx.execute(sql`
    insert into ${assignment} (device_id, app, release_id, attempt, soak_s, set_by, by_hand, updated_at) select u.*, ${new Date(nowMs).toISOString()}::timestamptz from ${set}
    on conflict (device_id, app) do update set release_id = excluded.release_id, soak_s = excluded.soak_s, set_by = excluded.set_by, by_hand = excluded.by_hand,
      attempt = excluded.attempt, updated_at = excluded.updated_at`);
}

/**
 * Renders, signs and stores the desired documents of devices under a higher revision each, and puts them into the outbox:
 * all in the transaction of the change that calls for it. The caller holds the devices' locks. Out: the devices that keep the
 * document they have, because the new one would not fit into a message; the audit names each, once a policy.
 */
export async function writeDesired(tx: Db, devices: readonly Id[], writer: Writer): Promise<ReadonlySet<string>> {
  if (devices.length === 0) return new Set();
  const ids = [...devices].sort();
  const { written, tooLarge } = await renderFor(tx, { devices: ids, assigned: await assignmentsTo(tx, ids) }, writer);
  await storeWritten(tx, written);
  await storeTooLarge(tx, tooLarge, writer);
  return new Set(tooLarge.keys());
}

/** They were tried for this policy: a device that asks again and again fills no audit, and is not tried for ever. */
async function storeTooLarge(tx: Db, tooLarge: ReadonlyMap<string, number>, { nowMs }: Writer): Promise<void> {
  if (tooLarge.size === 0) return;
  const policyNumber = await newestPolicy(tx);
  const rows = await tx.update(deviceState).set({ policyNumber }).where(and(isAnyOf(deviceState.deviceId, [...tooLarge.keys()]), lt(deviceState.policyNumber, policyNumber))).returning({ device: deviceState.deviceId });
  const told = rows.map(({ device }) => ({ actor: 'system', action: 'desired.too-large', object: `device:${device}`, detail: { sizeBytes: tooLarge.get(device), sizeBytesMax: payloadBytesMax } }));
  await storeAudit(tx, told, nowMs);
}

type Written = ReturnType<typeof sign>;

/** The documents of devices, signed, and the sizes of those that no message could carry. */
async function renderFor(tx: Db, { devices, assigned }: { devices: readonly Id[]; assigned: readonly StoredAssignment[] }, writer: Writer) {
  const [policyNumber, bindings, revs] = [await newestPolicy(tx), await bindingsOf(tx, devices), await revsOf(tx, devices)];
  const apps = Map.groupBy(assigned.flatMap(({ device, app, attempt, soakS, release }) => (release ? [{ device, of: { app, attempt, soakS, release } }] : [])), ({ device }) => device);
  const written: Written[] = [];
  const tooLarge = new Map<string, number>();
  for (const device of devices) {
    const { previous = 0, reported = 0 } = revs.get(device) ?? {};
    const rev = nextRev({ previous, reported, nowMs: writer.nowMs });
    const one = sign(renderDesired({ device, rev, policyNumber, assigned: (apps.get(device) ?? []).map(({ of }) => of), bindings: bindings.get(device) ?? new Map() }), writer);
    if (one.sizeBytes > payloadBytesMax) tooLarge.set(device, one.sizeBytes);
    else written.push(one);
  }
  return { written, tooLarge };
}

async function storeWritten(tx: Db, written: readonly Written[]): Promise<void> {
  if (written.length === 0) return;
  const set = rowsAs('u', written, { id: ['text', (row) => row.device], rev: ['bigint', (row) => row.rev], desired: ['jsonb', (row) => row.text], hash: ['text', (row) => row.hash], policy: ['bigint', (row) => row.policy] });
  await tx.execute(sql`
    insert into ${deviceState} (device_id, rev, desired, desired_hash, policy_number) select u.id, u.rev, u.desired, u.hash, u.policy from ${set}
    on conflict (device_id) do update set rev = excluded.rev, desired = excluded.desired, desired_hash = excluded.desired_hash, policy_number = excluded.policy_number`);
  await storeOutbox(tx, written.map(({ device, text }) => ({ topic: topics.desired.of({ device }), payload: text })));
}

function sign(desired: Desired, { schedulerPem }: Pick<Writer, 'schedulerPem'>) {
  const payload = canonicalJson(desired);
  const text = JSON.stringify(signEnvelope({ payloadType: payloadTypes.desired, payload, privatePem: schedulerPem }));
  return { device: desired.device, rev: desired.rev, policy: desired.policy, hash: digestOf(payload), text, sizeBytes: Buffer.byteLength(text) };
}

/** How large a device's document is with its signature, once it is to run all these apps with these bindings. */
export function sizeOfDesired(of: Pick<Parameters<typeof renderDesired>[0], 'device' | 'bindings'> & { readonly assigned: readonly AssignedApp[] }, writer: Writer): number {
  return sign(renderDesired({ ...of, rev: writer.nowMs, policyNumber: Number.MAX_SAFE_INTEGER }), writer).sizeBytes;
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
