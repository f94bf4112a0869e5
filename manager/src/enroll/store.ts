import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { DeviceId } from '@pier/shared/core';
import { InFlightState } from '@pier/shared/api';
import { type EnrollRequest } from '@pier/shared/enroll';
import { type Db, claimToken, deployment, device, deviceKey, deviceLive, deviceState, isAnyOf, pendingDevice, storeAudit } from '../db/index.ts';

export type NewToken = typeof claimToken.$inferInsert;
export type StoredToken = typeof claimToken.$inferSelect;
export type StoredDevice = typeof device.$inferSelect;

export async function storeToken(tx: Db, token: NewToken): Promise<void> {
  await tx.insert(claimToken).values(token);
}

/** The token of a secret, locked: two boards with one token are told apart one after the other. */
export async function lockToken(tx: Db, secretHash: string): Promise<StoredToken | undefined> {
  const rows = await tx.select().from(claimToken).where(eq(claimToken.secretHash, secretHash)).for('update');
  return rows[0];
}

/** The device of a key, locked: whoever lets it in or revokes it at the same time comes before or after. */
export async function deviceOfKey(tx: Db, keyId: string): Promise<StoredDevice | undefined> {
  const rows = await tx.select().from(device).where(eq(device.keyId, keyId)).for('update');
  return rows[0];
}

/** Stores a new device, pending where its token wants that, and counts the token's use. False when the id or the key is taken: nothing is stored then. */
export async function storeDevice(tx: Db, { id, issued, asked, token, nowMs }: { id: DeviceId; issued: { readonly keyId: string; readonly notAfter: Date }; asked: EnrollRequest; token: StoredToken; nowMs: number }): Promise<boolean> {
  const { profile, name = id } = asked;
  const stored = await tx
    .insert(device)
    .values({ id, name, model: profile.model, profile, tags: token.tags, state: token.approval ? 'pending' : 'active', generation: 1, keyId: issued.keyId, certificateUntil: issued.notAfter, createdAt: new Date(nowMs) })
    .onConflictDoNothing()
    .returning({ id: device.id });
  if (stored.length === 0) return false;
  await tx.insert(deviceState).values({ deviceId: id });
  if (token.approval) await tx.insert(pendingDevice).values({ deviceId: id, tokenId: token.id, askedAt: new Date(nowMs) });
  await tx.update(claimToken).set({ uses: sql`${claimToken.uses} + 1` }).where(eq(claimToken.id, token.id));
  return true;
}

/** Whether a person has let in a device that waited, and it has not been here since: its certificate may be lost on the way. */
export async function isLetIn(tx: Db, id: DeviceId): Promise<boolean> {
  const rows = await tx
    .select({ seen: deviceLive.deviceId })
    .from(pendingDevice)
    .leftJoin(deviceLive, eq(deviceLive.deviceId, pendingDevice.deviceId))
    .where(eq(pendingDevice.deviceId, id));
  return rows.length > 0 && rows[0]?.seen === null;
}

/** Whether a device had this key, and has another one now. */
export async function isGivenUp(tx: Db, keyId: string): Promise<boolean> {
  const rows = await tx.select({ id: deviceKey.deviceId }).from(deviceKey).where(and(eq(deviceKey.keyId, keyId), eq(deviceKey.state, 'retired')));
  return rows.length > 0;
}

export async function forgetPending(tx: Db, id: DeviceId): Promise<void> {
  await tx.delete(pendingDevice).where(eq(pendingDevice.deviceId, id));
}

/**
 * Takes a device out of what it is still to do for rollouts, with an audit row each: it will never answer, and its silence is no
 * verdict on a release. What it had proven, or failed at, stays. The caller holds the device's lock.
 */
export async function supersedeDeployments(tx: Db, { id, reason, actor, nowMs }: { id: DeviceId; reason: { readonly code: string; readonly reason: string }; actor: string; nowMs: number }): Promise<void> {
  const open = await tx.select().from(deployment).where(and(eq(deployment.deviceId, id), inArray(deployment.state, ['waiting', ...InFlightState.options]))).orderBy(asc(deployment.rolloutId));
  if (open.length === 0) return;
  const ended = { state: 'superseded', reasonCode: reason.code, reasonText: reason.reason, deadlineAt: null, retryAt: null, updatedAt: new Date(nowMs) };
  await tx.update(deployment).set(ended).where(and(eq(deployment.deviceId, id), isAnyOf(deployment.rolloutId, open.map((one) => one.rolloutId))));
  await storeAudit(tx, open.map(({ rolloutId, state, attempt }) => ({ actor, action: 'deployment.superseded', object: `deployment:${rolloutId}/${id}`, detail: { from: state, attempt, reason } })), nowMs);
}
