/** What people change about a device: its name and tags, and which of its lines and ports an app may use. */
import { eq } from 'drizzle-orm';
import { type Clock, type DeviceId, AppName, Fault, Version, canonicalJson, check } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import type { Bindings } from '@pier/shared/capability';
import { BoardProfile } from '@pier/shared/hardware';
import { type Device, type DeviceChange, Tags } from '@pier/shared/api';
import { type Db, binding, device, inTransaction, storeAudit } from '../db/index.ts';
import type { RequestOf } from '../http/index.ts';
import { payloadBytesMax } from '@pier/shared/wire';
import { type Writer, sizeOfDesired, writeDesired } from './desired.ts';
import { existingDevice, readDevice, refuseNul } from './query.ts';
import { type AssignedApp, checkBindings } from './rules.ts';
import { lockDevices } from './store.ts';
import { assignmentsTo, bindingsOf } from './wanted.ts';

export type ChangeDeps = { readonly db: Db; readonly clock: Clock; readonly schedulerPem: string; readonly wake: () => void };

/**
 * Names a device, or changes its tags; what was and what is goes into the audit. A dynamic rollout whose selector matches now
 * takes the device in at its next look at the fleet. Faults: `not-found`, `input-invalid` for more tags than a device can have.
 */
export async function changeDevice({ db, clock, wake }: ChangeDeps, { params: { device: id }, body, actor }: RequestOf<'changeDevice'>): Promise<Device> {
  refuseNul('body: name', body.name ?? '');
  refuseNul('body: tags', ...Object.values({ ...body.tags, ...body.setTags }));
  const changed = await inTransaction(db, async (tx) => {
    await lockDevices(tx, [id]);
    const row = await existingDevice(tx, id);
    const before = { name: row.name, tags: row.tags };
    const after = { name: body.name ?? row.name, tags: changedTags(row.tags, body) };
    if (canonicalJson(before) === canonicalJson(after)) return false;
    await tx.update(device).set(after).where(eq(device.id, id));
    await storeAudit(tx, [{ actor: actor.name, action: 'device.changed', object: `device:${id}`, detail: { before, after } }], clock.nowMs());
    return true;
  });
  if (changed) wake();
  return readDevice(db, id);
}

/** Made of what is there under the device's lock: of two people who each change a tag, both get their way. */
function changedTags(before: Tags, { tags = before, setTags, removeTags = [] }: DeviceChange): Tags {
  const kept = Object.entries(tags).filter(([key]) => !removeTags.includes(key));
  return check(Tags, { ...Object.fromEntries(kept), ...setTags }, { what: 'tags of the device' });
}

/**
 * Stores an operator's consent. The same bindings once more change nothing, so that a script may say them again.
 * Faults: those of `checkBindings`, and `too-large` where the device's document would not fit into a message.
 */
export async function putBindings(deps: ChangeDeps, { params: { device: id, app }, body, actor }: RequestOf<'putBindings'>): Promise<Bindings> {
  const nowMs = deps.clock.nowMs();
  await inTransaction(deps.db, async (tx) => {
    await lockDevices(tx, [id]);
    const row = await existingDevice(tx, id);
    if (row.state !== 'active') throw new Fault('conflict', `device "${id}" is ${row.state}; only an active device takes bindings`);
    const stored = (await bindingsOf(tx, [id])).get(id) ?? new Map<string, Bindings>();
    const before = stored.get(app);
    const others = new Map([...stored].filter(([other]) => other !== app));
    const verdict = checkBindings({ app, bindings: body, others, profile: BoardProfile.parse(row.profile) });
    if (!verdict.ok) throw new Fault(verdict.refusal.code, verdict.refusal.reason);
    if (before && canonicalJson(before) === canonicalJson(body)) return;
    const written = { bindings: body, setBy: actor.name, updatedAt: new Date(nowMs) };
    await tx.insert(binding).values({ deviceId: id, app, ...written }).onConflictDoUpdate({ target: [binding.deviceId, binding.app], set: written });
    await storeAudit(tx, [{ actor: actor.name, action: 'binding.set', object: `device:${id}`, detail: { app, before: before ?? null, after: body } }], nowMs);
    const writer = { schedulerPem: deps.schedulerPem, nowMs };
    const assigned = (await assignmentsTo(tx, [id])).flatMap((one) => (one.release ? [one.app] : []));
    checkSize({ device: id, app, before: stored, after: new Map([...others, [app, body]]), assigned }, writer);
    if (assigned.includes(app)) await writeDesired(tx, [id], writer);
  });
  deps.wake();
  return body;
}

/** The most that an app takes of a document apart from its bindings: another release of it may be assigned any day. */
const largest: Omit<AssignedApp, 'app'> = {
  attempt: Number.MAX_SAFE_INTEGER,
  soakS: 7 * 86_400,
  release: { repository: 'r'.repeat(255), digest: digestOf(''), version: Version.parse('v'.repeat(64)), counter: Number.MAX_SAFE_INTEGER },
};

type Sizes = { readonly device: DeviceId; readonly app: AppName; readonly before: ReadonlyMap<string, Bindings>; readonly after: ReadonlyMap<string, Bindings>; readonly assigned: readonly AppName[] };

/** Bindings count from the day they are set, or an offer could never reach the device. What makes a document smaller is always taken. */
function checkSize({ device: id, app, before, after, assigned }: Sizes, writer: Writer): void {
  const sizeWith = (bindings: ReadonlyMap<string, Bindings>): number => {
    const apps = [...new Set([...assigned, ...bindings.keys()])].map((name) => ({ ...largest, app: AppName.parse(name) }));
    return sizeOfDesired({ device: id, bindings, assigned: apps }, writer);
  };
  const sizeBytes = sizeWith(after);
  if (sizeBytes <= payloadBytesMax || sizeBytes <= sizeWith(before)) return;
  throw new Fault('too-large', `with these bindings of app ${app}, the document for device "${id}" could have ${sizeBytes} bytes with its signature; at most ${payloadBytesMax} reach a device: bind fewer labels, here or for another app`);
}
