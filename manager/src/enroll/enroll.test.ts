import { X509Certificate, generateKeyPairSync, webcrypto } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { type DeviceId, Fault, silentLog } from '@pier/shared/core';
import { EnrollResponse, decodeToken, devicePaths } from '@pier/shared/api';
import { type Fleet, board, openFleet } from '../../../test/support/fleet.ts';
import { checkInvariants } from '../../../test/support/invariants.ts';
import { type Authority, openAuthority } from '../authority/index.ts';
import { audit, claimToken, device, deviceState } from '../db/index.ts';
import { type EnrollDeps, enrollDeviceRoutes, enrollHandlers } from './index.ts';

const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');

let fleet: Fleet;
let authority: Authority;
let folder: string;
let deps: EnrollDeps;
const actor = { name: 'ada', role: 'operator' } as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-enroll-'));
  fleet = await openFleet();
  authority = await openAuthority({ dir: folder, clock: fleet.clock, hosts: [] });
  deps = { db: fleet.db, clock: fleet.clock, random: Math.random, log: silentLog, authority, policies: fleet.policies, urls: () => ({ mqtt: 'mqtts://127.0.0.1:8883' }) };
}, 120_000);
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 60_000);
afterAll(async () => expect(await checkInvariants(fleet.db)).toEqual([]));

type Keys = Awaited<ReturnType<typeof webcrypto.subtle.generateKey>>;
const ecdsa = (namedCurve = 'P-256') => ({ name: 'ECDSA', namedCurve, hash: 'SHA-256' });
const newKeys = async (namedCurve?: string) => webcrypto.subtle.generateKey(ecdsa(namedCurve), true, ['sign', 'verify']);
async function csrOf(keys: Keys, { cn = 'whoever', namedCurve = 'P-256' } = {}): Promise<string> {
  if (!('privateKey' in keys)) throw new Error('a key pair was expected');
  return (await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [cn] }], keys, signingAlgorithm: ecdsa(namedCurve) })).toString('pem');
}

const token = async (body: { uses?: number; expiresInS?: number; tags?: Record<string, string> } = {}) => {
  const made = await enrollHandlers(deps).createToken({ params: undefined, query: undefined, body: { uses: 1, expiresInS: 3_600, tags: {}, ...body }, actor });
  return { ...made, secret: decodeToken(made.token)?.secret ?? '' };
};
const usesOf = async (id: string) => (await fleet.db.select().from(claimToken).where(eq(claimToken.id, id)))[0]?.uses;
const ask = async (body: unknown, using: EnrollDeps = deps) => EnrollResponse.parse((await enrollDeviceRoutes(using)({ method: 'POST', path: devicePaths.enroll, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) })).json);
const devices = async () => (await fleet.db.select().from(device)).length;
const codeOf = async (work: Promise<unknown>): Promise<string> => work.then(() => 'none', (error: unknown) => (error instanceof Fault ? error.code : String(error)));

