/**
 * A certificate for a device's next key. The attack this stops: somebody who found the certificate of a board that was thrown
 * away, and would have it live for ever: it is renewed while it is good, and for a time of grace after that with the key that
 * the device is known by; never for a device that is revoked, nor with a key that was given up.
 */
import { eq } from 'drizzle-orm';
import { DeviceId, Fault, isoTime } from '@pier/shared/core';
import type { RenewRequest, RenewResponse } from '@pier/shared/enroll';
import { type Db, device, deviceKey, inTransaction, storeAudit } from '../db/index.ts';
import type { EnrollDeps } from './enroll.ts';

/** The certificate with which a device asks; TLS has proved that it has its key. */
export type ShownCertificate = { readonly device: string; readonly keyId: string; readonly notAfterMs: number };

const dayMs = 86_400_000;

/**
 * Signs; asked again for the same key, it signs again. What is in force stays so until the device has been seen with the new
 * certificate. Faults: `certificate-invalid` for a device that this manager does not know, `device-revoked`, `device-pending`,
 * `certificate-superseded`, `certificate-expired`, `too-many-requests`, `input-invalid`.
 */
export async function renew(deps: EnrollDeps, shown: ShownCertificate, { csr }: RenewRequest): Promise<RenewResponse> {
  const { db, authority, clock, keys, log } = deps;
  const nowMs = clock.nowMs();
  const signed = await inTransaction(db, async (tx) => {
    await mayRenew(tx, deps, shown);
    const issued = await authority.signDevice({ csrPem: csr, device: DeviceId.parse(shown.device) });
    if (issued.keyId === shown.keyId) throw new Fault('input-invalid', 'certificate request: a renewal comes with a new key, and this is the one that it was asked with');
    await keys.offer(tx, { device: shown.device, keyId: issued.keyId, replaces: shown.keyId, notAfter: issued.notAfter });
    await storeAudit(tx, [{ actor: `device:${shown.device}`, action: 'device.certificate-renewed', object: `device:${shown.device}`, detail: { keyId: issued.keyId, serial: issued.serial } }], nowMs);
    return issued;
  });
  log.debug({ device: shown.device }, 'step.renewal-signed');
  keys.noteOffered(signed.keyId);
  log.info({ device: shown.device, serial: signed.serial }, 'device.certificate-renewed');
  return { certificate: signed.certPem, issuedMs: nowMs };
}

async function mayRenew(tx: Db, { clock, graceMs }: EnrollDeps, { device: id, keyId, notAfterMs }: ShownCertificate): Promise<void> {
  const [known] = await tx.select().from(device).where(eq(device.id, id)).for('update');
  if (!known) throw new Fault('certificate-invalid', `this manager does not know a device "${id}"; enrol the board anew with a claim token`);
  if (known.state === 'revoked') throw new Fault('device-revoked', `device "${id}" is revoked`);
  if (known.state !== 'active') throw new Fault('device-pending', `device "${id}" waits for a person to let it in`);
  const [other] = await tx.select().from(deviceKey).where(eq(deviceKey.keyId, keyId));
  if (other?.state === 'retired') throw new Fault('certificate-superseded', `the key of device "${id}" was given up for a newer one`);
  const nowMs = clock.nowMs();
  if (notAfterMs > nowMs) return;
  const endMs = notAfterMs + graceMs;
  const way = `start its agent with a new claim token, and it comes back as "${id}": pier token create`;
  if (endMs <= nowMs) throw new Fault('certificate-expired', `the certificate of "${id}" ran out at ${isoTime(notAfterMs)}, and could be renewed until ${isoTime(endMs)} (${Math.round(graceMs / dayMs)} days); ${way}`);
  if (known.keyId !== keyId && other?.deviceId !== id) throw new Fault('certificate-expired', `the certificate of "${id}" ran out at ${isoTime(notAfterMs)}, and its key is not the one that this manager knows; ${way}`);
}
