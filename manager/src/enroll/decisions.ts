/** What a person decides about a device: to let it in, or to trust it no more. */
import { and, asc, eq, gt } from 'drizzle-orm';
import { PendingDevice } from '@pier/shared/api';
import { type DeviceId, Fault, check, isoTime } from '@pier/shared/core';
import { type Db, device, deviceLive, inTransaction, pendingDevice, storeAudit } from '../db/index.ts';
import { type Handlers, keyAfter, pageOf } from '../http/index.ts';
import type { EnrollDeps } from './enroll.ts';
import { type StoredDevice, forgetPending, supersedeDeployments } from './store.ts';

type DecisionHandlers = Pick<Handlers, 'listPending' | 'approveDevice' | 'revokeDevice'>;
type Decision = { readonly id: DeviceId; readonly actor: string; readonly remark: string | undefined };

export function decisionHandlers(deps: EnrollDeps): DecisionHandlers {
  const { db, showDevice } = deps;
  return {
    listPending: async ({ query: { limit, cursor } }) => pageOf({ rows: await listPending(db, keyAfter(cursor), limit + 1), limit, keyOf: ({ device: { id } }) => id, show: showPending }),
    approveDevice: async ({ params: { device: id }, body: { remark }, actor }) => {
      await approve(deps, { id, actor: actor.name, remark });
      return showDevice(id);
    },
    revokeDevice: async ({ params: { device: id }, body: { remark }, actor }) => {
      await revoke(deps, { id, actor: actor.name, remark });
      // After the commit: whoever connects from here on is refused, and whoever is connected is not for longer.
      deps.revocations.add(id);
      deps.log.warn({ device: id, by: actor.name }, 'device.revoked');
      return showDevice(id);
    },
  };
}

/** Letting in twice is letting in. Faults: `not-found`, `conflict` for a revoked device. */
async function approve({ db, clock, log }: EnrollDeps, { id, actor, remark }: Decision): Promise<void> {
  await inTransaction(db, async (tx) => {
    const { state, keyId } = await lockDevice(tx, id);
    if (state === 'active') return;
    if (state !== 'pending') throw new Fault('conflict', `device "${id}" is ${state}; it can come again only with a new key and a new claim token`);
    await tx.update(device).set({ state: 'active' }).where(eq(device.id, id));
    await storeAudit(tx, [{ actor, action: 'device.approved', object: `device:${id}`, detail: { keyId, ...(remark !== undefined && { remark }) } }], clock.nowMs());
    log.info({ device: id, by: actor }, 'device.approved');
  });
}

/** What it was assigned stays as it is: nothing is sent to it any more, and no rollout waits for it. Revoking twice is revoking. Faults: `not-found`. */
async function revoke({ db, clock, wake }: EnrollDeps, { id, actor, remark }: Decision): Promise<void> {
  const nowMs = clock.nowMs();
  await inTransaction(db, async (tx) => {
    const { state } = await lockDevice(tx, id);
    if (state === 'revoked') return;
    await tx.update(device).set({ state: 'revoked' }).where(eq(device.id, id));
    await tx.update(deviceLive).set({ online: false, awaitedSince: null }).where(eq(deviceLive.deviceId, id));
    await forgetPending(tx, id);
    await storeAudit(tx, [{ actor, action: state === 'pending' ? 'device.denied' : 'device.revoked', object: `device:${id}`, detail: remark === undefined ? {} : { remark } }], nowMs);
    await supersedeDeployments(tx, { id, reason: { code: 'device.revoked', reason: `${actor} ended the trust in the device` }, actor, nowMs });
  });
  wake();
}

async function lockDevice(tx: Db, id: DeviceId): Promise<StoredDevice> {
  const [found] = await tx.select().from(device).where(eq(device.id, id)).for('update');
  if (!found) throw new Fault('not-found', `there is no device "${id}"`);
  return found;
}

type PendingRow = { readonly device: StoredDevice; readonly pending_device: typeof pendingDevice.$inferSelect };

async function listPending(db: Db, after: string | undefined, limit: number): Promise<PendingRow[]> {
  return db
    .select()
    .from(device)
    .innerJoin(pendingDevice, eq(pendingDevice.deviceId, device.id))
    .where(and(eq(device.state, 'pending'), after === undefined ? undefined : gt(device.id, after)))
    .orderBy(asc(device.id))
    .limit(limit);
}

function showPending({ device: { id, name, model, keyId }, pending_device: { tokenId, askedAt } }: PendingRow): PendingDevice {
  return check(PendingDevice, { device: id, name, model, fingerprint: keyId, token: tokenId, askedAt: isoTime(askedAt.getTime()) }, { what: `pending device ${id}`, code: 'internal' });
}
