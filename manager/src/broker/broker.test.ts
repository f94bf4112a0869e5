import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from 'node:tls';
import { Fault, silentLog, systemClock } from '@pier/shared/core';
import { type IClientOptions, type MqttClient, connect } from 'mqtt';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Authority, TlsIdentity } from '../authority/index.ts';
import { deviceIdentity, newAuthority, operatorIdentity, until } from '../testing/index.ts';
import { type Broker, type BrokerLimits, type BrokerMessage, openBroker } from './index.ts';

let authority: Authority & AsyncDisposable;
let broker: Broker;
let heard: BrokerMessage[];
let revoked: Set<string>;
let clients: MqttClient[];
let clockOffsetMs: number;
let signedBackMs: number;

const yearMs = 365 * 86_400_000;

const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + clockOffsetMs };

async function start(limits: Partial<BrokerLimits> = {}): Promise<void> {
  broker = await openBroker({
    identity: { ...authority.server, caPem: authority.caPem },
    host: '127.0.0.1',
    port: 0,
    clock,
    log: silentLog,
    isRevoked: (_identity, serial) => revoked.has(serial),
    onMessage: (message) => heard.push({ ...message, payload: Uint8Array.from(message.payload) }),
    limits,
  });
}

async function restart(limits: Partial<BrokerLimits>): Promise<void> {
  await broker[Symbol.asyncDispose]();
  await start(limits);
}

beforeEach(async () => {
  [heard, revoked, clients, clockOffsetMs, signedBackMs] = [[], new Set(), [], 0, 0];
  authority = await newAuthority({ clock: { ...systemClock, nowMs: () => systemClock.nowMs() - signedBackMs } });
  await start();
});

afterEach(async () => {
  await Promise.all(clients.map((each) => each.endAsync(true)));
  await broker[Symbol.asyncDispose]();
  await authority[Symbol.asyncDispose]();
});

const tlsOf = (who: TlsIdentity | undefined) => ({ ca: authority.caPem, host: '127.0.0.1', port: broker.port, servername: 'localhost', ...(who && { cert: who.certPem, key: who.keyPem }) });

async function client(who: TlsIdentity | undefined, options: IClientOptions = {}): Promise<MqttClient> {
  const made = connect({ ...tlsOf(who), protocol: 'mqtts', protocolVersion: 4, reconnectPeriod: 0, clean: true, keepalive: 30, connectTimeout: 15_000, ...options });
  clients.push(made);
  const answer = Promise.withResolvers<void>();
  made.once('connect', () => answer.resolve());
  made.on('error', answer.reject);
  made.once('close', () => answer.reject(new Error('closed')));
  await answer.promise;
  return made;
}

const refusal = async (who: TlsIdentity | undefined, options: IClientOptions = {}): Promise<string> =>
  client(who, options).then(
    () => 'was let in',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

const device = async (id: string, options: IClientOptions = {}): Promise<MqttClient> => client(await deviceIdentity(authority, id), { clientId: id, ...options });

type Received = { topic: string; text: string; retain: boolean };
function received(of: MqttClient): Received[] {
  const list: Received[] = [];
  of.on('message', (topic, payload, packet) => list.push({ topic, text: payload.toString(), retain: packet.retain }));
  return list;
}
const texts = (): string[] => heard.map((message) => Buffer.from(message.payload).toString());
const closed = (of: MqttClient): Promise<void> =>
  new Promise((resolve) => {
    of.once('close', () => resolve());
  });

/** What a connection that speaks bytes of our own choosing gets back before it is closed. */
async function rawTls(who: TlsIdentity): Promise<TLSSocket> {
  const socket = connectTls(tlsOf(who) satisfies ConnectionOptions);
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}
const connectBytes = (id: string, { level = 4, name = 'MQTT' } = {}): Buffer => {
  const body = Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([level, 2, 0, 30, 0, id.length]), Buffer.from(id)]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
};
async function answerTo(who: TlsIdentity, bytes: Uint8Array): Promise<Buffer> {
  const socket = await rawTls(who);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(bytes);
  await once(socket, 'close', { signal: AbortSignal.timeout(15_000) });
  return Buffer.concat(chunks);
}

