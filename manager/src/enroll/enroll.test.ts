import { X509Certificate, generateKeyPairSync, webcrypto } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { and, eq } from 'drizzle-orm';
import { DeviceId, Fault, silentLog } from '@pier/shared/core';
import { type Device } from '@pier/shared/api';
import { EnrollResponse, decodeToken, devicePaths } from '@pier/shared/enroll';
import { type Fleet, board, openFleet, presence, reported } from '../../../test/support/fleet.ts';
import { checkInvariants } from '../../../test/support/invariants.ts';
import { type Authority, openAuthority } from '../authority/index.ts';
import { audit, claimToken, deployment, device, deviceLive, deviceState, rollout as rolloutTable, storeAudit } from '../db/index.ts';
import { readDevice } from '../device/index.ts';
import { faultOf } from '../http/problem.ts';
import { spoiledCopies } from '../http/testing/spoiled.ts';
import { type DeviceKeys, type EnrollDeps, type Revocations, enrollDeviceRoutes, enrollHandlers, openDeviceKeys, openRevocations } from './index.ts';

const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');

let fleet: Fleet;
let authority: Authority;
let folder: string;
let deps: EnrollDeps;
let revocations: Revocations;
let deviceKeys: DeviceKeys;
let boot = 1;
const kicked: string[] = [];
const actor = { name: 'ada', role: 'operator' } as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-enroll-'));
  fleet = await openFleet();
  authority = await openAuthority({ dir: folder, clock: fleet.clock, hosts: [] });
  revocations = await openRevocations({ db: fleet.db, onRevoked: (id) => void kicked.push(id) });
  deviceKeys = await openDeviceKeys({ db: fleet.db, clock: fleet.clock, log: silentLog });
  deps = { db: fleet.db, clock: fleet.clock, random: Math.random, log: silentLog, authority, policies: fleet.policies, urls: () => ({ mqtt: 'mqtts://127.0.0.1:8883' }), revocations, keys: deviceKeys, graceMs: 90 * 86_400_000, wake: fleet.wake, showDevice };
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

const token = async (body: { uses?: number; expiresInS?: number; tags?: Record<string, string>; approval?: boolean } = {}) => {
  const made = await enrollHandlers(deps).createToken({ params: undefined, query: undefined, body: { uses: 1, expiresInS: 3_600, tags: {}, approval: false, ...body }, actor });
  return { ...made, secret: decodeToken(made.token)?.secret ?? '' };
};
const showDevice = async (id: DeviceId): Promise<Device> => readDevice(fleet.db, id);
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

