import { and, asc, desc, eq, gt, isNotNull, lt } from 'drizzle-orm';
import { type Clock, type DeviceId, Fault, canonicalJson } from '@pier/shared/core';
import type { Bindings } from '@pier/shared/capability';
import { BoardProfile } from '@pier/shared/hardware';
import { DeviceDetail } from '@pier/shared/api';
import { type Db, assignment, binding, deployment, device, deviceLive, deviceState, event, inTransaction, release, storeAudit } from '../db/index.ts';
import { type Handlers, type RequestOf, keyAfter, pageOf } from '../http/index.ts';
import { bindingsOf, writeDesired } from './desired.ts';
import type { PinWatch } from './pins.ts';
import { checkBindings } from './rules.ts';
import { lockDevices } from './store.ts';
import { showAssignment, showDeployment, showDevice, showRefusal, showReported } from './view.ts';

export type DeviceDeps = { readonly db: Db; readonly clock: Clock; readonly schedulerPem: string; readonly pins: PinWatch; readonly wake: () => void };

const detailRowsMax = 50;

/** The routes under /devices. */
export function deviceHandlers(deps: DeviceDeps): Pick<Handlers, 'listDevices' | 'getDevice' | 'getPins' | 'listRefusals' | 'putBindings'> {
  const { db } = deps;
  return {
    listDevices: async ({ query: { limit, cursor } }) => {
      const after = keyAfter(cursor) ?? '';
      const rows = await db.select().from(device).leftJoin(deviceLive, eq(deviceLive.deviceId, device.id)).where(gt(device.id, after)).orderBy(asc(device.id)).limit(limit + 1);
      return pageOf({ rows, limit, keyOf: (row) => row.device.id, show: (row) => showDevice(row.device, row.device_live) });
    },
    getDevice: async ({ params }) => readDetail(db, params.device),
    getPins: async ({ params }) => {
      await existing(db, params.device);
      return deps.pins.look(params.device);
    },
    listRefusals: async ({ params, query: { limit, cursor } }) => {
      await existing(db, params.device);
      const before = keyAfter(cursor);
      if (before !== undefined && !/^\d{1,15}$/.test(before)) throw new Fault('input-invalid', 'query: cursor: this is not the "next" of an earlier page of refusals');
      const rows = await refusalsOf(db, params.device, { limit: limit + 1, ...(before === undefined ? {} : { before: Number(before) }) });
      return pageOf({ rows, limit, keyOf: (row) => String(row.id), show: showRefusal });
    },
    putBindings: async (request) => putBindings(deps, request),
  };
}

async function existing(db: Db, id: DeviceId): Promise<typeof device.$inferSelect> {
  const rows = await db.select().from(device).where(eq(device.id, id));
  if (!rows[0]) throw new Fault('not-found', `there is no device "${id}"`);
  return rows[0];
}

async function refusalsOf(db: Db, id: DeviceId, { limit, before }: { limit: number; before?: number }) {
  const older = before === undefined ? undefined : lt(event.id, before);
  return db.select().from(event).where(and(eq(event.deviceId, id), isNotNull(event.code), older)).orderBy(desc(event.id)).limit(limit);
}

async function readDetail(db: Db, id: DeviceId): Promise<DeviceDetail> {
  const rows = await db
    .select()
    .from(device)
    .leftJoin(deviceLive, eq(deviceLive.deviceId, device.id))
    .leftJoin(deviceState, eq(deviceState.deviceId, device.id))
    .where(eq(device.id, id));
  const row = rows[0];
  if (!row) throw new Fault('not-found', `there is no device "${id}"`);
  const bindings = (await bindingsOf(db, [id])).get(id) ?? new Map<string, Bindings>();
  const assigned = await db.select().from(assignment).innerJoin(release, eq(release.id, assignment.releaseId)).where(eq(assignment.deviceId, id)).orderBy(asc(assignment.app));
  const deployments = await db.select().from(deployment).where(eq(deployment.deviceId, id)).orderBy(desc(deployment.rolloutId)).limit(detailRowsMax);
  const refusals = await refusalsOf(db, id, { limit: detailRowsMax });
  return {
    ...showDevice(row.device, row.device_live),
    profile: DeviceDetail.shape.profile.parse(row.device.profile),
    bindings: Object.fromEntries(bindings),
    assignments: assigned.map((one) => showAssignment(one.assignment, one.release)),
    reported: showReported(row.device_state?.reported),
    refusals: refusals.map(showRefusal),
    deployments: deployments.map(showDeployment),
  };
}

/** Stores an operator's consent. The same bindings once more change nothing, so that a script may say them again. */
async function putBindings(deps: DeviceDeps, { params: { device: id, app }, body, actor }: RequestOf<'putBindings'>): Promise<Bindings> {
  const nowMs = deps.clock.nowMs();
  await inTransaction(deps.db, async (tx) => {
    await lockDevices(tx, [id]);
    const row = await existing(tx, id);
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