describe('enrolment', () => {
  test('a device with a token gets an id, a certificate for it, the policy and where to go', async () => {
    const one = await token({ tags: { site: 'north' } });
    const answer = await ask({ secret: one.secret, csr: await csrOf(await newKeys(), { cn: 'manager:main' }), profile: board, name: 'Dock Nord' });
    expect(answer).toMatchObject({ generation: 1, ca: authority.caPem, policy: (await fleet.policies.policyInForce()).envelope, mqtt: 'mqtts://127.0.0.1:8883' });
    expect(answer.device).toMatch(/^dock-nord-[a-z2-9]{6}$/);
    const certificate = new X509Certificate(answer.certificate);
    expect(certificate.subject).toBe(`CN=${answer.device}`);
    expect(certificate.verify(new X509Certificate(authority.caPem).publicKey)).toBe(true);
    const [row] = await fleet.db.select().from(device).where(eq(device.id, answer.device));
    expect(row).toMatchObject({ name: 'Dock Nord', model: board.model, profile: board, tags: { site: 'north' }, state: 'active', generation: 1 });
    expect(await fleet.db.select().from(deviceState).where(eq(deviceState.deviceId, answer.device))).toHaveLength(1);
    expect((await fleet.db.select().from(audit)).filter((entry) => entry.object === `device:${answer.device}`)).toMatchObject([{ action: 'device.enrolled', actor: `token:${one.id}` }]);
  });

  test('a token for one device takes in no second one', async () => {
    const one = await token();
    await ask({ secret: one.secret, csr: await csrOf(await newKeys()), profile: board });
    const before = await devices();
    expect(await codeOf(ask({ secret: one.secret, csr: await csrOf(await newKeys()), profile: board }))).toBe('token-used');
    expect([await devices(), await usesOf(one.id)]).toEqual([before, 1]);
  });

  test('ten boards at once with a token for three: three get in', async () => {
    const one = await token({ uses: 3 });
    const all = await Promise.allSettled(Array.from({ length: 10 }, async () => ask({ secret: one.secret, csr: await csrOf(await newKeys()), profile: board })));
    const ids = all.flatMap((result) => (result.status === 'fulfilled' ? [result.value.device] : []));
    expect([ids.length, new Set(ids).size, await usesOf(one.id)]).toEqual([3, 3, 3]);
  });

  test('a device that asks again with its key is the same device, and uses up nothing, even when the token is used up', async () => {
    const [one, keys] = [await token(), await newKeys()];
    const first = await ask({ secret: one.secret, csr: await csrOf(keys), profile: board });
    const again = await ask({ secret: one.secret, csr: await csrOf(keys), profile: board, name: 'other name' });
    expect(again).toMatchObject({ device: first.device, generation: 1 });
    expect(new X509Certificate(again.certificate).serialNumber).not.toBe(new X509Certificate(first.certificate).serialNumber);
    expect(new X509Certificate(again.certificate).subject).toBe(`CN=${first.device}`);
    expect(await usesOf(one.id)).toBe(1);
  });

  test('one key asking twice at once is one device', async () => {
    const [a, b, keys] = [await token(), await token(), await newKeys()];
    const before = await devices();
    const answers = await Promise.all([a, b, a, b].map(async (one) => ask({ secret: one.secret, csr: await csrOf(keys), profile: board })));
    expect(new Set(answers.map((answer) => answer.device)).size).toBe(1);
    expect(await devices()).toBe(before + 1);
    expect(((await usesOf(a.id)) ?? 0) + ((await usesOf(b.id)) ?? 0)).toBe(1);
  });

  test('an expired token lets nobody in, not even a device that it let in before', async () => {
    const [one, keys] = [await token({ expiresInS: 120, uses: 5 }), await newKeys()];
    await ask({ secret: one.secret, csr: await csrOf(keys), profile: board });
    fleet.clock.skip(121_000);
    expect(await codeOf(ask({ secret: one.secret, csr: await csrOf(await newKeys()), profile: board }))).toBe('token-expired');
    expect(await codeOf(ask({ secret: one.secret, csr: await csrOf(keys), profile: board }))).toBe('token-expired');
  });

  test('a device that is revoked is not let in again by its key', async () => {
    const [one, keys] = [await token({ uses: 2 }), await newKeys()];
    const { device: id } = await ask({ secret: one.secret, csr: await csrOf(keys), profile: board });
    await fleet.db.update(device).set({ state: 'revoked' }).where(eq(device.id, id));
    expect(await codeOf(ask({ secret: one.secret, csr: await csrOf(keys), profile: board }))).toBe('forbidden');
  });

  test('an id that is taken is not given twice', async () => {
    const one = await token({ uses: 2 });
    let calls = 0;
    const stuck = { ...deps, random: () => ((calls += 1) <= 12 ? 0 : 0.5) };
    const ids = [];
    for (let n = 0; n < 2; n += 1) ids.push((await ask({ secret: one.secret, csr: await csrOf(await newKeys()), profile: board, name: 'twin' }, stuck)).device);
    expect(ids).toEqual(['twin-aaaaaa', expect.stringMatching(/^twin-[^a]{6}$/)]);
    expect(await usesOf(one.id)).toBe(2);
  });
});

