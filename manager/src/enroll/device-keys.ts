/**
 * Which keys of devices are given up. The attack this stops: somebody who copied a board's card before its certificate was
 * renewed, and comes with the copy. A key is given up once the device was seen with the one that came after it, not before:
 * the answer that carried the new certificate may have been lost.
 */
import { and, eq } from 'drizzle-orm';
import { type Clock, Fault, type Log, toFault } from '@pier/shared/core';
import { type Db, device, deviceKey, inTransaction, storeAudit } from '../db/index.ts';

export type DeviceKeys = {
  /** Why this key is taken no more. */
  readonly supersededBy: (who: { readonly keyId: string }) => string | undefined;
  /** A device was let in with this key. */
  used(device: string, keyId: string): void;
  /** Stores a key that a device will have; in the transaction in which its certificate is signed. Faults: `too-many-requests`, `certificate-superseded`, `conflict` for another device's key. */
  offer(tx: Db, offered: { readonly device: string; readonly keyId: string; readonly replaces: string }): Promise<void>;
  /** After that transaction's commit. */
  noteOffered(keyId: string): void;
  /** Nothing is being written any more. */
  idle(): Promise<void>;
};

/** A device asks for one key again and again until it has its answer; several are several holders of one identity. */
const offeredMax = 8;

export async function openDeviceKeys({ db, clock, log }: { db: Db; clock: Clock; log: Log }): Promise<DeviceKeys> {
  const rows = await db.select({ keyId: deviceKey.keyId, state: deviceKey.state }).from(deviceKey);
  const idsIn = (state: string) => new Set(rows.filter((row) => row.state === state).map(({ keyId }) => keyId));
  const [offered, retired] = [idsIn('offered'), idsIn('retired')];
  const writing = new Set<Promise<void>>();
  const settle = async (id: string, keyId: string): Promise<void> => {
    try {
      const over = await promote({ db, clock }, { id, keyId });
      for (const one of over) {
        offered.delete(one);
        retired.add(one);
      }
      log.info({ device: id, keyId }, 'device.key-changed');
    } catch (error) {
      // It still counts as offered: the device's next visit tries again.
      offered.add(keyId);
      log.error({ device: id, error: toFault(error).message }, 'device.key-not-changed');
    }
  };
  return {
    supersededBy: ({ keyId }) => (retired.has(keyId) ? 'this certificate was renewed, and the one that came after it has been used; whoever still has this one has an old copy of the device' : undefined),
    used: (id, keyId) => {
      if (!offered.delete(keyId)) return;
      const done: Promise<void> = settle(id, keyId).finally(() => writing.delete(done));
      writing.add(done);
    },
    offer: (tx, one) => offerKey(tx, one, clock.nowMs()),
    noteOffered: (keyId) => void offered.add(keyId),
    idle: async () => void (await Promise.all(writing)),
  };
}

async function offerKey(tx: Db, { device: id, keyId, replaces }: Parameters<DeviceKeys['offer']>[1], nowMs: number): Promise<void> {
  const [others, [known]] = [await tx.select().from(deviceKey).where(and(eq(deviceKey.deviceId, id), eq(deviceKey.state, 'offered'))), await tx.select().from(deviceKey).where(eq(deviceKey.keyId, keyId))];
  const [owner] = await tx.select({ id: device.id }).from(device).where(eq(device.keyId, keyId));
  if (owner && owner.id !== id) throw new Fault('conflict', 'the key of the request is that of another device');
  if (known?.state === 'retired' || (known && known.deviceId !== id)) throw new Fault('certificate-superseded', 'the key of the request was given up before; a renewal comes with a new key');
  if (known || owner) return;
  if (others.length >= offeredMax) throw new Fault('too-many-requests', `renewals for ${others.length} keys of device "${id}" were signed, and none of these keys has been seen: do several boards have this identity?`);
  await tx.insert(deviceKey).values({ keyId, deviceId: id, state: 'offered', replaces, since: new Date(nowMs) });
}

/** The key is the device's own from now on, and every other one that it had is given up. Out: those. */
async function promote({ db, clock }: { db: Db; clock: Clock }, { id, keyId }: { id: string; keyId: string }): Promise<string[]> {
  return inTransaction(db, async (tx) => {
    const [held] = await tx.select({ keyId: device.keyId }).from(device).where(eq(device.id, id)).for('update');
    const rows = await tx.select().from(deviceKey).where(and(eq(deviceKey.deviceId, id), eq(deviceKey.state, 'offered')));
    const own = rows.find((row) => row.keyId === keyId);
    if (!held || !own) return [];
    const over = new Set([held.keyId, ...rows.flatMap((row) => [row.keyId, ...(row.replaces === null ? [] : [row.replaces])])]);
    over.delete(keyId);
    await tx.delete(deviceKey).where(eq(deviceKey.keyId, keyId));
    await tx.update(device).set({ keyId }).where(eq(device.id, id));
    const since = new Date(clock.nowMs());
    await tx.insert(deviceKey).values([...over].map((one) => ({ keyId: one, deviceId: id, state: 'retired', since }))).onConflictDoUpdate({ target: deviceKey.keyId, set: { state: 'retired', since } });
    await storeAudit(tx, [{ actor: `device:${id}`, action: 'device.key-changed', object: `device:${id}`, detail: { keyId, givenUp: [...over] } }], clock.nowMs());
    return [...over];
  });
}
