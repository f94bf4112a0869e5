import { createHash } from 'node:crypto';
import { type Clock, type DeviceId, type Log, type Random, Fault } from '@pier/shared/core';
import type { EnrollRequest, EnrollResponse } from '@pier/shared/api';
import type { Envelope } from '@pier/shared/signing';
import { type Db, inTransaction, storeAudit } from '../db/index.ts';
import { checkToken, deviceIdFor } from './rules.ts';
import { type StoredDevice, type StoredToken, deviceOfKey, lockToken, storeDevice } from './store.ts';

export type Issued = { readonly certPem: string; readonly keyId: string; readonly serial: string };

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
};

export const hashOfSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

const idTriesMax = 8;

/**
 * Takes a device in: one transaction for the token's use, the device and the record. The device's key is who it is: asking
 * again with the same key (a crash between request and answer) gives the same device a fresh certificate and uses up nothing.
 * Faults: `token-invalid`, `token-expired`, `token-used`, `policy-missing`, `forbidden` for a revoked device, `input-invalid` for a bad request.
 */
export async function enroll(deps: EnrollDeps, asked: EnrollRequest): Promise<EnrollResponse> {
  const policy = await deps.policies.policyInForce();
  if (!policy) throw policyMissing();
  const { device, generation, certificate } = await inTransaction(deps.db, async (tx) => admit(tx, deps, asked));
  return { device, generation, certificate, ca: deps.authority.caPem, policy: policy.envelope, mqtt: deps.urls().mqtt };
}

export function policyMissing(): Fault {
  return new Fault('policy-missing', 'devices trust only what a policy says, and this manager has none yet; set one first with: pier policy push');
}

type Admitted = Pick<EnrollResponse, 'device' | 'generation' | 'certificate'>;

async function admit(tx: Db, deps: EnrollDeps, asked: EnrollRequest): Promise<Admitted> {
  const nowMs = deps.clock.nowMs();
  const token = await lockToken(tx, hashOfSecret(asked.secret));
  const verdict = checkToken(token, nowMs);
  // A token that is used up still lets a device finish that it has let in; an unknown or expired one lets nobody do anything.
  if (!token || (!verdict.ok && verdict.refusal.code !== 'token-used')) throw faultOf(verdict);
  for (let tries = 0; tries < idTriesMax; tries += 1) {
    const id = deviceIdFor(asked.name ?? asked.profile.model, deps.random);
    const issued = await deps.authority.signDevice({ csrPem: asked.csr, device: id });
    const known = await deviceOfKey(tx, issued.keyId);
    if (known) return welcomeBack(tx, deps, { known, token, asked });
    if (!verdict.ok) throw faultOf(verdict);
    if (await storeDevice(tx, { id, keyId: issued.keyId, asked, token, nowMs })) {
      await storeAudit(tx, [{ actor: `token:${token.id}`, action: 'device.enrolled', object: `device:${id}`, detail: { keyId: issued.keyId, serial: issued.serial, model: asked.profile.model } }], nowMs);
      deps.log.info({ device: id, token: token.id, model: asked.profile.model }, 'device.enrolled');
      return { device: id, generation: 1, certificate: issued.certPem };
    }
  }
  throw new Fault('internal', `no free device id was found in ${idTriesMax} tries`);
}

function faultOf(verdict: ReturnType<typeof checkToken>): Fault {
  return verdict.ok ? new Fault('token-invalid', 'this manager gave out no such claim token') : new Fault(verdict.refusal.code, verdict.refusal.reason);
}

async function welcomeBack(tx: Db, { authority, clock, log }: EnrollDeps, { known, token, asked }: { known: StoredDevice; token: StoredToken; asked: EnrollRequest }): Promise<Admitted> {
  if (known.state !== 'active') throw new Fault('forbidden', `device "${known.id}" is ${known.state}; its key is not let in again`);
  const device = known.id as DeviceId;
  const issued = await authority.signDevice({ csrPem: asked.csr, device });
  await storeAudit(tx, [{ actor: `token:${token.id}`, action: 'device.certificate-reissued', object: `device:${device}`, detail: { serial: issued.serial } }], clock.nowMs());
  log.info({ device, token: token.id }, 'device.enrolled-again');
  return { device, generation: known.generation, certificate: issued.certPem };
}