describe('what is no enrolment', () => {
  test('an unknown secret is refused', async () => {
    expect(await codeOf(ask({ secret: 'x'.repeat(43), csr: await csrOf(await newKeys()), profile: board }))).toBe('token-invalid');
  });

  test('a request with a key of another kind, a forged signature or no request at all is refused, and uses up nothing', async () => {
    const one = await token();
    const p384 = await csrOf(await newKeys('P-384'), { namedCurve: 'P-384' });
    const good = await csrOf(await newKeys());
    const der = Buffer.from(good.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    der[der.length - 5] = (der[der.length - 5] ?? 0) ^ 1;
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
    for (const csr of [p384, forged, rsa, '', 'hello', good.slice(0, 100)]) expect(await codeOf(ask({ secret: one.secret, csr, profile: board }))).toBe('input-invalid');
    expect(await usesOf(one.id)).toBe(0);
  });

  test.each([
    ['not JSON', '{', 'json-invalid'],
    ['a key too many', { secret: 's'.repeat(43), csr: 'x', profile: board, admin: true }, 'input-invalid'],
    ['no profile', { secret: 's'.repeat(43), csr: 'x' }, 'input-invalid'],
    ['a short secret', { secret: 's', csr: 'x', profile: board }, 'input-invalid'],
    ['NUL in the name', { secret: 's'.repeat(43), csr: 'x', profile: board, name: 'a\0b' }, 'input-invalid'],
    ['NUL in the profile', { secret: 's'.repeat(43), csr: 'x', profile: { ...board, model: 'a\0' } }, 'input-invalid'],
    ['too large', ' '.repeat(300_000), 'too-large'],
  ])('%s is refused', async (_, body, code) => {
    expect(await codeOf(ask(body))).toBe(code);
  });

  test('without a policy nobody gets in and no token is made: the next step is named', async () => {
    const without = { ...deps, policies: { policyInForce: async () => undefined } };
    const body = { uses: 1, expiresInS: 60, tags: {} };
    await expect(enrollHandlers(without).createToken({ params: undefined, query: undefined, body, actor })).rejects.toMatchObject({ code: 'policy-missing', message: expect.stringMatching(/pier policy push/) });
    expect(await codeOf(ask({ secret: 's'.repeat(43), csr: 'x', profile: board }, without))).toBe('policy-missing');
  });
});

describe('what else the device listener answers', () => {
  const route = async (method: string, path: string, id?: string) => enrollDeviceRoutes(deps)({ method, path, body: Buffer.alloc(0), ...(id === undefined ? {} : { device: id as DeviceId }) });

  test('the CA is given to anybody: its fingerprint is in the token', async () => {
    const one = await token();
    expect((await route('GET', devicePaths.ca)).json).toEqual({ ca: authority.caPem });
    expect(decodeToken(one.token)).toMatchObject({ caFingerprint: authority.caFingerprint, rootId: (await fleet.policies.policyInForce()).rootId });
  });

  test('the policy is given to devices', async () => {
    expect((await route('GET', devicePaths.policy, 'dock-1')).json).toEqual((await fleet.policies.policyInForce()).envelope);
    expect(await codeOf(route('GET', devicePaths.policy))).toBe('unauthenticated');
  });

  test.each([
    ['POST', devicePaths.ca, 'method-not-allowed'],
    ['GET', devicePaths.enroll, 'method-not-allowed'],
    ['GET', '/device/v1/other', 'not-found'],
    ['GET', '/device/v1/__proto__', 'not-found'],
  ])('%s %s is refused', async (method, path, code) => {
    expect(await codeOf(route(method, path))).toBe(code);
  });
});

describe('tokens and operators', () => {
  test('the secret is shown once and kept as a hash', async () => {
    const one = await token({ uses: 4, expiresInS: 60 });
    const [row] = await fleet.db.select().from(claimToken).where(eq(claimToken.id, one.id));
    expect(Buffer.from(one.secret, 'base64url')).toHaveLength(32);
    expect(JSON.stringify([row, await fleet.db.select().from(audit)])).not.toContain(one.secret);
    expect(row).toMatchObject({ usesMax: 4, uses: 0, createdBy: 'ada', expiresAt: new Date(one.expiresAt) });
  });

  test('an operator gets a certificate in the operator’s own name, and it is recorded', async () => {
    const answer = await enrollHandlers(deps).signOperator({ params: undefined, query: undefined, body: { name: 'grace', csr: await csrOf(await newKeys(), { cn: 'dock-1' }) }, actor });
    expect(new X509Certificate(answer.certificate).subject).toBe('CN=operator:grace');
    expect(answer).toMatchObject({ ca: authority.caPem, mqtt: 'mqtts://127.0.0.1:8883' });
    expect((await fleet.db.select().from(audit)).filter((row) => row.object === 'operator:grace')).toMatchObject([{ actor: 'ada', action: 'operator.certificate-issued' }]);
  });
});
