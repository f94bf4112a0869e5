/** What people change about a device: its name and tags, and which of its lines and ports an app may use. */
import { and, eq, isNotNull } from 'drizzle-orm';
import { type Clock, Fault, canonicalJson } from '@pier/shared/core';
import type { Bindings } from '@pier/shared/capability';
import { BoardProfile } from '@pier/shared/hardware';
import type { Device } from '@pier/shared/api';
import { type Db, assignment, binding, device, inTransaction, storeAudit } from '../db/index.ts';
import type { RequestOf } from '../http/index.ts';
import { bindingsOf, writeDesired } from './desired.ts';
import { existingDevice, readDevice, refuseNul } from './query.ts';
import { checkBindings } from './rules.ts';
import { lockDevices } from './store.ts';

export type ChangeDeps = { readonly db: Db; readonly clock: Clock; readonly schedulerPem: string; readonly wake: () => void };

/** Names a device, or replaces its tags; what was and what is goes into the audit. Rollouts are woken: their selectors may match now. */
export async function changeDevice({ db, clock, wake }: ChangeDeps, { params: { device: id }, body: { name, tags }, actor }: RequestOf<'changeDevice'>): Promise<Device> {
  refuseNul('body: name', name ?? '');
  refuseNul('body: tags', ...Object.values(tags ?? {}));
  const changed = await inTransaction(db, async (tx) => {
    await lockDevices(tx, [id]);
    const row = await existingDevice(tx, id);
    const before = { name: row.name, tags: row.tags };
    const after = { name: name ?? row.name, tags: tags ?? row.tags };
    if (canonicalJson(before) === canonicalJson(after)) return false;
    await tx.update(device).set(after).where(eq(device.id, id));
    await storeAudit(tx, [{ actor: actor.name, action: 'device.changed', object: `device:${id}`, detail: { before, after } }], clock.nowMs());
    return true;
  });
  if (changed) wake();
  return readDevice(db, id);
}

/** Stores an operator's consent. The same bindings once more change nothing, so that a script may say them again. */
export async function putBindings(deps: ChangeDeps, { params: { device: id, app }, body, actor }: RequestOf<'putBindings'>): Promise<Bindings> {
  const nowMs = deps.clock.nowMs();
  await inTransaction(deps.db, async (tx) => {
    await lockDevices(tx, [id]);
    const row = await existingDevice(tx, id);
    if (row.state !== 'active') throw new Fault('conflict', `device "${id}" is ${row.state}; only an active device takes bindings`);
    const stored = (await bindingsOf(tx, [id])).get(id) ?? new Map<string, Bindings>();
    const before = stored.get(app);
    stored.delete(app);
    const verdict = checkBindings({ app, bindings: body, others: stored, profile: BoardProfile.parse(row.profile) });
    if (!verdict.ok) throw new Fault(verdict.refusal.code, verdict.refusal.reason);
    if (before && canonicalJson(before) === canonicalJson(body)) return;
    const written = { bindings: body, setBy: actor.name, updatedAt: new Date(nowMs) };
    await tx.insert(binding).values({ deviceId: id, app, ...written }).onConflictDoUpdate({ target: [binding.deviceId, binding.app], set: written });
    await storeAudit(tx, [{ actor: actor.name, action: 'binding.set', object: `device:${id}`, detail: { app, before: before ?? null, after: body } }], nowMs);
    const assigned = await tx.select({ app: assignment.app }).from(assignment).where(and(eq(assignment.deviceId, id), eq(assignment.app, app), isNotNull(assignment.releaseId)));
    if (assigned.length > 0) await writeDesired(tx, [id], { schedulerPem: deps.schedulerPem, nowMs });
  });
  deps.wake();
  return body;
}