describe('who is let in', () => {
  test('a device, an operator and a manager with certificates of this CA', async () => {
    await device('dev-a');
    await client(await operatorIdentity(authority, 'alice'));
    await client(await authority.managerIdentity('a'));
    expect(broker.stats()).toMatchObject({ accepted: 3, connections: 3, refused: 0 });
    expect([broker.isConnected('dev-a'), broker.isConnected('operator:alice'), broker.isConnected('dev-b')]).toEqual([true, true, false]);
  });

  test('nobody without a certificate, with one of a foreign CA, or with the server’s own', async () => {
    await using stranger = await newAuthority();
    for (const who of [undefined, await deviceIdentity(stranger, 'dev-a'), await stranger.managerIdentity('a'), authority.server]) expect(await refusal(who, { clientId: 'dev-a' })).not.toBe('was let in');
    expect(broker.stats()).toMatchObject({ accepted: 0 });
  });

  test('no certificate that has expired, also when that happens in the middle of a session', async () => {
    signedBackMs = 3 * yearMs;
    const expired = await deviceIdentity(authority, 'dev-a');
    signedBackMs = 0;
    expect(await refusal(expired, { clientId: 'dev-a' })).not.toBe('was let in');
    await restart({ expirySweepMs: 20 });
    const live = await device('dev-b');
    clockOffsetMs = 3 * yearMs;
    await closed(live);
    expect(await refusal(await deviceIdentity(authority, 'dev-c'), { clientId: 'dev-c' })).toContain('Not authorized');
  });

  test('whatever name a device asks for, it gets its own', async () => {
    for (const askFor of ['manager:x', '+/#', 'operator:alice']) {
      const who = await deviceIdentity(authority, 'dev-a', { askFor });
      expect(await refusal(who, { clientId: askFor })).toContain('Identifier rejected');
    }
  });

  test('a device only under its own client id; stealing another’s does not disturb its owner', async () => {
    const owner = await device('dev-b');
    const got = received(owner);
    await owner.subscribeAsync('pier/v1/d/dev-b/down/#');
    expect(await refusal(await deviceIdentity(authority, 'dev-a'), { clientId: 'dev-b' })).toContain('Identifier rejected');
    await broker.publish('pier/v1/d/dev-b/down/ack', 'still here');
    await until(() => got.length === 1, { what: 'dev-b hears on' });
    expect(owner.connected).toBe(true);
  });

  test('no revoked one, and the answer says not authorized', async () => {
    const who = await deviceIdentity(authority, 'dev-a');
    revoked.add(who.serial);
    expect(await refusal(who, { clientId: 'dev-a' })).toContain('Not authorized');
    await client(await deviceIdentity(authority, 'dev-a'), { clientId: 'dev-a' });
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
    expect([...(await answerTo(await deviceIdentity(authority, 'dev-a'), bytes))]).toEqual([0x20, 2, 0, 1]);
  });

  test('user name and password change nothing', async () => {
    const pretender = await device('dev-a', { username: 'manager:a', password: 'x' });
    await pretender.publishAsync('pier/v1/d/dev-b/down/cmd', 'x').catch(() => undefined);
    await until(() => !pretender.connected, { what: 'the pretender is cut off' });
    expect(heard).toEqual([]);
  });

  test('keep-alive is asked for', async () => {
    expect(await refusal(await deviceIdentity(authority, 'dev-a'), { clientId: 'dev-a', keepalive: 0 })).toContain('Not authorized');
    expect(await refusal(await deviceIdentity(authority, 'dev-a'), { clientId: 'dev-a', keepalive: 301 })).toContain('Not authorized');
  });
});


