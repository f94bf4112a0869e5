import { createHash } from 'node:crypto';
import { type Clock, type DeviceId, type Log, type Random, Fault } from '@pier/shared/core';
import type { Device } from '@pier/shared/api';
import type { EnrollRequest, EnrollResponse } from '@pier/shared/enroll';
import type { Envelope } from '@pier/shared/signing';
import { type Db, inTransaction, storeAudit } from '../db/index.ts';
import { type DeviceKeys, noteCertificate } from './device-keys.ts';
import type { Revocations } from './revocations.ts';
import { checkToken, deviceIdFor } from './rules.ts';
import { type StoredDevice, type StoredToken, deviceOfKey, isGivenUp, isLetIn, lockToken, storeDevice } from './store.ts';

export type Issued = { readonly certPem: string; readonly keyId: string; readonly serial: string; readonly notAfter: Date };

/** What enrolment needs of the rest of the manager. */
export type EnrollDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly authority: {
    readonly caPem: string;
    readonly caFingerprint: string;
    signDevice(request: { readonly csrPem: string; readonly device: DeviceId }): Promise<Issued>;
    signOperator(request: { readonly csrPem: string; readonly name: string }): Promise<Issued>;
  };
  readonly policies: { policyInForce(): Promise<{ readonly envelope: Envelope; readonly number: number; readonly rootId: string } | undefined> };
  readonly urls: () => { readonly mqtt: string };
  readonly revocations: Pick<Revocations, 'add'>;
  readonly keys: Pick<DeviceKeys, 'offer' | 'noteOffered'>;
  /** How long after its end a certificate can still be renewed. */
  readonly graceMs: number;
  /** Rollouts may go on, and whoever listens hears what changed. */
  readonly wake: () => void;
  /** A device as lists show it. */
  readonly showDevice: (id: DeviceId) => Promise<Device>;
};

export const hashOfSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

const idTriesMax = 8;

/**
 * Takes a device in: one transaction for the token's use, the device and the record. The device's key is who it is: asking
 * again with the same key (a crash between request and answer) gives the same device a fresh certificate and uses up nothing.
 * With a token that wants approval the device is kept, and told to ask again until a person has decided.
 * Faults: `token-invalid`, `token-expired`, `token-used`, `policy-missing`, `device-pending`, `forbidden` for a revoked device, `input-invalid` for a bad request.
 */
export async function enroll(deps: EnrollDeps, asked: EnrollRequest): Promise<EnrollResponse> {
  const policy = await deps.policies.policyInForce();
  if (!policy) throw policyMissing();
  const issuedMs = deps.clock.nowMs();
  const admitted = await inTransaction(deps.db, async (tx) => admit(tx, deps, asked));
  // Told only now: thrown inside, it would undo what it tells of.
  if ('waits' in admitted) throw new Fault('device-pending', `device "${admitted.waits}" (key ${admitted.keyId.slice(0, 16)}…) waits for a person to let it in, with: pier device approve ${admitted.waits}`, { device: admitted.waits });
  const { device, generation, certificate } = admitted;
  deps.log.debug({ device }, 'step.device-enrolled');
  return { device, generation, certificate, issuedMs, ca: deps.authority.caPem, policy: policy.envelope, mqtt: deps.urls().mqtt };
}

export function policyMissing(): Fault {
  return new Fault('policy-missing', 'devices trust only what a policy says, and this manager has none yet; set one first with: pier policy push');
}

type Admitted = Pick<EnrollResponse, 'device' | 'generation' | 'certificate'> | { readonly waits: DeviceId; readonly keyId: string };
type Verdict = ReturnType<typeof checkToken>;

async function admit(tx: Db, deps: EnrollDeps, asked: EnrollRequest): Promise<Admitted> {
  const token = await lockToken(tx, hashOfSecret(asked.secret));
  const verdict = checkToken(token, deps.clock.nowMs());
  if (!token) throw faultOf(verdict);
  for (let tries = 0; tries < idTriesMax; tries += 1) {
    const id = deviceIdFor(asked.name ?? asked.profile.model, deps.random);
    const issued = await deps.authority.signDevice({ csrPem: asked.csr, device: id });
    const known = await deviceOfKey(tx, issued.keyId);
    if (known) return welcomeBack(tx, deps, { known, token, verdict, asked });
    if (!verdict.ok) throw faultOf(verdict);
    if (await isGivenUp(tx, issued.keyId)) throw new Fault('certificate-superseded', 'the key of this board was given up for a newer one; enrol it with an empty data folder');
    const admitted = await takeIn(tx, deps, { id, issued, token, asked });
    if (admitted) return admitted;
  }
  throw new Fault('internal', `no free device id was found in ${idTriesMax} tries`);
}

/** Undefined when the id, or meanwhile the key, is taken. */
async function takeIn(tx: Db, { clock, log }: EnrollDeps, { id, issued, token, asked }: { id: DeviceId; issued: Issued; token: StoredToken; asked: EnrollRequest }): Promise<Admitted | undefined> {
  const nowMs = clock.nowMs();
  if (!(await storeDevice(tx, { id, issued, asked, token, nowMs }))) return undefined;
  const { model } = asked.profile;
  if (token.approval) {
    await storeAudit(tx, [{ actor: `token:${token.id}`, action: 'device.asked', object: `device:${id}`, detail: { keyId: issued.keyId, model } }], nowMs);
    log.info({ device: id, token: token.id, model }, 'device.pending');
    return { waits: id, keyId: issued.keyId };
  }
  await storeAudit(tx, [{ actor: `token:${token.id}`, action: 'device.enrolled', object: `device:${id}`, detail: { keyId: issued.keyId, serial: issued.serial, model } }], nowMs);
  log.info({ device: id, token: token.id, model }, 'device.enrolled');
  return { device: id, generation: 1, certificate: issued.certPem };
}

function faultOf(verdict: Verdict): Fault {
  return verdict.ok ? new Fault('token-invalid', 'this manager gave out no such claim token') : new Fault(verdict.refusal.code, verdict.refusal.reason);
}

type Returning = { readonly known: StoredDevice; readonly token: StoredToken; readonly verdict: Verdict; readonly asked: EnrollRequest };

/** A token that is used up still lets a device finish that it has let in; one that has expired only a device that a person let in since. */
async function welcomeBack(tx: Db, { authority, clock, log }: EnrollDeps, { known, token, verdict, asked }: Returning): Promise<Admitted> {
  const device = known.id as DeviceId;
  if (known.state === 'pending') return { waits: device, keyId: known.keyId };
  if (known.state !== 'active') throw new Fault('forbidden', `device "${device}" is ${known.state}; its key is not let in again`);
  const letIn = await isLetIn(tx, device);
  if (!letIn && !verdict.ok && verdict.refusal.code !== 'token-used') throw faultOf(verdict);
  const issued = await authority.signDevice({ csrPem: asked.csr, device });
  await noteCertificate(tx, { device, notAfter: issued.notAfter });
  await storeAudit(tx, [{ actor: `token:${token.id}`, action: letIn ? 'device.certificate-issued' : 'device.certificate-reissued', object: `device:${device}`, detail: { serial: issued.serial } }], clock.nowMs());
  log.info({ device, token: token.id }, letIn ? 'device.enrolled' : 'device.enrolled-again');
  return { device, generation: known.generation, certificate: issued.certPem };
}
