/**
 * A device that is trusted no more, and of which nothing more is to be seen. The attack this stops: somebody who has the board,
 * and waits until nobody remembers that it was revoked. Its row, its id and all its keys therefore stay, marked: doors refuse
 * what is revoked, enrolment refuses keys that it knows, and no other device gets the id.
 */
import { eq } from 'drizzle-orm';
import { type DeviceId, Fault } from '@pier/shared/core';
import { assignment, binding, command, type Db, device, deviceKey, deviceLive, deviceState, event, inTransaction, noLife, storeAudit, telemetry } from '../db/index.ts';
import type { Handlers } from '../http/index.ts';
import type { EnrollDeps } from './enroll.ts';

export function forgetHandlers(deps: EnrollDeps): Pick<Handlers, 'forgetDevice'> {
  return {
    forgetDevice: async ({ params: { device: id }, actor }) => {
      await forget(deps, { id, actor: actor.name });
      deps.log.warn({ device: id, by: actor.name }, 'device.forgotten');
      deps.wake();
      return null;
    },
  };
}

/**
 * Takes away what the device told, what people said of it, and what was wanted of it. What rollouts did on it stays, since their
 * counts are made of it, and so does the audit, which gets a row that names it. Faults: `not-found`, also for one that is forgotten already; `conflict` unless it is revoked.
 */
async function forget({ db, clock }: EnrollDeps, { id, actor }: { readonly id: DeviceId; readonly actor: string }): Promise<void> {
  const nowMs = clock.nowMs();
  await inTransaction(db, async (tx) => {
    const [found] = await tx.select().from(device).where(eq(device.id, id)).for('update');
    if (!found || found.generation === noLife) throw new Fault('not-found', `there is no device "${id}"`);
    if (found.state !== 'revoked') throw new Fault('conflict', `device "${id}" is ${found.state}; only a revoked device is forgotten: pier device revoke ${id}`);
    for (const table of [event, telemetry, command, binding, deviceLive]) await tx.delete(table).where(eq(table.deviceId, id));
    await withdraw(tx, { id, actor, nowMs });
    const since = new Date(nowMs);
    // Those that it never came with as well: an offered key would pass for a new board's.
    const keys = await tx.update(deviceKey).set({ state: 'retired', replaces: null, since }).where(eq(deviceKey.deviceId, id)).returning({ keyId: deviceKey.keyId });
    await tx.update(device).set({ name: id, tags: {}, profile: {}, alarm: null, generation: noLife }).where(eq(device.id, id));
    const detail = { name: found.name, model: found.model, keys: [found.keyId, ...keys.map(({ keyId }) => keyId)] };
    await storeAudit(tx, [{ actor, action: 'device.forgotten', object: `device:${id}`, detail }], nowMs);
  });
}

/** Nothing is wanted of it, and nothing is known of what it has. Attempts stay, so that none is given twice. */
async function withdraw(tx: Db, { id, actor, nowMs }: { readonly id: DeviceId; readonly actor: string; readonly nowMs: number }): Promise<void> {
  await tx.update(assignment).set({ releaseId: null, byHand: false, setBy: actor, updatedAt: new Date(nowMs) }).where(eq(assignment.deviceId, id));
  await tx.update(deviceState).set({ rev: 0, desired: null, desiredHash: null, reported: null, reportedAt: null }).where(eq(deviceState.deviceId, id));
}