describe('what is carried', () => {
  test('a device’s messages reach the manager with its identity, in their order', async () => {
    const dev = await device('dev-a');
    for (let i = 0; i < 50; i += 1) void dev.publishAsync('pier/v1/d/dev-a/up/event', `m${i}`, { qos: 1 });
    await until(() => heard.length === 50, { what: '50 messages' });
    expect(texts()).toEqual(Array.from({ length: 50 }, (_, i) => `m${i}`));
    expect(heard[0]).toMatchObject({ topic: 'pier/v1/d/dev-a/up/event', from: { kind: 'device', device: 'dev-a' } });
  });

  test('the manager’s messages reach the device that they are for, and no other', async () => {
    const [a, b] = [await device('dev-a'), await device('dev-b')];
    const [gotA, gotB] = [received(a), received(b)];
    await a.subscribeAsync('pier/v1/d/dev-a/down/#', { qos: 1 });
    await b.subscribeAsync('pier/v1/d/dev-b/down/#', { qos: 1 });
    for (const qos of [0, 1] as const) await broker.publish('pier/v1/d/dev-a/down/desired', `q${qos}`, { qos });
    await until(() => gotA.length === 2, { what: 'both arrive' });
    expect(gotA.map((message) => message.text)).toEqual(['q0', 'q1']);
    expect(gotB).toEqual([]);
    expect(heard, 'what the manager says does not come back to it').toEqual([]);
  });

  test('an operator commands any device and hears any answer', async () => {
    const dev = await device('dev-a');
    const gotCommands = received(dev);
    await dev.subscribeAsync('pier/v1/d/dev-a/down/#');
    const alice = await client(await operatorIdentity(authority, 'alice'));
    const gotAnswers = received(alice);
    await alice.subscribeAsync('pier/v1/d/+/up/#');
    await alice.publishAsync('pier/v1/d/dev-a/down/cmd', 'ping', { qos: 1 });
    await until(() => gotCommands.length === 1, { what: 'the command' });
    await dev.publishAsync('pier/v1/d/dev-a/up/cmd/r1', 'pong', { qos: 1 });
    await until(() => gotAnswers.length === 1, { what: 'the answer' });
    expect(gotAnswers[0]).toMatchObject({ topic: 'pier/v1/d/dev-a/up/cmd/r1', text: 'pong' });
    expect(heard.map((message) => message.from.kind)).toEqual(['operator', 'device']);
  });

  test('two people under one client id do not push each other out, nor one person with two shells', async () => {
    const alice = await operatorIdentity(authority, 'alice');
    const bob = await operatorIdentity(authority, 'bob');
    const all = [await client(alice, { clientId: 'shell' }), await client(bob, { clientId: 'shell' }), await client(alice, { clientId: 'other' }), await client(alice, { clientId: '' })];
    await systemClock.sleep(200);
    expect(all.map((each) => each.connected)).toEqual([true, true, true, true]);
    expect(broker.stats().connections).toBe(4);
  });

  test('a kept session is not promised: nothing waits for who was away', async () => {
    const dev = await device('dev-a', { clean: false });
    await dev.subscribeAsync('pier/v1/d/dev-a/down/#', { qos: 1 });
    await dev.endAsync();
    await broker.publish('pier/v1/d/dev-a/down/cmd', 'missed');
    const again = await client(await deviceIdentity(authority, 'dev-a'), { clientId: 'dev-a', clean: false });
    const got = received(again);
    await again.subscribeAsync('pier/v1/d/dev-a/down/#', { qos: 1 });
    await broker.publish('pier/v1/d/dev-a/down/cmd', 'live');
    await until(() => got.length > 0, { what: 'the live one' });
    expect(got.map((message) => message.text)).toEqual(['live']);
  });

  test('a retained message is delivered, but not retained', async () => {
    const manager = await client(await authority.managerIdentity('a'));
    const dev = await device('dev-a');
    const got = received(dev);
    await dev.subscribeAsync('pier/v1/d/dev-a/down/#');
    await manager.publishAsync('pier/v1/d/dev-a/down/cmd', 'once', { qos: 1, retain: true });
    await until(() => got.length === 1, { what: 'live delivery' });
    expect(got[0]?.retain).toBe(false);
    await dev.unsubscribeAsync('pier/v1/d/dev-a/down/#');
    await dev.subscribeAsync('pier/v1/d/dev-a/down/#');
    await broker.publish('pier/v1/d/dev-a/down/ack', 'later');
    await until(() => got.length === 2, { what: 'the next message' });
    expect(got[1]?.text).toBe('later');
    expect(broker.stats().retainCleared).toBe(1);
  });

  test('a reader that the manager’s code cannot bear does not end the connection', async () => {
    const push = heard.push.bind(heard);
    heard.push = (message) => {
      if (Buffer.from(message.payload).toString() === 'bad') throw new Error('cannot bear it');
      return push(message);
    };
    const dev = await device('dev-a');
    await dev.publishAsync('pier/v1/d/dev-a/up/event', 'bad', { qos: 1 });
    await dev.publishAsync('pier/v1/d/dev-a/up/event', 'good', { qos: 1 });
    await until(() => heard.length === 1, { what: 'the good one' });
    expect(dev.connected).toBe(true);
  });
});

