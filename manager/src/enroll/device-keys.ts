/**
 * Which keys of devices are given up. The attack this stops: somebody who copied a board's card before its certificate was
 * renewed, and comes with the copy. A key is given up once the device was seen with the one that came after it, not before:
 * the answer that carried the new certificate may have been lost. Once every certificate of a key has run out, and the time in
 * which it could be renewed is over, dates keep it out, and it need not be remembered.
 */
import { and, eq, inArray, lte, sql } from 'drizzle-orm';
import { type Clock, Fault, type Log, toFault } from '@pier/shared/core';
import { type Db, device, deviceKey, inTransaction, storeAudit } from '../db/index.ts';

/** Somebody came with a key that its device gave up: one of two boards that had the same card. */
export type OldCopy = { readonly device: string; readonly givenUp: string; /** The key that came after it, as far as it is known. */ readonly inForce: string | undefined };

export type DeviceKeys = {
  /** Why this key is taken no more. */
  readonly supersededBy: (who: { readonly keyId: string }) => string | undefined;
  /** Whose copy it is that comes with a key that is taken no more; undefined while the device itself may still be on its way to the newer one, or be read from over a connection of before. */
  readonly copyOf: (who: { readonly keyId: string; readonly connectedMs: number }) => OldCopy | undefined;
  /** A device was let in with this key. */
  used(device: string, keyId: string): void;
  /** Stores a key that a device will have; in the transaction in which its certificate is signed. Faults: `too-many-requests`, `certificate-superseded`, `conflict` for another device's key. */
  offer(tx: Db, offered: { readonly device: string; readonly keyId: string; readonly replaces: string; readonly notAfter: Date }): Promise<void>;
  /** After that transaction's commit. */
  noteOffered(keyId: string): void;
  /** Forgets keys of which no certificate can be used or renewed any more. Those of revoked devices stay: they are what such a device is known by. */
  dropExpired(graceMs: number): Promise<void>;
  /** Nothing is being written any more. */
  idle(): Promise<void>;
};

/** A device asks for one key again and again until it has its answer; several are several holders of one identity. */
const offeredMax = 8;
/** As long as a device's own connections with the key of before may still come. */
const handOverMs = 120_000;

type GivenUp = { readonly device: string; readonly sinceMs: number };

export async function openDeviceKeys({ db, clock, log }: { db: Db; clock: Clock; log: Log }): Promise<DeviceKeys> {
  const rows = await db.select({ keyId: deviceKey.keyId, device: deviceKey.deviceId, state: deviceKey.state, since: deviceKey.since, inForce: device.keyId }).from(deviceKey).innerJoin(device, eq(device.id, deviceKey.deviceId));
  const offered = new Set(rows.filter((row) => row.state === 'offered').map(({ keyId }) => keyId));
  const retired = new Map(rows.filter((row) => row.state === 'retired').map((row): [string, GivenUp] => [row.keyId, { device: row.device, sinceMs: row.since.getTime() }]));
  /** By device, of those that have given one up. */
  const inForce = new Map(rows.map((row) => [row.device, row.inForce]));
  const writing = new Set<Promise<void>>();
  const settle = async (id: string, keyId: string): Promise<void> => {
    try {
      const { over, sinceMs } = await promote({ db, clock }, { id, keyId });
      for (const one of over) {
        offered.delete(one);
        retired.set(one, { device: id, sinceMs });
      }
      if (over.length > 0) inForce.set(id, keyId);
      log.info({ device: id, keyId }, 'device.key-changed');
    } catch (error) {
      // It still counts as offered: the device's next visit tries again.
      offered.add(keyId);
      log.error({ device: id, error: toFault(error).message }, 'device.key-not-changed');
    }
  };
  return {
    supersededBy: ({ keyId }) => (retired.has(keyId) ? 'this certificate was renewed, and the one that came after it has been used; whoever still has this one has an old copy of the device' : undefined),
    copyOf: ({ keyId, connectedMs }) => {
      const known = retired.get(keyId);
      return known && connectedMs > known.sinceMs + handOverMs ? { device: known.device, givenUp: keyId, inForce: inForce.get(known.device) } : undefined;
    },
    used: (id, keyId) => {
      if (!offered.delete(keyId)) return;
      const done: Promise<void> = settle(id, keyId).finally(() => writing.delete(done));
      writing.add(done);
    },
    offer: (tx, one) => offerKey(tx, one, clock.nowMs()),
    noteOffered: (keyId) => void offered.add(keyId),
    dropExpired: async (graceMs) => {
      const dropped = await dropKeys(db, new Date(clock.nowMs() - graceMs));
      for (const { keyId } of dropped) if (!retired.delete(keyId)) offered.delete(keyId);
      if (dropped.length > 0) log.info({ keys: dropped.length }, 'device.keys-dropped');
    },
    idle: async () => void (await Promise.all(writing)),
  };
}

