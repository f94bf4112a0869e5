/** A revoked device that is forgotten is nowhere to be seen, and its keys are let in nowhere. */
import { createHash, createPublicKey } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RolloutPlan } from '@pier/shared/api';
import { DeviceId, Fault, silentLog } from '@pier/shared/core';
import { EnrollResponse, decodeToken, devicePaths } from '@pier/shared/enroll';
import { makeCertificateRequest, makePrivateKey } from '@pier/shared/x509';
import { type Fleet, board, openFleet, presence, reported } from '../../../test/support/fleet.ts';
import { checkInvariants } from '../../../test/support/invariants.ts';
import { openAuthority } from '../authority/index.ts';
import { assignment, audit, deployment, deviceKey, event } from '../db/index.ts';
import { deviceHandlers, readDevice } from '../device/index.ts';
import { whyHandlers } from '../why/index.ts';
import { type EnrollDeps, enrollDeviceRoutes, enrollHandlers, openDeviceKeys, openRevocations } from './index.ts';

const dayMs = 86_400_000;
const actor = { name: 'ada', role: 'admin' } as const;
const none = { params: undefined, query: undefined, body: undefined, actor };
let fleet: Fleet;
let folder: string;
let deps: EnrollDeps;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-forget-'));
  fleet = await openFleet();
  const { db, clock, wake, policies } = fleet;
  const [keys, authority] = [await openDeviceKeys({ db, clock, log: silentLog }), await openAuthority({ dir: folder, clock, hosts: [] })];
  const revocations = await openRevocations({ db, onRevoked: () => {} });
  deps = { db, clock, random: Math.random, log: silentLog, authority, policies, urls: () => ({ mqtt: 'mqtts://127.0.0.1:8883' }), revocations, keys, graceMs: 90 * dayMs, wake, showDevice: (id) => readDevice(db, id) };
}, 120_000);
afterAll(async () => {
  expect(await checkInvariants(fleet.db)).toEqual([]);
  await fleet[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const codeOf = async (work: Promise<unknown>): Promise<string> => work.then(() => 'none', (error: unknown) => (error instanceof Fault ? error.code : String(error)));
const keyIdOf = (privatePem: string) => createHash('sha256').update(createPublicKey(privatePem).export({ type: 'spki', format: 'der' })).digest('hex');

async function route(path: string, body: object, certificate?: { device: string; keyId: string; notAfterMs: number }): Promise<unknown> {
  return (await enrollDeviceRoutes(deps)({ method: 'POST', path, body: Buffer.from(JSON.stringify(body)), ...(certificate && { certificate }) })).json;
}
const csrOf = (privatePem: string) => makeCertificateRequest({ privatePem, commonName: 'whoever' });
async function enrol(privatePem: string): Promise<DeviceId> {
  const made = await enrollHandlers(deps).createToken({ ...none, body: { uses: 1, expiresInS: 3_600, tags: { site: 'mole' }, approval: false } });
  return EnrollResponse.parse(await route(devicePaths.enroll, { secret: decodeToken(made.token)?.secret, csr: await csrOf(privatePem), profile: board, name: 'Lantern' })).device;
}
const revoke = (device: DeviceId) => enrollHandlers(deps).revokeDevice({ ...none, params: { device }, body: {} });
const forget = (device: DeviceId) => enrollHandlers(deps).forgetDevice({ ...none, params: { device } });

test('only a revoked device is forgotten, and only once', async () => {
  const id = await enrol(makePrivateKey());
  expect(await codeOf(forget(id))).toBe('conflict');
  await revoke(id);
  expect(await codeOf(forget(id))).toBe('none');
  expect(await codeOf(forget(id))).toBe('not-found');
  expect(await codeOf(forget(DeviceId.parse('nobody')))).toBe('not-found');
});

test('its key, one that it was yet to come with, and its certificate are refused ever after, also by a manager that starts anew', async () => {
  const [key, next] = [makePrivateKey(), makePrivateKey()];
  const id = await enrol(key);
  const shown = { device: id, keyId: keyIdOf(key), notAfterMs: fleet.clock.nowMs() + dayMs };
  await route(devicePaths.renew, { csr: await csrOf(next) }, shown);
  await revoke(id);
  await forget(id);
  expect([await codeOf(enrol(key)), await codeOf(enrol(next))]).toEqual(['forbidden', 'certificate-superseded']);
  expect(await codeOf(route(devicePaths.renew, { csr: await csrOf(makePrivateKey()) }, shown))).toBe('device-revoked');
  const { db, clock } = fleet;
  expect((await openRevocations({ db, onRevoked: () => {} })).has(id)).toBe(true);
  expect((await openDeviceKeys({ db, clock, log: silentLog })).supersededBy({ keyId: keyIdOf(next) })).toBeDefined();
  expect(await db.select().from(deviceKey).where(and(eq(deviceKey.deviceId, id), eq(deviceKey.state, 'offered')))).toEqual([]);
});

test('no list, count, tag or rollout finds it, and no route shows it', async () => {
  const [id, other] = [await enrol(makePrivateKey()), await enrol(makePrivateKey())];
  const devices = deviceHandlers(fleet);
  const before = await devices.getFleet(none);
  await revoke(id);
  await forget(id);
  const after = await devices.getFleet(none);
  expect([after.total, after.standings.revoked]).toEqual([before.total - 1, before.standings.revoked]);
  const devicesAt = ({ sites }: typeof after): number => sites.reduce((sum, one) => sum + one.devices, 0);
  expect(devicesAt(after)).toBe(devicesAt(before) - 1);
  const found = await devices.listDevices({ ...none, query: { limit: 50, order: 'id', selector: 'not exists(spare)' } });
  expect(found.items.map((one) => one.id)).toContain(other);
  expect(found.items.map((one) => one.id)).not.toContain(id);
  expect(await devices.tagDevices({ ...none, body: { selector: 'not exists(spare)', setTags: { seen: 'yes' } } })).toEqual({ devices: after.total });
  const release = await fleet.addRelease({ counter: 7 });
  const forecast = await fleet.handlers.forecastRollout({ ...none, body: RolloutPlan.parse({ release: release.id, selector: 'not exists(spare)' }) });
  expect(forecast.leftOut.flatMap((one) => one.devices)).not.toContain(id);
  const params = { device: id };
  const asked = [devices.getDevice({ ...none, params }), devices.changeDevice({ ...none, params, body: { name: 'back' } }), devices.tagDevices({ ...none, body: { devices: [id], setTags: { seen: 'yes' } } }), devices.listEvents({ ...none, params, query: { limit: 1 } }), whyHandlers(fleet).whyDevice({ ...none, params, query: {} })];
  expect(await Promise.all(asked.map(codeOf))).toEqual(asked.map(() => 'not-found'));
});

test('what it told is gone; what rollouts did on it and what people did to it stays, and attempts count on', async () => {
  const id = await enrol(makePrivateKey());
  await fleet.say(id, 'presence', presence({ seq: 1 }));
  await fleet.bind(id);
  const release = await fleet.addRelease({ counter: 8 });
  const rollout = await fleet.addRollout({ release, waves: [{ devices: [id] }] });
  await fleet.tick();
  await fleet.say(id, 'reported', reported({ seq: 2, apps: { blink: { digest: release.digest, attempt: 1, state: 'failed', reason: { code: 'guest-trapped', reason: 'it trapped' } } } }));
  await fleet.say(id, 'event', { gen: 1, boot: 1, seq: 3, type: 'app.failed', app: 'blink', digest: release.digest, code: 'guest-trapped', reason: 'it trapped' });
  expect(await fleet.db.select().from(event).where(eq(event.deviceId, id))).toHaveLength(1);
  await revoke(id);
  const [before] = await fleet.db.select().from(deployment).where(eq(deployment.deviceId, id));
  await forget(id);
  expect(await fleet.db.select().from(event).where(eq(event.deviceId, id))).toEqual([]);
  expect(await fleet.db.select().from(deployment).where(eq(deployment.rolloutId, rollout))).toEqual([before]);
  expect(await fleet.db.select().from(assignment).where(eq(assignment.deviceId, id))).toMatchObject([{ releaseId: null, attempt: 1, setBy: 'ada' }]);
  expect(await fleet.desiredOf(id)).toBeUndefined();
  const told = await fleet.db.select().from(audit).where(eq(audit.object, `device:${id}`)).orderBy(audit.id);
  expect(told.map(({ action }) => action)).toEqual(['device.enrolled', 'device.revoked', 'device.forgotten']);
  expect(told.at(-1)).toMatchObject({ actor: 'ada', detail: { name: 'Lantern', model: board.model } });
});
