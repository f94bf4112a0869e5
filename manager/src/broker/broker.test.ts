import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Fault, silentLog, systemClock } from '@pier/shared/core';
import { type IClientOptions, type MqttClient, connectAsync } from 'mqtt';
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

beforeEach(async () => {
  [heard, revoked, clients, clockOffsetMs] = [[], new Set(), [], 0];
  authority = await newAuthority();
  await start();
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.endAsync(true)));
  await broker[Symbol.asyncDispose]();
  await authority[Symbol.asyncDispose]();
});

const tlsOf = (who: TlsIdentity | undefined): object => ({ ca: authority.caPem, host: '127.0.0.1', port: broker.port, servername: 'localhost', ...(who && { cert: who.certPem, key: who.keyPem }) });

async function client(who: TlsIdentity | undefined, options: IClientOptions = {}): Promise<MqttClient> {
  const connected = await connectAsync({ ...tlsOf(who), protocol: 'mqtts', protocolVersion: 4, reconnectPeriod: 0, clean: true, keepalive: 30, connectTimeout: 15_000, ...options }, false);
  clients.push(connected);
  return connected;
}

const refusal = async (who: TlsIdentity | undefined, options: IClientOptions = {}): Promise<string> =>
  client(who, options).then(
    () => 'was let in',
    (error: unknown) => (error instanceof Error ? error.message || 'closed' : String(error)),
  );

const device = async (id: string, options: IClientOptions = {}): Promise<MqttClient> => client(await deviceIdentity(authority, id), { clientId: id, ...options });

type Received = { topic: string; text: string; retain: boolean };
function received(of: MqttClient): Received[] {
  const list: Received[] = [];
  of.on('message', (topic, payload, packet) => list.push({ topic, text: payload.toString(), retain: packet.retain }));
  return list;
}
const texts = (): string[] => heard.map((message) => Buffer.from(message.payload).toString());
const closed = (of: MqttClient): Promise<unknown> => once(of, 'close', { signal: AbortSignal.timeout(15_000) });

/** What a connection that speaks bytes of our own choosing gets back before it is closed. */
async function rawTls(who: TlsIdentity): Promise<TLSSocket> {
  const socket = connectTls(tlsOf(who));
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
    for (const who of [undefined, await deviceIdentity(stranger, 'dev-a'), await stranger.managerIdentity('a'), { ...authority.server, certPem: authority.server.certPem }]) expect(await refusal(who, { clientId: 'dev-a' })).not.toBe('was let in');
    expect(broker.stats()).toMatchObject({ accepted: 0 });
  });

  test('no certificate that has expired, also when that happens in the middle of a session', async () => {
    const live = await device('dev-b');
    const expired = await newExpired('dev-a');
    expect(await refusal(expired, { clientId: 'dev-a' })).not.toBe('was let in');
    clockOffsetMs = 3 * 365 * 86_400_000;
    expect(await refusal(await deviceIdentityNow('dev-c'), { clientId: 'dev-c' })).toContain('Not authorized');
    expect(live.connected).toBe(true);
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
    const connect = connectBytes('dev-a', { level, name });
    // MQTT 5 has one more byte before the client id: an empty list of properties.
    const bytes = level === 5 ? Buffer.concat([Buffer.from([0x10, 19]), connect.subarray(2, 12), Buffer.from([0]), connect.subarray(12), Buffer.from([0])]).subarray(0, 21) : connect;
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

async function newExpired(id: string): Promise<TlsIdentity> {
  await using dir = await newAuthority();
  void dir;
  return deviceIdentityAt(id, Date.UTC(2020, 5, 1));
}