describe('what is refused', () => {
  test.each(['pier/v1/d/dev-b/up/event', 'pier/v1/d/dev-b/down/cmd', 'pier/v1/d/dev-a/down/desired', 'pier/v1/d/dev-ax/up/event', 'pier/v1/m/a', '$SYS/x', 'other', 'pier/v1/d/dev-a/up/a\0b'])('a device that publishes on %j is cut off and nobody hears it', async (topic) => {
    const manager = await client(await authority.managerIdentity('a'));
    const got = received(manager);
    await manager.subscribeAsync('pier/v1/#');
    const dev = await device('dev-a');
    const end = closed(dev);
    dev.publish(topic, 'x', { qos: 0 });
    await end;
    expect(heard).toEqual([]);
    expect(got).toEqual([]);
    expect(broker.stats()).toMatchObject({ violations: 1, published: 0 });
  });

  test.each(['#', '+/#', 'pier/v1/#', 'pier/v1/d/+/down/#', 'pier/v1/d/dev-b/down/#', 'pier/v1/d/dev-a/up/#', '$SYS/#', '$share/g/pier/v1/d/dev-b/down/#'])('a device’s filter %s is answered with 0x80 and shows nothing', async (filter) => {
    const dev = await device('dev-a');
    const got = received(dev);
    const answer = await dev.subscribeAsync(filter).catch((error: unknown) => error);
    expect(answer).toBeInstanceOf(Error);
    await (await device('dev-b')).publishAsync('pier/v1/d/dev-b/up/event', 'x', { qos: 1 });
    await broker.publish('pier/v1/d/dev-b/down/cmd', 'x');
    await dev.publishAsync('pier/v1/d/dev-a/up/event', 'y', { qos: 1 });
    expect(got).toEqual([]);
    expect(broker.stats().filtersRefused).toBe(1);
  });

  test('an operator writes no desired document and reads no orders to devices', async () => {
    const alice = await client(await operatorIdentity(authority, 'alice'));
    expect(await alice.subscribeAsync('pier/v1/d/+/down/#').catch((error: unknown) => error)).toBeInstanceOf(Error);
    const end = closed(alice);
    alice.publish('pier/v1/d/dev-a/down/desired', '{}');
    await end;
    expect(heard).toEqual([]);
  });

  test('who goes on asking for foreign filters, or asks for very many, is cut off', async () => {
    await restart({ filtersPerConnectionMax: 8, refusalsPerConnectionMax: 3 });
    const nosy = await device('dev-a');
    const nosyEnd = closed(nosy);
    for (let i = 0; i < 6; i += 1) void nosy.subscribeAsync(`pier/v1/d/dev-${i}/down/x`).catch(() => undefined);
    await nosyEnd;
    const greedy = await device('dev-b');
    const greedyEnd = closed(greedy);
    greedy.subscribe(Array.from({ length: 100 }, (_, i) => `pier/v1/d/dev-b/down/${i}`), () => undefined);
    await greedyEnd;
    expect(broker.stats().violations).toBe(2);
  });

  test('QoS 2 and packet identifier 0', async () => {
    const dev = await device('dev-a');
    const end = closed(dev);
    dev.publish('pier/v1/d/dev-a/up/event', 'x', { qos: 2 }, () => undefined);
    await end;
    const topic = Buffer.from('pier/v1/d/dev-b/up/x');
    const publish = Buffer.concat([Buffer.from([0x32, topic.length + 4, 0, topic.length]), topic, Buffer.from([0, 0])]);
    await answerTo(await deviceIdentity(authority, 'dev-b'), Buffer.concat([connectBytes('dev-b'), publish]));
    expect(heard).toEqual([]);
    expect(broker.stats().violations).toBe(2);
  });

  test('a packet over the limit, at its header', async () => {
    const dev = await device('dev-a');
    const largest = Buffer.alloc(200_000, 1);
    await dev.publishAsync('pier/v1/d/dev-a/up/event', largest, { qos: 1 });
    await until(() => heard.length === 1, { what: 'the large one' });
    expect(heard[0]?.payload.length).toBe(200_000);
    const header = Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]);
    const back = await answerTo(await deviceIdentity(authority, 'dev-b'), Buffer.concat([connectBytes('dev-b'), header]));
    expect([...back.subarray(0, 4)].length).toBeLessThanOrEqual(4);
    expect(broker.stats().violations).toBe(1);
  });

  test('publishing without end', async () => {
    await restart({ publishPerS: 1, publishBurst: 20 });
    const dev = await device('dev-a');
    const end = closed(dev);
    for (let i = 0; i < 30; i += 1) dev.publish('pier/v1/d/dev-a/up/event', `m${i}`, { qos: 0 });
    await end;
    expect(heard.length).toBe(20);
    expect(broker.stats().violations).toBe(1);
  });

  test('more connections of one person than are allowed', async () => {
    await restart({ connectionsPerNameMax: 2 });
    const alice = await operatorIdentity(authority, 'alice');
    await client(alice);
    await client(alice);
    expect(await refusal(alice)).toContain('Server unavailable');
  });
});

