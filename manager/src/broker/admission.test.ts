import type { IClientOptions } from 'mqtt';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrokerWorld, closed, connectBytes, deviceIdentity, newAuthority, operatorIdentity, received, until } from '../testing/index.ts';

let world: BrokerWorld;
const yearMs = 365 * 86_400_000;

beforeEach(async () => {
  world = await BrokerWorld.open();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('who is let in', () => {
  test('a device, an operator and a manager with certificates of this CA', async () => {
    await world.device('dev-a');
    await world.client(await operatorIdentity(world.authority, 'alice'));
    await world.client(await world.authority.managerIdentity('a'));
    expect(world.broker.stats()).toMatchObject({ accepted: 3, connections: 3, refused: 0 });
    expect([world.broker.isConnected('dev-a'), world.broker.isConnected('operator:alice'), world.broker.isConnected('dev-b')]).toEqual([true, true, false]);
  });

  test('nobody without a certificate, with one of a foreign CA, or with the server’s own', async () => {
    await using stranger = await newAuthority();
    for (const who of [undefined, await deviceIdentity(stranger, 'dev-a'), await stranger.managerIdentity('a'), world.authority.server]) expect(await world.refusal(who, { clientId: 'dev-a' })).not.toBe('was let in');
    expect(world.broker.stats()).toMatchObject({ accepted: 0 });
  });

  test('no certificate that has expired, also when that happens in the middle of a session', async () => {
    world.signedBackMs = 3 * yearMs;
    const expired = await deviceIdentity(world.authority, 'dev-a');
    world.signedBackMs = 0;
    expect(await world.refusal(expired, { clientId: 'dev-a' })).not.toBe('was let in');
    await world.restart({ expirySweepMs: 20 });
    const live = await world.device('dev-b');
    world.clockAheadMs = 3 * yearMs;
    await closed(live);
    expect(await world.refusal(await deviceIdentity(world.authority, 'dev-c'), { clientId: 'dev-c' })).toContain('Not authorized');
  });

  test('no certificate whose key was given up, also when that happens in the middle of a session', async () => {
    await world.restart({ expirySweepMs: 20 });
    const copy = await deviceIdentity(world.authority, 'dev-a');
    const [old, other] = [await world.client(copy, { clientId: 'dev-a' }), await world.device('dev-b')];
    const end = closed(old);
    world.givenUp.add(copy.serial);
    await end;
    expect(await world.refusal(copy, { clientId: 'dev-a' })).toContain('Not authorized');
    expect(other.connected).toBe(true);
  });

  test('whatever name a device asks for, it gets its own', async () => {
    for (const askFor of ['manager:x', '+/#', 'operator:alice']) {
      const who = await deviceIdentity(world.authority, 'dev-a', { askFor });
      expect(await world.refusal(who, { clientId: askFor })).toContain('Identifier rejected');
    }
  });

  test('a device only under its own client id; stealing another’s does not disturb its owner', async () => {
    const owner = await world.device('dev-b');
    const got = received(owner);
    await owner.subscribeAsync('pier/v1/d/dev-b/down/#');
    expect(await world.refusal(await deviceIdentity(world.authority, 'dev-a'), { clientId: 'dev-b' })).toContain('Identifier rejected');
    await world.broker.publish('pier/v1/d/dev-b/down/ack', 'still here');
    await until(() => got.length === 1, { what: 'dev-b hears on' });
    expect(owner.connected).toBe(true);
  });

  test('no revoked one, and the answer says not authorized', async () => {
    const who = await deviceIdentity(world.authority, 'dev-a');
    world.revoked.add(who.serial);
    expect(await world.refusal(who, { clientId: 'dev-a' })).toContain('Not authorized');
    await world.client(await deviceIdentity(world.authority, 'dev-a'), { clientId: 'dev-a' });
  });

  test.each([
    ['MQTT 5', 5, 'MQTT'],
    ['level 3 under the name of 3.1.1', 3, 'MQTT'],
    ['MQTT 3.1', 3, 'MQIsdp'],
    ['a bridge', 0x84, 'MQTT'],
  ])('%s is answered with return code 1', async (_name, level, name) => {
    const plain = connectBytes('dev-a', { level, name });
    // MQTT 5 has one more byte before the client id: an empty list of properties.
    const bytes = level === 5 ? Buffer.concat([Buffer.from([0x10, 18]), plain.subarray(2, 12), Buffer.from([0]), plain.subarray(12)]) : plain;
    expect([...(await world.answerTo(await deviceIdentity(world.authority, 'dev-a'), bytes))]).toEqual([0x20, 2, 0, 1]);
  });

  test('user name and password change nothing', async () => {
    const pretender = await world.device('dev-a', { username: 'manager:a', password: 'x' });
    await pretender.publishAsync('pier/v1/d/dev-b/down/cmd', 'x').catch(() => undefined);
    await until(() => !pretender.connected, { what: 'the pretender is cut off' });
    expect(world.heard).toEqual([]);
  });

  test('keep-alive is asked for', async () => {
    expect(await world.refusal(await deviceIdentity(world.authority, 'dev-a'), { clientId: 'dev-a', keepalive: 0 })).toContain('Not authorized');
    expect(await world.refusal(await deviceIdentity(world.authority, 'dev-a'), { clientId: 'dev-a', keepalive: 301 })).toContain('Not authorized');
  });
});



describe('wills', () => {
  const will = (topic: string, retain = false): IClientOptions => ({ will: { topic, payload: Buffer.from('gone'), qos: 1, retain } });

  test('a device’s own will is heard when its connection breaks, and not after a clean end', async () => {
    const dev = await world.device('dev-a', will('pier/v1/d/dev-a/up/presence', true));
    await dev.endAsync();
    const again = await world.device('dev-a', will('pier/v1/d/dev-a/up/presence', true));
    again.stream.destroy();
    await until(() => world.heard.length === 1, { what: 'the will' });
    expect(world.heard[0]).toMatchObject({ topic: 'pier/v1/d/dev-a/up/presence', from: { kind: 'device', device: 'dev-a' } });
  });

  test.each(['pier/v1/d/dev-b/up/presence', 'pier/v1/d/dev-b/down/cmd', 'pier/v1/d/dev-a/up/+', '#', '$SYS/x', 'other/x'])('a will on %s is refused at CONNECT', async (topic) => {
    expect(await world.refusal(await deviceIdentity(world.authority, 'dev-a'), { clientId: 'dev-a', ...will(topic) })).toContain('Not authorized');
    expect(world.broker.stats()).toMatchObject({ refused: 1, connections: 0 });
  });

  test('the will of one who talked too much still comes', async () => {
    await world.restart({ publishPerS: 1, publishBurst: 2 });
    const dev = await world.device('dev-a', will('pier/v1/d/dev-a/up/presence'));
    for (let i = 0; i < 5; i += 1) dev.publish('pier/v1/d/dev-a/up/event', `m${i}`, { qos: 0 });
    await until(() => world.texts.includes('gone'), { what: 'the will' });
    expect(world.texts).toEqual(['m0', 'm1', 'gone']);
  });

  test('no will is heard because the broker stops', async () => {
    await world.device('dev-a', will('pier/v1/d/dev-a/up/presence'));
    await world.broker[Symbol.asyncDispose]();
    expect(world.heard).toEqual([]);
  });
});
