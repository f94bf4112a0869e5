/** Who belongs to the fleet: let in by a person, denied, the same board once more, and one that is trusted no more. */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppName, type DeviceId } from '@pier/shared/core';
import { exampleGuest } from '../support/guests.ts';
import { runPier } from '../support/pier.ts';
import { readRecord } from '../support/record.ts';
import { childEnv } from '../support/stage.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const pendingNamed = (name: string) => until(`${name} waiting to be let in`, async () => (await world.api.call('listPending', { query: {} })).items.find((one) => one.name === name));
const start = (name: string, token: string) => runPier(['agent', 'start', '--data', join(world.dir, name), '--manager', world.manager.device, '--token', token, '--board', `sim:${world.board.dir}`, '--name', name], { env: childEnv(), timeoutMs: 60_000 });
const uses = async () => (await world.api.call('listTokens', { query: { limit: 1 } })).items[0]?.uses;

describe('with a token that wants approval', () => {
  test('a device waits, is in no rollout, and is online once a person has let it in', async () => {
    const token = await world.token({ approval: true });
    const starting = world.enrol({ name: 'shelf', token });
    const { device, model } = await pendingNamed('shelf');
    expect(model).toBe('raspberry-pi-4b');
    expect(await world.look(device)).toMatchObject({ state: 'pending', online: false });
    const release = await world.push({ app: 'blink', version: '0.1.0', counter: 1, ...(await exampleGuest('blink')) });
    await expect(world.rollOut(release, device)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('pending') });
    await world.api.call('approveDevice', { params: { device }, body: { remark: 'that is ours' } });
    const { device: started, process } = await starting;
    expect(started).toBe(device);
    expect(await until('the device online', async () => ((await world.look(device)).online ? world.look(device) : undefined))).toMatchObject({ state: 'active' });
    expect((await world.api.call('listPending', { query: {} })).items).toEqual([]);
    await process[Symbol.asyncDispose]();
  });

  test('a device that is denied is told so, ends, and stays out with its key', async () => {
    const token = await world.token({ approval: true, uses: 2 });
    const starting = start('intruder', token);
    const { device } = await pendingNamed('intruder');
    await world.api.call('revokeDevice', { params: { device }, body: { remark: 'not ours' } });
    const ran = await starting;
    expect([ran.status, ran.stderr]).toEqual([3, expect.stringMatching(/forbidden: .*revoked.*not let in again/)]);
    await expect(world.api.call('approveDevice', { params: { device }, body: {} })).rejects.toMatchObject({ code: 'conflict' });
    expect((await start('intruder', await world.token())).status).toBe(3);
  });
});

test('a board that enrols twice with the same key is the same device, and uses up nothing the second time', async () => {
  const first = await world.enrol({ name: 'twin' });
  await first.process[Symbol.asyncDispose]();
  rmSync(join(world.dir, 'twin', 'identity', 'enrolment.json'));
  const again = await world.enrol({ name: 'twin', token: await world.token() });
  expect([again.device, await uses()]).toEqual([first.device, 0]);
  await until('online again', async () => (await world.look(first.device)).online || undefined);
  const { items } = await world.api.call('listAudit', { query: { object: `device:${first.device}` } });
  expect(items.map((one) => one.action).toReversed()).toEqual(['device.enrolled', 'device.certificate-reissued']);
  await again.process[Symbol.asyncDispose]();
});

describe('a device that is revoked while it runs', () => {
  let device: DeviceId;
  const blink = AppName.parse('blink');
  const edges = () => readRecord(world.board.record).filter((row) => row.name === 'GPIO17' && row.by === 'guest').length;
  let logBytesBefore = 0;
  /** What the agent has written since the device was revoked. */
  const logged = () => readFileSync(join(world.dir, 'logs', 'quay.log')).subarray(logBytesBefore).toString();
  const identity = () => {
    const folder = join(world.dir, 'quay', 'identity');
    const { certificate, ca } = JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8')) as { certificate: string; ca: string };
    return { key: readFileSync(join(folder, 'key.pem'), 'utf8'), cert: certificate, ca };
  };
  const policyStatus = () =>
    new Promise<number>((resolve, reject) => {
      const asked = request(new URL('/device/v1/policy', world.manager.device), { ...identity(), agent: false }, (response) => resolve(response.resume().statusCode ?? 0));
      asked.on('error', reject).end();
    });
  const connects = async () => {
    const client = await connectAsync(world.manager.mqtt, { ...identity(), clientId: device, protocolVersion: 4, reconnectPeriod: 0, connectTimeout: 30_000 }, false).catch(() => undefined);
    await client?.endAsync(true);
    return client !== undefined;
  };

  beforeAll(async () => {
    ({ device } = await world.enrol({ name: 'quay' }));
    await world.bind(device, blink, { led, button });
    const rollout = await world.rollOut(await world.push({ app: blink, version: '1.0.0', counter: 10, ...(await exampleGuest('blink')) }), device, { soakS: 0 });
    await deploymentIn(world, { device, rollout, states: ['proven'] });
    expect(await policyStatus()).toBe(200);
    await until('the device online', async () => (await world.look(device)).online || undefined);
    logBytesBefore = statSync(join(world.dir, 'logs', 'quay.log')).size;
    await world.api.call('revokeDevice', { params: { device }, body: { remark: 'stolen' } });
  });

  test('loses its connection at once, and its agent is refused when it comes again', async () => {
    await until('the end of the connection in the agent’s log', () => /link\.lost/.test(logged()) || undefined);
    await expect.poll(() => world.look(device), { timeout: 60_000 }).toMatchObject({ state: 'revoked', online: false });
    expect(await policyStatus()).toBe(403);
    expect(await connects()).toBe(false);
    await until('a refusal in the agent’s log', () => /link\.failed/.test(logged()) || undefined);
    expect((await world.look(device)).online).toBe(false);
  });

  test('goes on with its apps, as it would without a network', async () => {
    const before = edges();
    await until('more edges of its LED', () => edges() > before + 3 || undefined);
  });

  test('is offered nothing more, and says why', async () => {
    const { items } = await world.api.call('whyDevice', { params: { device }, query: { app: blink } });
    expect(items).toMatchObject([{ code: 'device.revoked', updated: false }]);
    const next = await world.push({ app: blink, version: '1.0.1', counter: 11, ...(await exampleGuest('blink')) });
    await expect(world.rollOut(next, device)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('revoked') });
  });
});