describe('wills', () => {
  const will = (topic: string, retain = false): IClientOptions => ({ will: { topic, payload: Buffer.from('gone'), qos: 1, retain } });

  test('a device’s own will is heard when its connection breaks, and not after a clean end', async () => {
    const dev = await device('dev-a', will('pier/v1/d/dev-a/up/presence', true));
    await dev.endAsync();
    const again = await device('dev-a', will('pier/v1/d/dev-a/up/presence', true));
    again.stream.destroy();
    await until(() => heard.length === 1, { what: 'the will' });
    expect(heard[0]).toMatchObject({ topic: 'pier/v1/d/dev-a/up/presence', from: { kind: 'device', device: 'dev-a' } });
  });

  test.each(['pier/v1/d/dev-b/up/presence', 'pier/v1/d/dev-b/down/cmd', 'pier/v1/d/dev-a/up/+', '#', '$SYS/x', 'other/x'])('a will on %s is refused at CONNECT', async (topic) => {
    expect(await refusal(await deviceIdentity(authority, 'dev-a'), { clientId: 'dev-a', ...will(topic) })).toContain('Not authorized');
    expect(broker.stats()).toMatchObject({ refused: 1, connections: 0 });
  });

  test('the will of one who talked too much still comes', async () => {
    await restart({ publishPerS: 1, publishBurst: 2 });
    const dev = await device('dev-a', will('pier/v1/d/dev-a/up/presence'));
    for (let i = 0; i < 5; i += 1) dev.publish('pier/v1/d/dev-a/up/event', `m${i}`, { qos: 0 });
    await until(() => texts().includes('gone'), { what: 'the will' });
    expect(texts()).toEqual(['m0', 'm1', 'gone']);
  });

  test('no will is heard because the broker stops', async () => {
    await device('dev-a', will('pier/v1/d/dev-a/up/presence'));
    await broker[Symbol.asyncDispose]();
    expect(heard).toEqual([]);
  });
});

