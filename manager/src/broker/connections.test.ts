import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { Fault, systemClock } from '@pier/shared/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrokerWorld, closed, connectBytes, deviceIdentity, received, until } from '../testing/index.ts';

let world: BrokerWorld;

beforeEach(async () => {
  world = await BrokerWorld.open();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('connections', () => {
  test('the newer connection of a device takes over, with the will of the older one', async () => {
    const older = await world.device('dev-a', { will: { topic: 'pier/v1/d/dev-a/up/presence', payload: Buffer.from('gone'), qos: 1, retain: false } });
    const end = closed(older);
    const newer = await world.device('dev-a');
    await end;
    await until(() => world.heard.length === 1, { what: 'the will' });
    expect(newer.connected).toBe(true);
    await until(() => world.broker.stats().connections === 1, { what: 'one connection is left' });
    expect(world.broker.stats().takeovers).toBe(1);
  });

  test('of many at once under one id one is left, and it is reachable', async () => {
    const who = await deviceIdentity(world.authority, 'dev-a');
    const all = await Promise.allSettled(Array.from({ length: 12 }, () => world.client(who, { clientId: 'dev-a' })));
    await until(() => world.broker.stats().connections === 1, { what: 'one connection is left' });
    const connected = () => all.flatMap((each) => (each.status === 'fulfilled' && each.value.connected ? [each.value] : []));
    // Those that were taken over learn of it a moment later.
    await until(() => connected().length === 1, { what: 'one client that believes to be connected' });
    const [left] = connected();
    const got = left ? received(left) : [];
    await left?.subscribeAsync('pier/v1/d/dev-a/down/#');
    await world.broker.publish('pier/v1/d/dev-a/down/ack', 'x');
    await until(() => got.length === 1, { what: 'the message' });
  });

  test('kick ends every connection of a name, and only those', async () => {
    const [a, b] = [await world.device('dev-a'), await world.device('dev-b')];
    const end = closed(a);
    expect(world.broker.kick('dev-a')).toBe(1);
    expect(world.broker.kick('dev-z')).toBe(0);
    await end;
    expect(b.connected).toBe(true);
    await until(() => !world.broker.isConnected('dev-a'), { what: 'dev-a is gone' });
  });

  test('nobody shows a second certificate on a connection', async () => {
    const socket = await world.rawTls(await deviceIdentity(world.authority, 'dev-a'), { maxVersion: 'TLSv1.2' });
    const answer = await new Promise((resolve) => {
      socket.once('error', resolve);
      socket.renegotiate({}, () => resolve('a second handshake'));
    });
    expect(String(answer)).toMatch(/renegotiation/i);
  });

  test('who never says who it is is closed: no handshake, no CONNECT, half a CONNECT', async () => {
    await world.restart({ connectTimeoutMs: 2_000 });
    const who = await deviceIdentity(world.authority, 'dev-a');
    const silent = connectTcp(world.broker.port, '127.0.0.1');
    silent.on('error', () => {});
    const [mute, half] = [await world.rawTls(who), await world.rawTls(who)];
    half.write(connectBytes('dev-a').subarray(0, 6));
    for (const socket of [silent, mute, half]) socket.resume();
    await until(() => [silent, mute, half].every((socket) => socket.closed), { what: 'all three are closed' });
    expect(world.broker.stats()).toMatchObject({ accepted: 0, connections: 0 });
    expect(world.broker.stats().refused).toBeGreaterThanOrEqual(3);
  });

  test('too many who have not said who they are are turned away; who is in stays, and a newcomer gets in afterwards', async () => {
    await world.restart({ strangersPerAddressMax: 5 });
    const inside = await world.device('dev-a');
    const silent = Array.from({ length: 9 }, () => connectTcp(world.broker.port, '127.0.0.1').on('error', () => {}));
    await until(() => world.broker.stats().refused >= 4, { what: 'four are turned away' });
    expect(inside.connected).toBe(true);
    for (const socket of silent) socket.destroy();
    await until(() => silent.every((socket) => socket.closed), { what: 'the silent ones are gone' });
    await systemClock.sleep(50);
    await world.device('dev-b');
  });

  test('a reader that does not read is let go, and nobody waits for it', async () => {
    await world.restart({ lagBytesMax: 100_000, outboundBytesMax: 300_000, drainTimeoutMs: 300 });
    const slow = await world.rawTls(await deviceIdentity(world.authority, 'dev-a'));
    slow.write(connectBytes('dev-a'));
    const filter = Buffer.from('pier/v1/d/dev-a/down/#');
    slow.write(Buffer.concat([Buffer.from([0x82, filter.length + 5, 0, 1, 0, filter.length]), filter, Buffer.from([0])]));
    await until(() => world.broker.isConnected('dev-a'), { what: 'the slow one is in' });
    await systemClock.sleep(200);
    slow.pause();
    const other = await world.device('dev-b');
    const got = received(other);
    await other.subscribeAsync('pier/v1/d/dev-b/down/#');
    const chunk = 'x'.repeat(50_000);
    for (let i = 0; i < 400 && world.broker.isConnected('dev-a'); i += 1) await Promise.race([world.broker.publish('pier/v1/d/dev-a/down/logs', chunk), systemClock.sleep(5_000)]);
    await world.broker.publish('pier/v1/d/dev-b/down/ack', 'on time');
    await until(() => got.length === 1 && !world.broker.isConnected('dev-a'), { what: 'the other is served and the slow one gone' });
    expect(world.broker.stats().slowDropped).toBe(1);
    slow.destroy();
  });

  test('rubbish in any place leaves the broker serving', async () => {
    const who = await deviceIdentity(world.authority, 'dev-a');
    const rubbish = [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.from([0xff, 0xff]), Buffer.from([0x10, 0]), Buffer.from([0x10, 4, 0, 4, 77, 81]), Buffer.concat([connectBytes('dev-a'), Buffer.from([0x82, 2, 0, 1])]), Buffer.concat([connectBytes('dev-a'), connectBytes('dev-a')]), Buffer.concat([connectBytes('dev-a'), Buffer.from([0x30, 2, 0, 9])]), connectBytes('constructor'), connectBytes('__proto__')];
    for (const bytes of rubbish) await world.answerTo(who, bytes);
    const dev = await world.device('dev-a');
    await dev.publishAsync('pier/v1/d/dev-a/up/event', 'x', { qos: 1 });
    await until(() => world.heard.length === 1, { what: 'service' });
    expect(dev.connected).toBe(true);
  });

  test('a message is refused when the broker is closed, too large, or one too many is under way', async () => {
    const codeOf = async (work: Promise<void>): Promise<string> => work.then(() => 'sent', (error: unknown) => (error instanceof Fault ? error.code : String(error)));
    expect(await codeOf(world.broker.publish('pier/v1/d/dev-a/down/ack', 'x'.repeat(300_000)))).toBe('too-large');
    await world.restart({ outstandingMax: 1 });
    const first = world.broker.publish('pier/v1/d/dev-a/down/ack', 'x');
    expect(world.broker.stats().outstanding).toBe(1);
    expect(await codeOf(world.broker.publish('pier/v1/d/dev-a/down/ack', 'y'))).toBe('too-many-requests');
    await first;
    await world.broker[Symbol.asyncDispose]();
    expect(await codeOf(world.broker.publish('pier/v1/d/dev-a/down/ack', 'z'))).toBe('unreachable');
  });

  test('closing leaves no connection behind, and says that nobody is taken any more', async () => {
    expect(world.broker.isListening()).toBe(true);
    const [dev, silent] = [await world.device('dev-a'), connectTcp(world.broker.port, '127.0.0.1')];
    await once(silent, 'connect');
    const ends = [closed(dev), once(silent.resume(), 'close', { signal: AbortSignal.timeout(45_000) })];
    await world.broker[Symbol.asyncDispose]();
    await Promise.all(ends);
    expect(world.broker.stats().connections).toBe(0);
    expect(world.broker.isListening()).toBe(false);
  });
});
