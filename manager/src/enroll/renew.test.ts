import { X509Certificate, createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault, silentLog } from '@pier/shared/core';
import { EnrollResponse, RenewResponse, decodeToken, devicePaths } from '@pier/shared/enroll';
import { makeCertificateRequest, makePrivateKey } from '@pier/shared/x509';
import { type Fleet, board, openFleet } from '../../../test/support/fleet.ts';
import { openAuthority } from '../authority/index.ts';
import { audit, device, deviceKey } from '../db/index.ts';
import { readDevice } from '../device/index.ts';
import { type DeviceKeys, type EnrollDeps, enrollDeviceRoutes, enrollHandlers, openDeviceKeys, openRevocations } from './index.ts';

const dayMs = 86_400_000;
const actor = { name: 'ada', role: 'operator' } as const;
let fleet: Fleet;
let folder: string;
let keys: DeviceKeys;
let deps: EnrollDeps;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-renew-'));
  fleet = await openFleet();
  const { db, clock, wake, policies } = fleet;
  keys = await openDeviceKeys({ db, clock, log: silentLog });
  const authority = await openAuthority({ dir: folder, clock, hosts: [], deviceLifeMs: 30 * dayMs });
  const revocations = await openRevocations({ db, onRevoked: () => {} });
  deps = { db, clock, random: Math.random, log: silentLog, authority, policies, urls: () => ({ mqtt: 'mqtts://127.0.0.1:8883' }), revocations, keys, graceMs: 90 * dayMs, wake, showDevice: (id) => readDevice(db, id) };
}, 120_000);
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const codeOf = async (work: Promise<unknown>): Promise<string> => work.then(() => 'none', (error: unknown) => (error instanceof Fault ? error.code : String(error)));
const csrOf = (privatePem: string) => makeCertificateRequest({ privatePem, commonName: 'whoever' });
const route = (path: string, body: unknown, certificate?: ReturnType<typeof shown>) => enrollDeviceRoutes(deps)({ method: 'POST', path, body: Buffer.from(JSON.stringify(body)), ...(certificate && { certificate }) });

type Held = { readonly device: string; readonly key: string; readonly certificate: X509Certificate };
const keyIdOf = ({ publicKey }: X509Certificate): string => createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('hex');
/** What TLS proves of who shows this pair. */
const shown = ({ device: id, certificate }: Pick<Held, 'device' | 'certificate'>) => ({ device: id, keyId: keyIdOf(certificate), notAfterMs: certificate.validToDate.getTime() });

async function tokenSecret({ approval = false } = {}): Promise<string> {
  const made = await enrollHandlers(deps).createToken({ params: undefined, query: undefined, body: { uses: 1, expiresInS: 3_600, tags: {}, approval }, actor });
  return decodeToken(made.token)?.secret ?? '';
}
async function enrolWith(key: string): Promise<Held> {
  const answer = EnrollResponse.parse((await route(devicePaths.enroll, { secret: await tokenSecret(), csr: await csrOf(key), profile: board })).json);
  return { device: answer.device, key, certificate: new X509Certificate(answer.certificate) };
}
const enrolled = () => enrolWith(makePrivateKey());
async function renewed(held: Held, key = makePrivateKey()): Promise<Held> {
  const answer = RenewResponse.parse((await route(devicePaths.renew, { csr: await csrOf(key) }, shown(held))).json);
  return { device: held.device, key, certificate: new X509Certificate(answer.certificate) };
}
async function use(held: Held): Promise<void> {
  keys.used(held.device, shown(held).keyId);
  await keys.idle();
}
const rowOf = async ({ device: id }: Held) => (await fleet.db.select().from(device).where(eq(device.id, id)))[0];
const isGivenUp = (held: Held, by = keys): boolean => by.supersededBy(shown(held)) !== undefined;

