import { connectAsync } from 'mqtt';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { topics } from '@pier/shared/wire';
import { type ClientIdentity, stolenIdentity } from '../support/stolen.ts';
import { openStage, type Stage, type ManagerReady } from '../support/stage.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

let stage: Stage;
let manager: ManagerReady;
let dir: string;
let foreign: string;
const dayMs = 86_400_000;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pier-certs-'));
  stage = openStage(dir);
  manager = (await stage.startManager()).ready;
  // A second manager's CA is the most convincing foreign CA there is.
  const other = openStage(join(dir, 'other'));
  await other.startManager();
  foreign = join(dir, 'other', 'manager', 'authority');
  await other[Symbol.asyncDispose]();
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

const own = () => join(dir, 'manager', 'authority');

async function connects(identity: Partial<ClientIdentity>, clientId = 'any'): Promise<boolean> {
  const { ca } = await stolenIdentity(own(), 'manager:x');
  try {
    const client = await connectAsync(manager.mqtt, { ...identity, ca, clientId, protocolVersion: 4, reconnectPeriod: 0, connectTimeout: 30_000 }, false);
    await client.endAsync(true);
    return true;
  } catch {
    return false;
  }
}

describe('the broker lets nobody in', () => {
  test('without a certificate', async () => expect(await connects({})).toBe(false));
  test('with a certificate of another CA', async () => expect(await connects(await stolenIdentity(foreign, 'manager:x'))).toBe(false));
  test('with an expired certificate', async () => expect(await connects(await stolenIdentity(own(), 'manager:x', { fromMs: Date.now() - 9 * dayMs, toMs: Date.now() - dayMs }))).toBe(false));
  test('with a certificate that is not valid yet', async () => expect(await connects(await stolenIdentity(own(), 'manager:x', { fromMs: Date.now() + dayMs, toMs: Date.now() + 9 * dayMs }))).toBe(false));
  test.each(['+', 'nobody:x', 'manager:', 'a b', 'A', '$SYS'])('with the name %s', async (name) => expect(await connects(await stolenIdentity(own(), name))).toBe(false));
  test('as a device under a client id that is not its name', async () => expect(await connects(await stolenIdentity(own(), 'dev-a'), 'dev-b')).toBe(false));
});

test('the same names and times, when right, are let in: the refusals above are not the network', async () => {
  expect(await connects(await stolenIdentity(own(), 'manager:x'))).toBe(true);
  expect(await connects(await stolenIdentity(own(), 'dev-a'), 'dev-a')).toBe(true);
});

test('a device that publishes outside its branch is cut off, and nobody hears it', async () => {
  const listener = await connectAsync(manager.mqtt, { ...(await stolenIdentity(own(), 'manager:listener')), protocolVersion: 4, reconnectPeriod: 0 }, false);
  const heard: string[] = [];
  listener.on('message', (topic) => heard.push(topic));
  await listener.subscribeAsync('pier/v1/d/+/up/#', { qos: 1 });
  const device = await connectAsync(manager.mqtt, { ...(await stolenIdentity(own(), 'dev-a')), clientId: 'dev-a', protocolVersion: 4, reconnectPeriod: 0 }, false);
  const closed = new Promise<void>((resolve) => device.once('close', resolve));
  device.on('error', () => {});
  device.publish(topics.event.of({ device: 'dev-b' }), '{}', { qos: 1 });
  await closed;
  await listener.publishAsync(topics.ack.of({ device: 'dev-a' }), '{}', { qos: 1 });
  expect(heard).toEqual([]);
  await listener.endAsync();
});

describe('the device listener', () => {
  const get = (path: string, identity: Partial<ClientIdentity>): Promise<number> =>
    new Promise((resolve, reject) => {
      const url = new URL(path, manager.device);
      const asked = request(url, { ...identity, rejectUnauthorized: false, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.on('error', reject);
      asked.end();
    });

  test('gives the CA to anybody, and the policy to no stranger', async () => {
    expect(await get('/device/v1/ca', {})).toBe(200);
    expect(await get('/device/v1/policy', {})).toBeGreaterThanOrEqual(401);
    expect(await get('/device/v1/policy', {})).toBeLessThan(404);
  });
  test('refuses a foreign or expired certificate instead of taking its holder for nobody', async () => {
    expect(await get('/device/v1/ca', await stolenIdentity(foreign, 'dev-a'))).toBe(403);
    expect(await get('/device/v1/ca', await stolenIdentity(own(), 'dev-a', { fromMs: Date.now() - 9 * dayMs, toMs: Date.now() - dayMs }))).toBe(403);
  });
  test('answers nonsense with a clear status', async () => {
    expect(await get('/device/v1/nothing', {})).toBe(404);
    expect(await get('/v2/', {})).toBe(401);
  });
});
