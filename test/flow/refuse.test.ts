import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectAsync } from 'mqtt';
import { join } from 'node:path';
import { type DeviceId, canonicalJson, systemClock } from '@pier/shared/core';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { topics } from '@pier/shared/wire';
import { type Guest, exampleGuest } from '../support/guests.ts';
import { stolenIdentity, stolenSchedulerKey } from '../support/stolen.ts';
import { type World, button, deploymentIn, led, openWorld, rolloutIn, until } from '../support/world.ts';

let world: World;
let device: DeviceId;
let blink: Guest;
let sinceMs: number | undefined;
const authority = () => join(world.dir, 'manager', 'authority');
const bindings = { led, button };

beforeAll(async () => {
  world = await openWorld();
  blink = await exampleGuest('blink');
  ({ device } = await world.enrol());
  await world.bind(device, 'blink', bindings);
  const rollout = await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 100, ...blink }), device);
  await deploymentIn(world, { device, rollout, states: ['proven'] });
});
afterAll(() => world[Symbol.asyncDispose]());

const running = async () => Object.entries((await world.look(device)).reported?.apps ?? {}).find(([name]) => name === 'blink')?.[1].running;
beforeEach(async () => {
  sinceMs = (await running())?.sinceMs;
  expect(sinceMs).toBeGreaterThan(0);
});

/** The first version runs on, never stopped. */
async function untouched(): Promise<void> {
  expect(await running()).toMatchObject({ version: '1.0.0', sinceMs, restarts: 0 });
}

async function refusal(code: string, since: string): Promise<string> {
  const row = await until(`a refusal ${code}`, async () => (await world.look(device)).refusals.find((one) => one.code === code && one.at >= since));
  expect(row.reason.length).toBeGreaterThan(10);
  return row.reason;
}

const now = () => new Date(Date.now() - 1).toISOString();

async function asBrokerOwner(message: string | Uint8Array, topic = topics.desired.of({ device })): Promise<void> {
  const client = await connectAsync(world.manager.mqtt, { ...(await stolenIdentity(authority(), 'manager:attacker')), protocolVersion: 4, reconnectPeriod: 0 }, false);
  await client.publishAsync(topic, Buffer.from(message), { qos: 1 });
  await client.endAsync();
}

const forged = (change: object) => {
  const desired = { device, rev: systemClock.nowMs(), policy: 0, apps: {}, ...change };
  return JSON.stringify(signEnvelope({ payloadType: payloadTypes.desired, payload: canonicalJson(desired), privatePem: stolenSchedulerKey(authority()) }));
};
const appOf = (pushed: { digest: string; repository: string }, more: object = {}) => ({ blink: { repository: pushed.repository, digest: pushed.digest, version: '9.0.0', counter: 900, attempt: 900, soakS: 1, bindings, ...more } });

test('one flipped bit under the true digest is refused as corruption, and stops its rollout', async () => {
  const wasm = Buffer.concat([blink.wasm, Buffer.from([0, 5, 4, 0x70, 0x69, 0x65, 0x72])]);
  const pushed = await world.push({ app: 'blink', version: '1.1.0', counter: 110, ...blink, wasm });
  await fetch(`${world.mirror}/corrupt/${pushed.layer}`, { method: 'POST' });
  const rollout = await world.rollOut(pushed, device);
  expect((await deploymentIn(world, { device, rollout, states: ['refused', 'failed', 'proven'] })).reason?.code).toBe('digest-mismatch');
  await untouched();
  expect(await rolloutIn(world, rollout, ['paused'])).toMatchObject({ cause: 'gate', waves: [{ state: 'failed' }] });
});

test.each([
  ['by a key that nobody named', 'stranger', 'untrusted-signer'],
  ['by nobody', 'nobody', 'unsigned'],
] as const)('an artifact signed %s is not taken for a rollout, and refused by the device when offered all the same', async (_, signer, code) => {
  const since = now();
  const pushed = await world.push({ app: 'blink', version: `2.0.0-${signer}`, counter: 200, ...blink, signer });
  await expect(world.rollOut(pushed, device)).rejects.toMatchObject({ code: 'release-unverified' });
  await asBrokerOwner(forged({ apps: appOf(pushed) }));
  await refusal(code, since);
  await untouched();
});

