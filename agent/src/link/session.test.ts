import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Server, type TLSSocket, createServer } from 'node:tls';
import { Aedes, type AedesPublishPacket } from 'aedes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, DeviceId, Fault, KeyId, silentLog, systemClock } from '@pier/shared/core';
import { topics } from '@pier/shared/wire';
import { type TestAuthority, makeAuthority } from '../../testing/authority.ts';
import { keys, policyEnvelope } from '../../testing/site.ts';
import type { Identity } from './identity.ts';
import { keepSession, waitMs } from './keep-session.ts';
import { HeldIdentity } from './held-identity.ts';
import { brokerSessions } from './find-broker.ts';
import { type Received, openSession } from './session.ts';

const device = DeviceId.parse('board-1');
const never = new AbortController().signal;
let authority: TestAuthority;
let broker: Aedes;
let server: Server;
let url: string;
let published: AedesPublishPacket[];
let allow = true;
let sockets: TLSSocket[] = [];

beforeEach(async () => {
  allow = true;
  sockets = [];
  published = [];
  authority = await makeAuthority();
  broker = await Aedes.createBroker({ authenticate: (_client, _user, _password, done) => done(allow ? null : Object.assign(new Error('not you'), { returnCode: 5 }), allow) });
  broker.on('publish', (packet, client) => client && published.push(packet));
  server = createServer({ ...(await authority.server()), ca: authority.caPem, requestCert: true, rejectUnauthorized: true }, (socket: TLSSocket) => {
    sockets.push(socket);
    broker.handle(socket);
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `mqtts://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await new Promise<void>((resolve) => broker.close(resolve));
  server.close();
});

async function identity({ by = authority, notAfter }: { by?: TestAuthority; notAfter?: Date } = {}): Promise<Identity> {
  const { key, cert } = await by.device({ commonName: device, ...(notAfter ? { notAfter } : {}) });
  return { device, generation: 1, certificate: cert, ca: authority.caPem, policy: policyEnvelope(), mqtt: url, rootId: KeyId.parse(keys.root.id), manager: 'https://127.0.0.1:1', privatePem: key };
}

let seq = 0;
const open = (who: Identity, onMessage: (received: Received) => void = () => {}) => openSession({ identity: who, clock: systemClock, log: silentLog, order: () => ({ gen: 1, boot: 1, seq: (seq += 1) }), onMessage }, never);
const say = (topic: string, payload: string, retain = false): Promise<void> => new Promise((resolve) => broker.publish({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, retain, dup: false }, () => resolve()));
async function until(look: () => boolean): Promise<void> {
  for (let tries = 0; !look() && tries < 3_000; tries += 1) await systemClock.sleep(10);
  expect(look()).toBe(true);
}

const calm = { pair: () => never, onRefused: () => {} };

test('a broker that takes the subscription and stays silent is given up after the time for connecting', { timeout: 60_000 }, async () => {
  const ended = openSession({ identity: await identity(), clock: systemClock, log: silentLog, order: () => ({ gen: 1, boot: 1, seq: 1 }), onMessage: () => {} }, never).then(
    () => 'let in',
    (error: unknown) => (error instanceof Fault ? error.code : 'other'),
  );
  broker.authorizeSubscribe = () => {
    // Never answered.
  };
  expect(await ended).toBe('unreachable');
});

describe('a session', () => {
  test('hears its own branch and managers, and nothing of other devices', async () => {
    const heard: Received[] = [];
    await using session = await open(await identity(), (received) => heard.push(received));
    expect(session.lost.aborted).toBe(false);
    for (const topic of [topics.desired, topics.command, topics.ack, topics.pinsLease, topics.logLease, topics.telemetryLease]) await say(topic.of({ device }), '{}');
    await say(topics.manager.of({ replica: 'a' }), '{}');
    await say(topics.command.of({ device: 'board-2' }), '{}');
    await until(() => heard.length >= 7);
    expect(heard.map(({ topic }) => topic).toSorted()).toEqual(['pier/v1/d/board-1/down/ack', 'pier/v1/d/board-1/down/cmd', 'pier/v1/d/board-1/down/desired', 'pier/v1/d/board-1/down/logs', 'pier/v1/d/board-1/down/pins', 'pier/v1/d/board-1/down/tel', 'pier/v1/m/a']);
  });

  test('knows what was retained from what was said just now', async () => {
    await say(topics.command.of({ device }), '"old"', true);
    const heard: Received[] = [];
    await using session = await open(await identity(), (received) => heard.push(received));
    expect(session.lost.aborted).toBe(false);
    await until(() => heard.length === 1);
    expect(heard[0]).toMatchObject({ retained: true });
    await say(topics.command.of({ device }), '"new"');
    await until(() => heard.length === 2);
    expect(heard[1]).toMatchObject({ retained: false });
  });

  test('publishes, and says so only when the broker has it', async () => {
    await using session = await open(await identity());
    await session.publish(topics.event.of({ device }), { n: 1 }, 1);
    expect(published.map(({ topic, payload }) => [topic, String(payload)])).toEqual([['pier/v1/d/board-1/up/event', '{"n":1}']]);
  });

  test('that is cut off leaves its will, with the connection it is about', async () => {
    const session = await open(await identity());
    for (const socket of sockets) socket.destroy();
    await until(() => session.lost.aborted);
    await until(() => published.length === 1);
    expect(JSON.parse(String(published[0]?.payload))).toEqual({ gen: 1, boot: 1, seq: expect.any(Number), online: false, conn: session.conn });
    await expect(session.publish(topics.event.of({ device }), {}, 1)).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('no session', () => {
  test('with a broker that another authority vouches for', async () => {
    const stranger = await makeAuthority();
    await expect(open({ ...(await identity()), ca: stranger.caPem })).rejects.toMatchObject({ code: 'certificate-invalid' });
  });
  test.each<[string, () => Promise<Identity>]>([
    ['a certificate of another authority', async () => identity({ by: await makeAuthority() })],
    ['an expired certificate', async () => identity({ notAfter: new Date('2021-01-01') })],
  ])('with %s', async (_name, who) => {
    await expect(open(await who())).rejects.toMatchObject({ code: expect.stringMatching(/certificate-invalid|unreachable/) });
  });
  test('with a broker that does not want this device', async () => {
    allow = false;
    await expect(open(await identity())).rejects.toMatchObject({ code: 'forbidden' });
  });
  test('with nobody there', async () => {
    const who = await identity();
    await expect(open({ ...who, mqtt: 'mqtts://127.0.0.1:1' })).rejects.toMatchObject({ code: 'unreachable' });
  });
});

test('a session that is lost is made anew until the end', async () => {
  const who = await identity();
  const stop = new AbortController();
  const conns: string[] = [];
  const kept = keepSession({ ...calm, open: () => open(who), onSession: async (session) => void conns.push(session.conn), clock: systemClock, random: () => 0.001, log: silentLog }, stop.signal);
  await until(() => conns.length === 1);
  for (const socket of sockets) socket.destroy();
  await until(() => conns.length === 2);
  expect(conns[0]).not.toBe(conns[1]);
  stop.abort();
  await kept;
});

test('after a loss the first wait is spread over the whole of 10 s, and failures after it double the spread', async () => {
  const waits: number[] = [];
  const stop = new AbortController();
  const clock = { ...systemClock, sleep: async (ms: number) => void (waits.push(ms) === 3 && stop.abort()) };
  let tries = 0;
  const session = async () => {
    tries += 1;
    if (tries > 1) throw new Error('nobody there');
    return { conn: 'first', lost: AbortSignal.abort(), publish: async () => {}, [Symbol.asyncDispose]: async () => {} };
  };
  await keepSession({ ...calm, open: session, onSession: async () => {}, clock, random: () => 0.999, log: silentLog }, stop.signal);
  expect(waits.map((ms) => Math.round(ms / 1_000))).toEqual([10, 20, 40]);
});

test('the first reconnect comes within 10 s, later ones within 5 min; identity troubles are slow from the start', () => {
  expect(waitMs(0, () => 0.999)).toBeLessThan(10_000);
  expect(waitMs(0, () => 0)).toBe(0);
  expect(waitMs(20, () => 0.999)).toBeLessThanOrEqual(300_000);
  expect(waitMs(20, () => 0.999)).toBeGreaterThan(200_000);
  expect(waitMs(0, () => 0, 60_000)).toBeGreaterThanOrEqual(30_000);
});

test('a thousand devices that lose their manager in one second come back evenly over ten, and are not in step afterwards', () => {
  const waits = Array.from({ length: 1_000 }, (_, seed) => {
    // A small generator with a state of its own (Park and Miller), so that each device has its chances and each run the same ones.
    let state = (seed + 1) * 16_807;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    random();
    return [0, 1, 5, 12].map((failures) => waitMs(failures, random));
  });
  const busiest = (of: number, spanMs: number): number => Math.max(...Object.values(Object.groupBy(waits, (each) => Math.floor((each[of] ?? 0) / spanMs))).map((all) => all?.length ?? 0));
  expect(Math.max(...waits.map(([first]) => first ?? 0))).toBeLessThan(10_000);
  expect(busiest(0, 1_000)).toBeLessThan(150);
  expect(Math.max(...waits.map(([, second]) => second ?? 0))).toBeGreaterThan(15_000);
  expect(busiest(2, 30_000)).toBeLessThan(150);
  expect(Math.max(...waits.flat())).toBeLessThan(300_000);
});

test('a broker that lets in and throws out at once is asked ever less often', async () => {
  const waits: number[] = [];
  const stop = new AbortController();
  const clock: Clock = { ...systemClock, sleep: async (ms) => void (waits.push(ms) === 4 && stop.abort()) };
  const thrownOut = async () => ({ conn: 'c', lost: AbortSignal.abort(), publish: async () => {}, [Symbol.asyncDispose]: async () => {} });
  await keepSession({ ...calm, open: thrownOut, onSession: async () => {}, clock, random: () => 0.999, log: silentLog }, stop.signal);
  expect(waits.map((ms) => Math.round(ms / 1_000))).toEqual([10, 20, 40, 80]);
});

test('a device that gets another certificate does not wait for its next try, and a refusal is told', async () => {
  let pair = new AbortController();
  let refused = 0;
  const stop = new AbortController();
  const slept: boolean[] = [];
  const clock: Clock = {
    ...systemClock,
    sleep: async (_ms, signal) => {
      slept.push(signal?.aborted === true);
      if (slept.length === 1) {
        const former = pair;
        pair = new AbortController();
        former.abort();
      }
      if (slept.length === 2) stop.abort();
      expect(signal?.aborted).toBe(true);
    },
  };
  const closed = async () => {
    throw new Fault('forbidden', 'not you');
  };
  await keepSession({ open: closed, onSession: async () => {}, pair: () => pair.signal, onRefused: () => (refused += 1), clock, random: () => 0.5, log: silentLog }, stop.signal);
  expect([slept.length, refused]).toEqual([2, 2]);
});

describe('a broker that has moved', () => {
  /** A manager's device listener that says where the broker is, with a certificate of this authority. */
  async function managerOf(by: TestAuthority, mqtt: string): Promise<{ url: string } & AsyncDisposable> {
    const listener = createHttps({ ...(await by.server()), ca: authority.caPem, requestCert: true, rejectUnauthorized: true }, (_, answer) => answer.end(JSON.stringify({ mqtt })));
    listener.on('tlsClientError', (_error, socket) => socket.destroy());
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return { url: `https://127.0.0.1:${(listener.address() as AddressInfo).port}`, [Symbol.asyncDispose]: async () => void listener.close() };
  }
  const nowhere = 'mqtts://127.0.0.1:1';
  const opener = (who: Identity, manager: string, folder: string) => brokerSessions({ held: new HeldIdentity(folder, who), manager, clock: systemClock, log: silentLog, order: () => ({ gen: 1, boot: 1, seq: (seq += 1) }), onMessage: () => {} });
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pier-moved-'));
    mkdirSync(join(folder, 'identity'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is found by asking the manager, and its place is kept', async () => {
    await using manager = await managerOf(authority, url);
    await using session = await opener({ ...(await identity()), mqtt: nowhere }, manager.url, folder)(never);
    expect(session.lost.aborted).toBe(false);
    expect(JSON.parse(readFileSync(join(folder, 'identity', 'enrolment.json'), 'utf8'))).toMatchObject({ mqtt: url, device });
  });

  test('is not looked for where a manager of another authority says', async () => {
    await using stranger = await managerOf(await makeAuthority(), url);
    await expect(opener({ ...(await identity()), mqtt: nowhere }, stranger.url, folder)(never)).rejects.toMatchObject({ code: 'unreachable' });
    expect(existsSync(join(folder, 'identity', 'enrolment.json'))).toBe(false);
  });

  test('is waited for when the manager is away as well', async () => {
    await expect(opener({ ...(await identity()), mqtt: nowhere }, 'https://127.0.0.1:1', folder)(never)).rejects.toMatchObject({ code: 'unreachable' });
  });
});