test('a renewal gives a certificate for the new key, and for it alone; the old one counts until the new one was seen', async () => {
  const old = await enrolled();
  const next = await renewed(old);
  expect(next.certificate.subject).toBe(`CN=${old.device}`);
  expect(next.certificate.validToDate.getTime() - fleet.clock.nowMs()).toBeLessThanOrEqual(30 * dayMs);
  expect([isGivenUp(old), (await rowOf(old))?.keyId]).toEqual([false, shown(old).keyId]);
  await use(old);
  expect(isGivenUp(old)).toBe(false);
  await use(next);
  expect([isGivenUp(old), isGivenUp(next), (await rowOf(old))?.keyId]).toEqual([true, false, shown(next).keyId]);
  const actions = (await fleet.db.select().from(audit).where(eq(audit.object, `device:${old.device}`))).map(({ action }) => action);
  expect(actions).toEqual(['device.enrolled', 'device.certificate-renewed', 'device.key-changed']);
});

test('an answer that was lost is given again for the same key', async () => {
  const [old, key] = [await enrolled(), makePrivateKey()];
  const [lost, again] = [await renewed(old, key), await renewed(old, key)];
  expect(again.certificate.serialNumber).not.toBe(lost.certificate.serialNumber);
  await use(again);
  expect([isGivenUp(old), isGivenUp(lost)]).toEqual([true, false]);
});

test('a restart of the manager forgets neither what was offered nor what was given up', async () => {
  const [first, second] = [await enrolled(), await enrolled()];
  const [next, other] = [await renewed(first), await renewed(second)];
  await use(next);
  const after = await openDeviceKeys({ db: fleet.db, clock: fleet.clock, log: silentLog });
  expect(isGivenUp(first, after)).toBe(true);
  after.used(other.device, shown(other).keyId);
  await after.idle();
  expect([isGivenUp(second, after), (await rowOf(second))?.keyId]).toEqual([true, shown(other).keyId]);
});

test('of two holders of one identity who both renew, the first to come with its new certificate stays', async () => {
  const old = await enrolled();
  const [one, two] = [await renewed(old), await renewed(old)];
  await use(two);
  expect([isGivenUp(old), isGivenUp(one), isGivenUp(two)]).toEqual([true, true, false]);
  expect(await codeOf(renewed(one))).toBe('certificate-superseded');
  expect(await codeOf(renewed(old))).toBe('certificate-superseded');
  expect(await codeOf(enrolWith(one.key))).toBe('certificate-superseded');
});

test('one that has run out is renewed for the time of grace, with the key that is known; after that a token brings the device back under its name', async () => {
  const old = await enrolled();
  fleet.clock.skip(31 * dayMs);
  const stranger = { ...shown(old), keyId: 'f'.repeat(64) };
  expect(await codeOf(route(devicePaths.renew, { csr: await csrOf(makePrivateKey()) }, stranger))).toBe('certificate-expired');
  const next = await renewed(old);
  fleet.clock.skip(89 * dayMs);
  // The answer may have been lost: the key that was offered is known as well.
  await renewed(next);
  fleet.clock.skip(90 * dayMs);
  await expect(renewed(old)).rejects.toMatchObject({ code: 'certificate-expired', message: expect.stringMatching(/90 days.*pier token create/) });
  expect((await enrolWith(old.key)).device).toBe(old.device);
});

test('who may not renew is told why', async () => {
  const [held, other, revoked] = [await enrolled(), await enrolled(), await enrolled()];
  await enrollHandlers(deps).revokeDevice({ params: { device: (await readDevice(fleet.db, revoked.device as never)).id }, query: undefined, body: {}, actor });
  expect(await codeOf(renewed(revoked))).toBe('device-revoked');
  expect(await codeOf(renewed({ ...held, device: 'nobody-abc' }))).toBe('certificate-invalid');
  expect(await codeOf(renewed(held, held.key))).toBe('input-invalid');
  expect(await codeOf(renewed(held, other.key))).toBe('conflict');
  expect(await codeOf(route(devicePaths.renew, { csr: await csrOf(makePrivateKey()) }))).toBe('unauthenticated');
  expect(await codeOf(route(devicePaths.renew, { csr: 'none' }, shown(held)))).toBe('input-invalid');
  expect(await codeOf(route(devicePaths.renew, { csr: await csrOf(makePrivateKey()), device: other.device }, shown(held)))).toBe('input-invalid');
});