describe('a token that wants approval', () => {
  const none = { params: undefined, query: undefined, body: undefined } as const;
  const decide = (verb: 'approveDevice' | 'revokeDevice', id: string, remark?: string) => enrollHandlers(deps)[verb]({ ...none, params: { device: DeviceId.parse(id) }, body: { remark }, actor });
  const pending = async (query: { limit?: number; cursor?: string } = {}) => enrollHandlers(deps).listPending({ ...none, query: { limit: 50, ...query }, actor });
  const waiting = async (one: { secret: string }, name = 'porch') => {
    const keys = await newKeys();
    const knock = async () => ask({ secret: one.secret, csr: await csrOf(keys), profile: board, name });
    const fault = await knock().then(() => undefined, (error: unknown) => error);
    if (!(fault instanceof Fault)) throw new Error(`a fault was expected, got ${String(fault)}`);
    return { knock, fault, id: String(fault.detail['device']) };
  };
  const actionsOf = async (id: string) => (await fleet.db.select().from(audit).where(eq(audit.object, `device:${id}`)).orderBy(audit.id)).map(({ actor: by, action }) => `${by.split(':')[0] ?? ''} ${action}`);

  test('keeps a device waiting: it is listed with the key that it made, has no certificate, and asking again changes nothing', async () => {
    const one = await token({ approval: true, tags: { site: 'south' }, uses: 2 });
    const { knock, fault, id } = await waiting(one);
    expect(fault).toMatchObject({ code: 'device-pending', retry: true, message: expect.stringContaining(`pier device approve ${id}`) });
    expect(await codeOf(knock())).toBe('device-pending');
    const [row] = await fleet.db.select().from(device).where(eq(device.id, id));
    expect(row).toMatchObject({ state: 'pending', name: 'porch', tags: { site: 'south' } });
    expect((await pending()).items.filter(({ device: listed }) => listed === id)).toEqual([{ device: id, name: 'porch', model: board.model, fingerprint: row?.keyId, token: one.id, askedAt: expect.any(String) }]);
    expect(await usesOf(one.id)).toBe(1);
    expect(await actionsOf(id)).toEqual(['token device.asked']);
  });

  test('once it is let in, the same request gets its certificate, also when the token has expired or was ended meanwhile', async () => {
    const one = await token({ approval: true, uses: 2, expiresInS: 60 });
    const [late, denied] = [await waiting(one), await waiting(one)];
    fleet.clock.skip(61_000);
    expect(await codeOf(late.knock())).toBe('device-pending');
    expect(await decide('approveDevice', late.id, 'seen on the shelf')).toMatchObject({ id: late.id, state: 'active' });
    const answer = await late.knock();
    expect(answer).toMatchObject({ device: late.id, generation: 1 });
    expect(new X509Certificate(answer.certificate).subject).toBe(`CN=${late.id}`);
    // The answer may be lost on its way.
    expect(await late.knock()).toMatchObject({ device: late.id });
    expect(await actionsOf(late.id)).toEqual(['token device.asked', 'ada device.approved', 'token device.certificate-issued', 'token device.certificate-issued']);
    // Another key gets nothing of it.
    expect(await codeOf(ask({ secret: one.secret, csr: await csrOf(await newKeys()), profile: board }))).toBe('token-expired');
    expect(await codeOf(denied.knock())).toBe('device-pending');
  });

  test('one that has been here since is an enrolled device like any other: an expired token lets it in no more', async () => {
    const one = await token({ approval: true, expiresInS: 60 });
    const { knock, id } = await waiting(one);
    await decide('approveDevice', id);
    await knock();
    await fleet.db.insert(deviceLive).values({ deviceId: id, online: true, conn: 'c', agent: '1', gen: 1, boot: 1, seq: 1, rev: 0, lastSeenAt: new Date(fleet.clock.nowMs()) });
    expect(await knock()).toMatchObject({ device: id });
    fleet.clock.skip(61_000);
    expect(await codeOf(knock())).toBe('token-expired');
  });

  test('one that is denied is refused for good, and letting it in afterwards is a conflict', async () => {
    const { knock, id } = await waiting(await token({ approval: true }));
    expect(await decide('revokeDevice', id, 'not ours')).toMatchObject({ state: 'revoked' });
    expect(await codeOf(knock())).toBe('forbidden');
    expect(await codeOf(decide('approveDevice', id))).toBe('conflict');
    expect((await pending()).items.map((row) => row.device)).not.toContain(id);
    expect(await actionsOf(id)).toEqual(['token device.asked', 'ada device.denied']);
  });

  test('a person who lets in and one who denies at the same moment: one comes second, and a denied one is never in', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { knock, id } = await waiting(await token({ approval: true }));
      await Promise.allSettled([decide('approveDevice', id), decide('revokeDevice', id), knock()]);
      expect((await showDevice(DeviceId.parse(id))).state).toBe('revoked');
      expect(await codeOf(knock())).toBe('forbidden');
      expect(revocations.has(id)).toBe(true);
    }
  });

  test('deciding twice is deciding once', async () => {
    const { id } = await waiting(await token({ approval: true }));
    for (let n = 0; n < 2; n += 1) await decide('approveDevice', id);
    for (let n = 0; n < 2; n += 1) await decide('revokeDevice', id);
    expect(await actionsOf(id)).toEqual(['token device.asked', 'ada device.approved', 'ada device.revoked']);
  });

  test('those that wait are listed by id, page by page', async () => {
    const one = await token({ approval: true, uses: 3 });
    for (const name of ['c', 'a', 'b']) await waiting(one, `paged-${name}`);
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await pending({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.items.map((row) => row.device));
      cursor = page.next;
    }
    expect(seen).toEqual(seen.toSorted());
    expect(seen.filter((id) => id.startsWith('paged-'))).toHaveLength(3);
  });

  test('a device that is trusted no more keeps what it was assigned, is shown offline, and its connections are ended after it counts', async () => {
    const one = await token();
    const { device: id } = await ask({ secret: one.secret, csr: await csrOf(await newKeys()), profile: board });
    await fleet.db.insert(deviceLive).values({ deviceId: id, online: true, conn: 'c', agent: '1', gen: 1, boot: 1, seq: 1, rev: 0, lastSeenAt: new Date(fleet.clock.nowMs()) });
    await decide('revokeDevice', id, 'stolen');
    expect([revocations.has(id), kicked.at(-1)]).toEqual([true, id]);
    expect(await fleet.db.select().from(deviceLive).where(eq(deviceLive.deviceId, id))).toMatchObject([{ online: false }]);
    expect((await openRevocations({ db: fleet.db, onRevoked: () => {} })).has(id)).toBe(true);
    expect((await fleet.db.select().from(audit).where(eq(audit.object, `device:${id}`)).orderBy(audit.id)).at(-1)).toMatchObject({ action: 'device.revoked', detail: { remark: 'stolen' } });
  });

  test('a device that is trusted no more is no failure of the release that it was at: its rollouts go on without it, and at once', async () => {
    const [leaver, stayer] = [await fleet.addDevice('leaver'), await fleet.addDevice('stayer')];
    const [release, other] = [await fleet.addRelease({ counter: 50 }), await fleet.addRelease({ counter: 51, name: 'pump' })];
    for (const id of [leaver, stayer]) {
      await fleet.say(id, 'presence', presence({ seq: 1 }));
      await fleet.bind(id);
    }
    const rollout = await fleet.addRollout({ release, waves: [{ devices: [leaver, stayer] }] });
    const done = await fleet.addRollout({ release: other, waves: [{ devices: [leaver] }] });
    await fleet.db.update(deployment).set({ state: 'proven', provenAt: new Date(fleet.clock.nowMs()) }).where(eq(deployment.rolloutId, done));
    await storeAudit(fleet.db, [{ actor: 'ada', action: 'deployment.proven', object: `deployment:${done}/${leaver}` }], fleet.clock.nowMs());
    await fleet.tick();
    const attempt = 1;
    await fleet.say(leaver, 'reported', reported({ seq: 2, apps: { blink: { digest: release.digest, attempt, state: 'downloading' } } }));
    const woken = fleet.woken.count;
    await decide('revokeDevice', leaver, 'stolen');
    expect(fleet.woken.count).toBe(woken + 1);
    const of = async (id: string) => (await fleet.db.select().from(deployment).where(and(eq(deployment.deviceId, leaver), eq(deployment.rolloutId, id))))[0];
    expect(await of(rollout)).toMatchObject({ state: 'superseded', reasonCode: 'device.revoked', deadlineAt: null });
    expect(await of(done)).toMatchObject({ state: 'proven' });
    const told = (await fleet.db.select().from(audit).where(eq(audit.object, `deployment:${rollout}/${leaver}`)).orderBy(audit.id)).at(-1);
    expect(told).toMatchObject({ actor: 'ada', action: 'deployment.superseded', detail: { from: 'downloading', attempt, reason: { code: 'device.revoked' } } });
    for (const state of ['accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven']) await fleet.say(stayer, 'reported', reported({ seq: 2, gen: 1, boot: (boot += 1), apps: { blink: { digest: release.digest, attempt, state } } }));
    fleet.clock.skip(3_600_000);
    await fleet.say(stayer, 'presence', presence({ boot: (boot += 1), seq: 3 }));
    for (let n = 0; n < 3; n += 1) await fleet.tick();
    expect((await fleet.db.select().from(rolloutTable).where(eq(rolloutTable.id, rollout)))[0]).toMatchObject({ state: 'completed', reasonCode: null });
  });

  test.each(['approveDevice', 'revokeDevice'] as const)('%s of a device that is not there is 404, and nothing is revoked', async (verb) => {
    expect(await codeOf(decide(verb, 'nobody'))).toBe('not-found');
    expect(revocations.has('nobody')).toBe(false);
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

  test('nonsense in any field is refused, and never our failure', async () => {
    const sound = { secret: 's'.repeat(43), csr: 'none', profile: board, name: 'porch' };
    const broken: string[] = [];
    for (const body of spoiledCopies(sound)) {
      const fault = await ask(JSON.stringify(body)).then(() => undefined, faultOf);
      if (fault === undefined || fault.status >= 500) broken.push(`${JSON.stringify(body).slice(0, 300)} gave ${fault?.message ?? 'an answer'}`);
    }
    expect(broken).toEqual([]);
  });

  test('without a policy nobody gets in and no token is made: the next step is named', async () => {
    const without = { ...deps, policies: { policyInForce: async () => undefined } };
    const body = { uses: 1, expiresInS: 60, tags: {}, approval: false };
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
    expect((await route('GET', devicePaths.addresses, 'dock-1')).json).toEqual({ mqtt: expect.stringMatching(/^mqtts:/) });
    expect(await codeOf(route('GET', devicePaths.addresses))).toBe('unauthenticated');
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

  test('they are listed newest first, page by page, without their secret', async () => {
    const made = [];
    for (let n = 0; n < 3; n += 1) {
      made.push(await token({ uses: n + 1, tags: { n: String(n) }, approval: n === 2 }));
      fleet.clock.skip(1);
    }
    const list = (query: { limit: number; cursor?: string }) => enrollHandlers(deps).listTokens({ params: undefined, query, body: undefined, actor });
    const first = await list({ limit: 2 });
    expect(first.items).toMatchObject([{ id: made[2]?.id, usesMax: 3, uses: 0, approval: true, createdBy: 'ada' }, { id: made[1]?.id, tags: { n: '1' } }]);
    expect((await list({ limit: 2, cursor: first.next ?? '' })).items[0]?.id).toBe(made[0]?.id);
    for (const { secret } of made) expect(JSON.stringify(first)).not.toContain(secret);
  });

  test('one that is ended lets nobody in, and does not last longer for being ended twice', async () => {
    const one = await token({ uses: 2 });
    const end = () => enrollHandlers(deps).revokeToken({ params: { id: one.id }, query: undefined, body: undefined, actor });
    await end();
    const expiresAt = async () => (await fleet.db.select().from(claimToken).where(eq(claimToken.id, one.id)))[0]?.expiresAt;
    const first = await expiresAt();
    fleet.clock.skip(5_000);
    await end();
    expect(await expiresAt()).toEqual(first);
    expect(await codeOf(ask({ secret: one.secret, csr: await csrOf(await newKeys()), profile: board }))).toBe('token-expired');
    await expect(enrollHandlers(deps).revokeToken({ params: { id: 'none' }, query: undefined, body: undefined, actor })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('an operator gets a certificate in the operator’s own name, and it is recorded', async () => {
    const answer = await enrollHandlers(deps).signOperator({ params: undefined, query: undefined, body: { name: 'grace', csr: await csrOf(await newKeys(), { cn: 'dock-1' }) }, actor });
    expect(new X509Certificate(answer.certificate).subject).toBe('CN=operator:grace');
    expect(answer).toMatchObject({ ca: authority.caPem, mqtt: 'mqtts://127.0.0.1:8883' });
    expect((await fleet.db.select().from(audit)).filter((row) => row.object === 'operator:grace')).toMatchObject([{ actor: 'ada', action: 'operator.certificate-issued' }]);
  });
});
