import { randomBytes } from 'node:crypto';
import { type DeviceId, Fault, check, isoTime, parseJson } from '@pier/shared/core';
import { EnrollRequest, RenewRequest, devicePaths, encodeToken } from '@pier/shared/enroll';
import { inTransaction, newId, storeAudit } from '../db/index.ts';
import type { Handlers } from '../http/index.ts';
import { type Rates, newRates } from '../net/index.ts';
import { decisionHandlers } from './decisions.ts';
import { type EnrollDeps, enroll, hashOfSecret, policyMissing } from './enroll.ts';
import { forgetHandlers } from './forget.ts';
import { type ShownCertificate, renew } from './renew.ts';
import { storeToken } from './store.ts';
import { tokenHandlers } from './tokens.ts';

const secretBytes = 32;
const requestBytesMax = 256 << 10;
/** Each renewal is a signature and a line in the record for ever; one that is asked for again after a lost answer is as well. */
const renewals = { perS: 0.1, burst: 24, namesMax: 20_000 } as const;

/** The routes with which people let devices and operators in, and devices out. */
export function enrollHandlers(deps: EnrollDeps): Pick<Handlers, 'createToken' | 'signOperator'> & ReturnType<typeof tokenHandlers> & ReturnType<typeof decisionHandlers> & ReturnType<typeof forgetHandlers> {
  const { db, clock, random, authority, policies, urls } = deps;
  return {
    ...tokenHandlers(deps),
    ...decisionHandlers(deps),
    ...forgetHandlers(deps),
    createToken: async ({ body, actor }) => {
      const policy = await policies.policyInForce();
      if (!policy) throw policyMissing();
      const nowMs = clock.nowMs();
      // The secret is shown once and kept as a hash only: who reads the database can let nobody in.
      const secret = randomBytes(secretBytes).toString('base64url');
      const id = newId({ prefix: 'token', clock, random });
      const expiresAt = new Date(nowMs + body.expiresInS * 1_000);
      await inTransaction(db, async (tx) => {
        await storeToken(tx, { id, secretHash: hashOfSecret(secret), usesMax: body.uses, tags: body.tags, approval: body.approval, expiresAt, createdBy: actor.name, createdAt: new Date(nowMs) });
        await storeAudit(tx, [{ actor: actor.name, action: 'token.created', object: `token:${id}`, detail: { uses: body.uses, expiresAt: expiresAt.toISOString(), tags: body.tags, approval: body.approval } }], nowMs);
      });
      return { id, token: encodeToken({ secret, caFingerprint: authority.caFingerprint, rootId: policy.rootId }), expiresAt: isoTime(expiresAt.getTime()), uses: body.uses };
    },
    signOperator: async ({ body, actor }) => {
      const issued = await authority.signOperator({ csrPem: body.csr, name: body.name });
      await inTransaction(db, async (tx) => {
        await storeAudit(tx, [{ actor: actor.name, action: 'operator.certificate-issued', object: `operator:${body.name}`, detail: { serial: issued.serial, keyId: issued.keyId } }], clock.nowMs());
      });
      return { certificate: issued.certPem, ca: authority.caPem, mqtt: urls().mqtt };
    },
  };
}

export type DeviceRequest = { readonly method: string; readonly path: string; readonly body: Uint8Array; readonly device?: DeviceId; readonly certificate?: ShownCertificate };
export type DeviceAnswer = { readonly status: number; readonly json: unknown };

type DeviceRoute = { readonly method: 'GET' | 'POST'; readonly answer: (request: DeviceRequest, deps: EnrollDeps, rates: Rates) => Promise<unknown> };

const deviceRoutes: ReadonlyMap<string, DeviceRoute> = new Map([
  [devicePaths.ca, { method: 'GET', answer: async (_request: DeviceRequest, { authority }: EnrollDeps) => ({ ca: authority.caPem }) }],
  [devicePaths.enroll, { method: 'POST', answer: async ({ body }: DeviceRequest, deps: EnrollDeps) => enroll(deps, readRequest(body)) }],
  [devicePaths.renew, { method: 'POST', answer: async (request: DeviceRequest, deps: EnrollDeps, rates: Rates) => renewFor(request, deps, rates) }],
  [devicePaths.policy, { method: 'GET', answer: async (request: DeviceRequest, deps: EnrollDeps) => policyFor(request, deps) }],
  [devicePaths.addresses, { method: 'GET', answer: async ({ device }: DeviceRequest, { urls }: EnrollDeps) => ({ mqtt: known(device, 'addresses') && urls().mqtt }) }],
]);

/** Answers the paths of the device listener that are not the registry's. A fault is thrown; the listener makes a problem document of it. */
export function enrollDeviceRoutes(deps: EnrollDeps): (request: DeviceRequest) => Promise<DeviceAnswer> {
  const rates = newRates({ ...renewals, clock: deps.clock });
  return async (request) => {
    const found = deviceRoutes.get(request.path);
    if (!found) throw new Fault('not-found', `there is nothing at ${request.path.slice(0, 128)}`);
    if (found.method !== request.method) throw new Fault('method-not-allowed', `${request.path} takes ${found.method}, not ${request.method.slice(0, 16)}`);
    return { status: 200, json: await found.answer(request, deps, rates) };
  };
}

async function renewFor({ body, certificate }: DeviceRequest, deps: EnrollDeps, rates: Rates): Promise<unknown> {
  if (!certificate) throw new Fault('unauthenticated', 'a certificate is renewed for the device that shows it; enrol first');
  if (!rates.take(certificate.device)) throw new Fault('too-many-requests', `device "${certificate.device}" asks for renewals faster than one in ${1 / renewals.perS} s`);
  return renew(deps, certificate, check(RenewRequest, parseJson(body, { what: 'renewal' }), { what: 'renewal' }));
}

function readRequest(body: Uint8Array): EnrollRequest {
  if (body.byteLength > requestBytesMax) throw new Fault('too-large', `an enrolment has at most ${requestBytesMax} bytes, got ${body.byteLength}`);
  const json = parseJson(body, { what: 'enrolment' });
  if (holdsNul(json)) throw new Fault('input-invalid', 'enrolment: a string holds the character NUL');
  return check(EnrollRequest, json, { what: 'enrolment' });
}

/** PostgreSQL's text has no NUL. A name or a profile with one is nobody's honest name. */
function holdsNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  return typeof value === 'object' && value !== null && Object.entries(value).some(([key, member]) => holdsNul(key) || holdsNul(member));
}

async function policyFor({ device }: DeviceRequest, { policies }: EnrollDeps): Promise<unknown> {
  known(device, 'policy');
  const policy = await policies.policyInForce();
  if (!policy) throw policyMissing();
  return policy.envelope;
}

function known(device: DeviceId | undefined, what: string): DeviceId {
  if (device === undefined) throw new Fault('unauthenticated', `the ${what} of this manager: only devices that show its certificate are told; enrol first`);
  return device;
}
