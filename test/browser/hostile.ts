/** Those who wish a page ill: a device and a simulated board that say markup wherever the wire takes text. */
import { mkdirSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect as tlsConnect } from 'node:tls';
import { MqttClient } from 'mqtt';
import { type Clock, type Digest, AppName, systemClock } from '@pier/shared/core';
import { type BoardProfile, SimRequest } from '@pier/shared/hardware';
import { protocolVersion, topics, verbNames } from '@pier/shared/wire';
import { type Identity, enrol } from '../../firmware-sim/src/fleet/enrol.ts';

/** Markup that would call `pwned` if it became any, and a word by which it is found in the text. */
export const evil = (word: string): string => `<img src=x onerror=pwned()>${word}`;
export const evilLink = 'javascript:pwned()';
/** Markup of many kinds, for where there is room. */
export const evilLong = (word: string): string => `</pre></code>"'><script>pwned()</script><svg onload=pwned()><style>*{display:none}</style><a href="javascript:pwned()">x</a><iframe src=//evil.example></iframe>\u202e{{7*7}}\${pwned()}%3Cscript%3E&lt;script&gt;${word}`;

export const evilProfile: BoardProfile = {
  model: evil('model'),
  onRelease: 'input',
  chips: [{ label: '$(touch pwned)', lines: [{ line: 17, name: evil('line'), headerPin: 11 }, { line: 27, name: 'GPIO27', headerPin: 13 }, { line: 18, name: evilLink, headerPin: 12, reserved: evil('reserved') }] }],
  serial: [{ path: '/dev/$(touch pwned);x', name: evil('port') }, { path: evilLink, name: 'javascript', reserved: evil('console') }],
};

/** An app whose name is one that every object has. */
const inherited = AppName.parse('constructor');

export type EvilDevice = { readonly identity: Identity; readonly failed: (app: AppName, attempt: number, digest: Digest) => Promise<void> } & AsyncDisposable;

/** Enrols, connects, and speaks until it is disposed: logs and samples once a second, for they are taken only while somebody looks. */
export async function openEvilDevice({ manager, token, app, clock = systemClock }: { manager: string; token: string; app: AppName; clock?: Clock }): Promise<EvilDevice> {
  const identity = await enrol({ manager, token, name: evil('asked-name'), profile: evilProfile }, AbortSignal.timeout(240_000));
  const { hostname, port } = new URL(identity.mqtt);
  const client = new MqttClient(() => tlsConnect({ host: hostname, port: Number(port), ca: identity.ca, cert: identity.certificate, key: identity.key }), { protocolVersion: 4, clientId: identity.device, clean: true, keepalive: 60, reconnectPeriod: 0, writeCache: false });
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
  });
  let seq = 0;
  const ills = { hold: { kind: 'stopped', by: evilLong('holder'), forS: 3_600 }, lastEnd: { code: evil('end-code'), reason: evilLong('end-reason'), safeMs: 9e15 } };
  let apps: object = { [app]: ills, [inherited]: { state: 'failed', reason: { code: '__proto__', reason: evilLong('inherited') } } };
  const order = () => ({ gen: identity.generation, boot: 1, seq: (seq += 1) });
  const say = async (topic: string, body: object): Promise<void> => void (await client.publishAsync(topic, JSON.stringify({ ...order(), ...body }), { qos: 1 }));
  const report = (): Promise<void> => say(topics.reported.of(identity), { rev: 0, desired: null, policy: 1, apps, desiredRefused: { code: evil('refused-code'), reason: evilLong('desired-refused') } });
  const usage = { [app]: { cpuMs: 9e15, memoryBytes: 9e15, outputBytes: 0 } };
  await say(topics.presence.of(identity), { online: true, conn: evil('conn'), agent: evil('agent'), proto: protocolVersion, model: evil('born-model'), can: [...verbNames], rev: 0, desired: null, reported: null, usage });
  await report();
  await say(topics.event.of(identity), { type: evil('event-type'), app, code: evil('event-code'), reason: evilLong('event-reason'), lastOutput: [evilLong('last-output'), '\u001b[31mred\u0007'], safeMs: 9e15 });
  let n = 0;
  const stream = async (): Promise<void> => {
    n += 1;
    await say(topics.log.of({ device: identity.device, app }), { lines: [{ n, agoMs: 9e15, stream: 'stderr', text: evilLong('log-line') }, { n: n + 1_000, agoMs: 0, stream: 'stdout', text: evilLong('log-now') }], dropped: 1e15 });
    await say(topics.telemetry.of({ device: identity.device, app }), { samples: [{ n, agoMs: 0, series: evil('series'), value: n % 2 ? 9e15 : -9e15 }, { n: n + 1_000, agoMs: 0, series: '__proto__', value: 1 }], units: { [evil('series')]: '<b>W</b>' }, dropped: 0 });
    await say(topics.pins.of(identity), { lines: [{ chip: '$(touch pwned)', line: 17, name: evil('pin'), app, label: evil('pin-label'), direction: 'out', level: 1, edges: 9e15 }] });
  };
  const timer = clock.every(1_000, () => {
    stream().catch(() => {
      // It is being disposed.
    });
  });
  return {
    identity,
    failed: async (of, attempt, digest) => {
      apps = { ...apps, [of]: { ...ills, attempt, digest, state: 'failed', reason: { code: evil('why-code'), reason: evilLong('why-reason') } } };
      await report();
    },
    [Symbol.asyncDispose]: async () => {
      timer[Symbol.dispose]();
      await client.endAsync(true);
    },
  };
}

/** A simulated board that says markup of itself; its folder's name is as odd as names of boards may be. */
export async function openEvilBoard(root: string, id: string): Promise<AsyncDisposable> {
  mkdirSync(join(root, id), { recursive: true });
  const line = { chip: evil('chip'), line: 17, name: evil('sim-line'), level: 1, direction: 'out', consumer: evilLong('consumer'), edges: 1 };
  const port = { port: 'meter', path: evilLink, device: null, part: evil('sim-part'), kind: evil('kind'), baud: 9_600, fault: 'crc', faultsLeft: 3, bytesIn: 1, bytesOut: 1, frames: 1, crcErrors: 1, answers: 1, bytesLost: 0, values: { [evil('value')]: 9e15, constructor: 2 } };
  const parts: readonly object[] = [{ name: evil('sim-led'), kind: 'led', line: evil('sim-line'), port: null, values: {} }, { name: evil('sim-part'), kind: 'modbus-meter', line: null, port: 'meter', values: { [evil('value')]: 9e15, constructor: 2 } }];
  const profile = { ...evilProfile, chips: [{ label: 'gpio', lines: [{ line: 17, name: evil('sim-line'), headerPin: 11 }] }] };
  const said: Partial<Record<SimRequest['op'], object>> = { hello: { hello: { profile, records: 'records' } }, lines: { lines: [line] }, ports: { ports: [port] }, parts: { parts } };
  const server: Server = createServer((socket) => {
    socket.on('error', () => {
      // The manager went away.
    });
    createInterface({ input: socket }).on('line', (text) => {
      const { id: of, op } = SimRequest.parse(JSON.parse(text));
      const answer = said[op] ?? { ok: false, code: evil('board-code'), message: evilLong('board-says-no') };
      socket.write(`${JSON.stringify({ id: of, ok: true, ...answer })}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(join(root, id, 'board.sock'), resolve));
  return { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