test('an ask without a binding waits at the manager, and is refused by the device when offered all the same', async () => {
  const since = now();
  const asks = { ...(blink.asks as { gpio: object[] }) };
  asks.gpio = [...asks.gpio, { label: 'siren', mode: 'out', safe: 'inactive' }];
  const pushed = await world.push({ app: 'blink', version: '3.0.0', counter: 300, ...blink, asks });
  const rollout = await world.rollOut(pushed, device);
  expect(await rolloutIn(world, rollout, ['awaiting_approval'])).toMatchObject({ reason: { code: 'approval.uncovered', reason: expect.stringMatching(/siren.*capability\.unbound/) } });
  expect((await world.look(device)).deployments.find((one) => one.rollout === rollout)).toMatchObject({ state: 'waiting', attempt: null });
  await asBrokerOwner(forged({ apps: appOf(pushed) }));
  expect(await refusal('capability.unbound', since)).toMatch(/siren/);
  await untouched();
});

test('an older signed release is refused below the counter floor', async () => {
  const since = now();
  const pushed = await world.push({ app: 'blink', version: '0.9.0', counter: 90, ...blink });
  await asBrokerOwner(forged({ apps: appOf(pushed, { version: '0.9.0', counter: 90 }) }));
  await refusal('release-older', since);
  await untouched();
});

describe('a desired document is refused', () => {
  test.each<[string, () => string | Uint8Array, string]>([
    ['unsigned', () => canonicalJson({ device, rev: systemClock.nowMs(), policy: 0, apps: {} }), 'desired-unsigned'],
    ['signed by a key that is no scheduler', () => JSON.stringify(signEnvelope({ payloadType: payloadTypes.desired, payload: canonicalJson({ device, rev: systemClock.nowMs(), policy: 0, apps: {} }), privatePem: world.keys.release.privatePem })), 'untrusted-signer'],
    ['signed as something else', () => JSON.stringify(signEnvelope({ payloadType: payloadTypes.command, payload: canonicalJson({ device, rev: systemClock.nowMs(), policy: 0, apps: {} }), privatePem: stolenSchedulerKey(authority()) })), 'desired-invalid'],
    ['for another device', () => forged({ device: 'somebody-else' }), 'desired-invalid'],
    ['with an unknown key', () => forged({ extra: 1 }), 'desired-invalid'],
    ['older than what the device holds', () => forged({ rev: 1 }), 'desired-stale'],
    ['that is no JSON', () => '{"device":', 'desired-invalid'],
    ['of random bytes', () => Buffer.from([0xff, 0xfe, 0, 1, 2, 3]), 'desired-invalid'],
  ])('%s', async (_, message, code) => {
    const since = now();
    await asBrokerOwner(message());
    await refusal(code, since);
    await untouched();
  });
});

test('malformed commands are refused or passed over, and the device answers the next one', async () => {
  const topic = topics.command.of({ device });
  for (const message of ['', '{', '[]', '{"cmd":7}', '{"cmd":"ping","extra":1}', '{"id":"../x","cmd":"ping"}', '{"id":"n1","cmd":"rm -rf"}', '{"id":"n2","cmd":"app.stop","args":{"app":"blink"}}', '\u0000', `{"cmd":"ping","args":${'['.repeat(60)}${']'.repeat(60)}}`]) await asBrokerOwner(message, topic);
  const client = await connectAsync(world.manager.mqtt, { ...(await stolenIdentity(authority(), 'operator:carol')), protocolVersion: 4, reconnectPeriod: 0 }, false);
  const answers: string[] = [];
  client.on('message', (_, payload) => answers.push(payload.toString()));
  await client.subscribeAsync(topics.commandState.of({ device, id: 'good-1' }), { qos: 1 });
  await client.publishAsync(topic, '{"id":"good-1","cmd":"ping"}', { qos: 1 });
  await until('an answer', () => answers.some((answer) => answer.includes('"done"')) || undefined);
  await client.publishAsync(topic, '{"id":"good-1","cmd":"ping"}', { qos: 1 });
  await until('the same answer told again', () => answers.filter((answer) => answer.includes('"done"')).length >= 2 || undefined);
  await client.endAsync();
  await untouched();
});