test('a device that renews without end writes no record without end, and is in nobody\'s way', async () => {
  let atMs = 0;
  const [held, other, key] = [await enrolled(), await enrolled(), makePrivateKey()];
  const [csr, ask] = [await csrOf(key), enrollDeviceRoutes({ ...deps, clock: { ...deps.clock, monotonicMs: () => atMs } })];
  const renewOnce = (who: Held) => codeOf(ask({ method: 'POST', path: devicePaths.renew, body: Buffer.from(JSON.stringify({ csr })), certificate: shown(who) }));
  const codes: string[] = [];
  for (let n = 0; n < 40; n += 1) codes.push(await renewOnce(held));
  expect(codes).toEqual([...Array<string>(24).fill('none'), ...Array<string>(16).fill('too-many-requests')]);
  expect(await renewOnce(other)).toBe('certificate-superseded');
  atMs = 10_000;
  expect(await renewOnce(held)).toBe('none');
});

test('keys without end are not signed for', async () => {
  const held = await enrolled();
  for (let n = 0; n < 8; n += 1) await renewed(held);
  expect(await codeOf(renewed(held))).toBe('too-many-requests');
});

test('a key is remembered for as long as a certificate of it can be used or renewed, however often it was signed for, and then no more', async () => {
  const [old, lost, revoked, unknown] = [await enrolled(), await enrolled(), await enrolled(), await enrolled()];
  for (const held of [old, revoked, unknown]) await use(await renewed(held));
  const again = await renewed(lost);
  await fleet.db.update(deviceKey).set({ until: null }).where(eq(deviceKey.keyId, shown(unknown).keyId));
  await enrollHandlers(deps).revokeDevice({ params: { device: (await readDevice(fleet.db, revoked.device as never)).id }, query: undefined, body: {}, actor });
  const kept = async () => {
    await keys.dropExpired(deps.graceMs);
    const rows = await fleet.db.select({ keyId: deviceKey.keyId }).from(deviceKey);
    return [old, again, revoked, unknown].map((held) => rows.some(({ keyId }) => keyId === shown(held).keyId));
  };
  fleet.clock.skip(20 * dayMs);
  // The same key once more: what counts is the last certificate of it.
  await renewed(lost, again.key);
  fleet.clock.skip(99 * dayMs);
  expect([await kept(), isGivenUp(old)]).toEqual([[true, true, true, true], true]);
  fleet.clock.skip(2 * dayMs);
  expect([await kept(), isGivenUp(old), isGivenUp(revoked)]).toEqual([[false, true, true, true], false, true]);
  expect(await codeOf(renewed(old))).toBe('certificate-expired');
  fleet.clock.skip(20 * dayMs);
  expect(await kept()).toEqual([false, false, true, true]);
});

test('who comes with a key that was given up is another holder of it, once the device has had the time to change over', async () => {
  const [old, other] = [await enrolled(), await enrolled()];
  const next = await renewed(old);
  const copy = (held: Held, inMs: number, by = keys) => by.copyOf({ keyId: shown(held).keyId, connectedMs: fleet.clock.nowMs() + inMs });
  expect(copy(old, 600_000)).toBeUndefined();
  await use(next);
  const known = { device: old.device, givenUp: shown(old).keyId, inForce: shown(next).keyId };
  expect([copy(old, 60_000), copy(old, 600_000), copy(next, 600_000), copy(other, 600_000)]).toEqual([undefined, known, undefined, undefined]);
  expect(copy(old, 600_000, await openDeviceKeys({ db: fleet.db, clock: fleet.clock, log: silentLog }))).toEqual(known);
});