async function dropKeys(db: Db, endedBefore: Date): Promise<{ readonly keyId: string }[]> {
  const ofActive = inArray(deviceKey.deviceId, db.select({ id: device.id }).from(device).where(eq(device.state, 'active')));
  return db.delete(deviceKey).where(and(lte(deviceKey.until, endedBefore), ofActive)).returning({ keyId: deviceKey.keyId });
}

/** The later end; one that nobody wrote down stays unknown. */
const laterEnd = (column: typeof device.certificateUntil | typeof deviceKey.until, notAfter: Date) => sql`case when ${column} is not null then greatest(${column}, ${notAfter.toISOString()}::timestamptz) end`;

/** Notes until when one more certificate of the key that a device has will be good; in the transaction in which it is signed. */
export async function noteCertificate(tx: Db, { device: id, notAfter }: { readonly device: string; readonly notAfter: Date }): Promise<void> {
  await tx.update(device).set({ certificateUntil: laterEnd(device.certificateUntil, notAfter) }).where(eq(device.id, id));
}

async function offerKey(tx: Db, { device: id, keyId, replaces, notAfter }: Parameters<DeviceKeys['offer']>[1], nowMs: number): Promise<void> {
  const [others, [known]] = [await tx.select().from(deviceKey).where(and(eq(deviceKey.deviceId, id), eq(deviceKey.state, 'offered'))), await tx.select().from(deviceKey).where(eq(deviceKey.keyId, keyId))];
  const [owner] = await tx.select({ id: device.id }).from(device).where(eq(device.keyId, keyId));
  if (owner && owner.id !== id) throw new Fault('conflict', 'the key of the request is that of another device');
  if (known?.state === 'retired' || (known && known.deviceId !== id)) throw new Fault('certificate-superseded', 'the key of the request was given up before; a renewal comes with a new key');
  if (owner) return noteCertificate(tx, { device: id, notAfter });
  if (known) return void (await tx.update(deviceKey).set({ until: laterEnd(deviceKey.until, notAfter) }).where(eq(deviceKey.keyId, keyId)));
  if (others.length >= offeredMax) throw new Fault('too-many-requests', `renewals for ${others.length} keys of device "${id}" were signed, and none of these keys has been seen: do several boards have this identity?`);
  await tx.insert(deviceKey).values({ keyId, deviceId: id, state: 'offered', replaces, since: new Date(nowMs), until: notAfter });
}

/** The key is the device's own from now on, and every other one that it had is given up. Out: those, and since when. */
async function promote({ db, clock }: { db: Db; clock: Clock }, { id, keyId }: { id: string; keyId: string }): Promise<{ over: readonly string[]; sinceMs: number }> {
  const sinceMs = clock.nowMs();
  const over = await inTransaction(db, async (tx) => {
    const [held] = await tx.select({ keyId: device.keyId, until: device.certificateUntil }).from(device).where(eq(device.id, id)).for('update');
    const rows = await tx.select().from(deviceKey).where(and(eq(deviceKey.deviceId, id), eq(deviceKey.state, 'offered')));
    const own = rows.find((row) => row.keyId === keyId);
    if (!held || !own) return [];
    const ends = new Map<string, Date | null>(rows.flatMap((row) => (row.replaces === null ? [] : [[row.replaces, null]])));
    for (const row of [...rows, held]) ends.set(row.keyId, row.until);
    ends.delete(keyId);
    await tx.delete(deviceKey).where(eq(deviceKey.keyId, keyId));
    await tx.update(device).set({ keyId, certificateUntil: own.until }).where(eq(device.id, id));
    const since = new Date(sinceMs);
    const givenUp = [...ends].map(([one, until]) => ({ keyId: one, deviceId: id, state: 'retired', since, until }));
    await tx.insert(deviceKey).values(givenUp).onConflictDoUpdate({ target: deviceKey.keyId, set: { state: 'retired', since } });
    await storeAudit(tx, [{ actor: `device:${id}`, action: 'device.key-changed', object: `device:${id}`, detail: { keyId, givenUp: [...ends.keys()] } }], sinceMs);
    return [...ends.keys()];
  });
  return { over, sinceMs };
}

/** As often as nothing hangs on it: a key that is dropped late was refused by its dates meanwhile. */
const upkeepEveryMs = 3_600_000;

/** Drops keys from time to time. */
export function startKeyUpkeep({ keys, graceMs, clock, log }: { readonly keys: DeviceKeys; readonly graceMs: number; readonly clock: Clock; readonly log: Log }): Disposable {
  return clock.every(upkeepEveryMs, () => {
    keys.dropExpired(graceMs).catch((error: unknown) => log.warn({ error: toFault(error).message }, 'device.keys-upkeep-failed'));
  });
}