describe('connections', () => {
  test('the newer connection of a device takes over, with the will of the older one', async () => {
    const older = await device('dev-a', { will: { topic: 'pier/v1/d/dev-a/up/presence', payload: Buffer.from('gone'), qos: 1, retain: false } });
    const end = closed(older);
    const newer = await device('dev-a');
    await end;
    await until(() => heard.length === 1, { what: 'the will' });
    expect(newer.connected).toBe(true);
    await until(() => broker.stats().connections === 1, { what: 'one connection is left' });
    expect(broker.stats().takeovers).toBe(1);
  });

  test('of many at once under one id one is left, and it is reachable', async () => {
    const who = await deviceIdentity(authority, 'dev-a');
    const all = await Promise.allSettled(Array.from({ length: 12 }, () => client(who, { clientId: 'dev-a' })));
    await until(() => broker.stats().connections === 1, { what: 'one connection is left' });
    const left = all.flatMap((each) => (each.status === 'fulfilled' && each.value.connected ? [each.value] : []));
    expect(left).toHaveLength(1);
    const got = left[0] ? received(left[0]) : [];
    await left[0]?.subscribeAsync('pier/v1/d/dev-a/down/#');
    await broker.publish('pier/v1/d/dev-a/down/ack', 'x');
    await until(() => got.length === 1, { what: 'the message' });
  });

  test('kick ends every connection of a name, and only those', async () => {
    const [a, b] = [await device('dev-a'), await device('dev-b')];
    const end = closed(a);
    expect(broker.kick('dev-a')).toBe(1);
    expect(broker.kick('dev-z')).toBe(0);
    await end;
    expect(b.connected).toBe(true);
    await until(() => !broker.isConnected('dev-a'), { what: 'dev-a is gone' });
  });

  test('who never says who it is is closed: no handshake, no CONNECT, half a CONNECT', async () => {
    await restart({ connectTimeoutMs: 500 });
    const who = await deviceIdentity(authority, 'dev-a');
    const silent = connectTcp(broker.port, '127.0.0.1');
    silent.on('error', () => {});
    const [mute, half] = [await rawTls(who), await rawTls(who)];
    half.write(connectBytes('dev-a').subarray(0, 6));
    for (const socket of [silent, mute, half]) socket.resume();
    await until(() => [silent, mute, half].every((socket) => socket.closed), { what: 'all three are closed' });
    expect(broker.stats()).toMatchObject({ accepted: 0, connections: 0 });
    expect(broker.stats().refused).toBeGreaterThanOrEqual(3);
  });

  test('too many who have not said who they are are turned away; who is in stays, and a newcomer gets in afterwards', async () => {
    await restart({ strangersPerAddressMax: 5 });
    const inside = await device('dev-a');
    const silent = Array.from({ length: 9 }, () => connectTcp(broker.port, '127.0.0.1').on('error', () => {}));
    await until(() => broker.stats().refused >= 4, { what: 'four are turned away' });
    expect(inside.connected).toBe(true);
    for (const socket of silent) socket.destroy();
    await until(() => silent.every((socket) => socket.closed), { what: 'the silent ones are gone' });
    await systemClock.sleep(50);
    await device('dev-b');
  });

  test('a reader that does not read is let go, and nobody waits for it', async () => {
    await restart({ lagBytesMax: 100_000, outboundBytesMax: 300_000, drainTimeoutMs: 300 });
    const slow = await rawTls(await deviceIdentity(authority, 'dev-a'));
    slow.write(connectBytes('dev-a'));
    const filter = Buffer.from('pier/v1/d/dev-a/down/#');
    slow.write(Buffer.concat([Buffer.from([0x82, filter.length + 5, 0, 1, 0, filter.length]), filter, Buffer.from([0])]));
    await until(() => broker.isConnected('dev-a'), { what: 'the slow one is in' });
    await systemClock.sleep(200);
    slow.pause();
    const other = await device('dev-b');
    const got = received(other);
    await other.subscribeAsync('pier/v1/d/dev-b/down/#');
    const chunk = 'x'.repeat(50_000);
    for (let i = 0; i < 400 && broker.isConnected('dev-a'); i += 1) await Promise.race([broker.publish('pier/v1/d/dev-a/down/logs', chunk), systemClock.sleep(5_000)]);
    await broker.publish('pier/v1/d/dev-b/down/ack', 'on time');
    await until(() => got.length === 1 && !broker.isConnected('dev-a'), { what: 'the other is served and the slow one gone' });
    expect(broker.stats().slowDropped).toBe(1);
    slow.destroy();
  });

  test('rubbish in any place leaves the broker serving', async () => {
    const who = await deviceIdentity(authority, 'dev-a');
    const rubbish = [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.from([0xff, 0xff]), Buffer.from([0x10, 0]), Buffer.from([0x10, 4, 0, 4, 77, 81]), Buffer.concat([connectBytes('dev-a'), Buffer.from([0x82, 2, 0, 1])]), Buffer.concat([connectBytes('dev-a'), connectBytes('dev-a')]), Buffer.concat([connectBytes('dev-a'), Buffer.from([0x30, 2, 0, 9])]), connectBytes('constructor'), connectBytes('__proto__')];
    for (const bytes of rubbish) await answerTo(who, bytes);
    const dev = await device('dev-a');
    await dev.publishAsync('pier/v1/d/dev-a/up/event', 'x', { qos: 1 });
    await until(() => heard.length === 1, { what: 'service' });
    expect(dev.connected).toBe(true);
  });

  test('a message is refused when the broker is closed, too large, or one too many is under way', async () => {
    const codeOf = async (work: Promise<void>): Promise<string> => work.then(() => 'sent', (error: unknown) => (error instanceof Fault ? error.code : String(error)));
    expect(await codeOf(broker.publish('pier/v1/d/dev-a/down/ack', 'x'.repeat(300_000)))).toBe('too-large');
    await restart({ outstandingMax: 1 });
    const first = broker.publish('pier/v1/d/dev-a/down/ack', 'x');
    expect(broker.stats().outstanding).toBe(1);
    expect(await codeOf(broker.publish('pier/v1/d/dev-a/down/ack', 'y'))).toBe('too-many-requests');
    await first;
    await broker[Symbol.asyncDispose]();
    expect(await codeOf(broker.publish('pier/v1/d/dev-a/down/ack', 'z'))).toBe('unreachable');
  });

  test('closing leaves no connection behind', async () => {
    const [dev, silent] = [await device('dev-a'), connectTcp(broker.port, '127.0.0.1')];
    await once(silent, 'connect');
    const ends = [closed(dev), once(silent.resume(), 'close', { signal: AbortSignal.timeout(15_000) })];
    await broker[Symbol.asyncDispose]();
    await Promise.all(ends);
    expect(broker.stats().connections).toBe(0);
  });
});
