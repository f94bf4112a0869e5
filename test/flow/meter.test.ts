/** A meter on a real terminal through a real agent: what it measures arrives, whatever happens to its line and beside it. */
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as z from 'zod';
import { AppName, type DeviceId, canonicalJson, systemClock } from '@pier/shared/core';
import { type SerialFault, type SimClient, type SimOrder, type SimPort, simClient } from '@pier/shared/hardware';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { topics } from '@pier/shared/wire';
import { connectBoard } from '../../firmware-sim/src/server/index.ts';
import { exampleGuest, floodingGuest, talkingGuest } from '../support/guests.ts';
import { readRecord } from '../support/record.ts';
import { stolenIdentity, stolenSchedulerKey } from '../support/stolen.ts';
import { type Pushed, type World, button, led, openWorld, rolloutIn, until } from '../support/world.ts';

const meter = AppName.parse('meter');
const rival = AppName.parse('rival');
const flood = AppName.parse('flood');
const talker = AppName.parse('talker');
const blink = AppName.parse('blink');

let world: World;
let device: DeviceId;
let board: SimClient;
let port: { readonly kind: 'serial'; readonly path: string };

const ship = async (app: AppName, guest: { wasm: Uint8Array; asks: unknown; limits: unknown }): Promise<Pushed> => {
  const pushed = await world.push({ app, version: '1.0.0', counter: 1, ...guest });
  await rolloutIn(world, await world.rollOut(pushed, device, { soakS: 0 }), ['completed']);
  return pushed;
};

beforeAll(async () => {
  world = await openWorld();
  ({ device } = await world.enrol());
  const socket = await connectBoard(world.board.dir);
  if (!socket) throw new Error('the board does not answer');
  board = simClient({ socket, clock: systemClock });
  port = { kind: 'serial', path: `${world.board.dir}/serial/meter` };
  await world.bind(device, meter, { meter: port });
  await world.bind(device, blink, { led, button });
  await Promise.all([ship(meter, await exampleGuest('meter')), ship(blink, await exampleGuest('blink'))]);
});
afterAll(async () => {
  await board[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const order = (what: SimOrder) => board.request(what, board.gone);
const portIs = (op: 'plug' | 'unplug') => order({ op, port: 'meter' });
const spoil = (fault: z.infer<typeof SerialFault>, count?: number) => order({ op: 'serialFault', port: 'meter', fault, ...(count !== undefined && { count }) });
async function portNow(): Promise<SimPort> {
  const answer = await order({ op: 'ports' });
  const [seen] = 'ports' in answer ? answer.ports : [];
  if (!seen) throw new Error('the board has no port');
  return seen;
}
const samples = async (series: string, sinceMs: number) =>
  (await world.api.call('getTelemetry', { params: { device }, query: { app: meter, series, sinceS: 600, limit: 5_000 } })).items.filter((one) => Date.parse(one.at) >= sinceMs);
const sampleOf = (series: string, sinceMs: number) => until(`a sample of ${series}`, async () => (await samples(series, sinceMs)).at(-1));
const running = async (app: AppName) => (await world.look(device)).reported?.apps[app]?.running;
const log = async (app: AppName) => world.api.call('getLog', { params: { device, app }, query: { limit: 1_000 } });
const heard = (app: AppName, wanted: RegExp) => until(`${app} writing ${wanted}`, async () => (await log(app)).lines.find((line) => wanted.test(line.text)));
const events = async (type: string) => (await world.api.call('listEvents', { params: { device }, query: { limit: 500 } })).items.filter((one) => one.type === type);

describe('what the meter measures', () => {
  const set = { voltageV: 231.5, currentA: 6.25, powerW: 1_234.5, frequencyHz: 49.9 };

  test('arrives through the API, number for number, with its unit', async () => {
    const fromMs = systemClock.nowMs();
    await order({ op: 'part', name: 'meter', values: set });
    // A round of the app that began before the numbers were set may end after it.
    for (const [series, unit, value] of [['voltage', 'V', set.voltageV], ['current', 'A', set.currentA], ['power', 'W', set.powerW], ['frequency', 'Hz', set.frequencyHz]] as const) {
      expect(await until(`${series} at ${value}`, async () => (await samples(series, fromMs)).find((one) => one.value === Math.fround(value)))).toMatchObject({ app: meter, unit });
    }
    // It grows: what was asked of the meter before arrives as less.
    const before = Math.fround((await portNow()).values['energyKwh'] ?? Number.NaN);
    const energy = await until(`energy of ${before} or more`, async () => (await samples('energy', fromMs)).find(({ value }) => value >= before));
    const after = await portNow();
    expect(energy.value).toBeLessThanOrEqual(Math.fround(after.values['energyKwh'] ?? Number.NaN));
  });

  test('is never wrong when the line spoils it: broken answers are told, no false number arrives, and the app goes on', async () => {
    const fromMs = systemClock.nowMs();
    const before = await running(meter);
    await heard(meter, /./);
    await spoil('crc', 4);
    await heard(meter, /broken answer/);
    await until('the fault used up', async () => ((await portNow()).faultsLeft === null ? true : undefined));
    await spoil('noise', 6);
    await until('that too', async () => ((await portNow()).faultsLeft === null ? true : undefined));
    const sinceMs = systemClock.nowMs();
    await sampleOf('frequency', sinceMs);
    expect(new Set((await samples('voltage', fromMs)).map((one) => one.value))).toEqual(new Set([set.voltageV]));
    expect(new Set((await samples('power', fromMs)).map((one) => one.value))).toEqual(new Set([set.powerW]));
    expect(await running(meter)).toEqual(before);
  });

  test.each<[string, z.infer<typeof SerialFault>]>([
    ['while its answer is on the way', 'slow'],
    ['in the middle of a frame', 'partial'],
  ])('goes on when the plug is pulled %s and put in again under another number', async (_, fault) => {
    const before = await running(meter);
    const told = async () => (await log(meter)).lines.filter((line) => /disconnected/.test(line.text)).length;
    const toldBefore = await told();
    const fromMs = systemClock.nowMs();
    await spoil(fault);
    const plugged = await portNow();
    await until('a question under the fault', async () => ((await portNow()).frames > plugged.frames ? true : undefined));
    await portIs('unplug');
    await until('the app telling it', async () => (await told()) > toldBefore || undefined);
    expect(await portNow()).toMatchObject({ device: null });
    await until('the loss told', async () => ((await events('port.gone')).length > 0 ? true : undefined));
    await spoil('none');
    await portIs('plug');
    const again = await portNow();
    expect([again.path, again.device === plugged.device]).toEqual([plugged.path, false]);
    const sinceMs = systemClock.nowMs();
    expect((await sampleOf('frequency', sinceMs)).value).toBe(Math.fround(set.frequencyHz));
    expect(new Set((await samples('voltage', fromMs)).map((one) => one.value))).toEqual(new Set([set.voltageV]));
    expect(await running(meter)).toEqual(before);
  });
});

describe('a second app for the same port', () => {
  test('is refused at the binding, by name', async () => {
    await expect(world.bind(device, rival, { meter: port })).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/already bound to "meter" of app meter/) });
  });

  test('is refused by the device, by name, when somebody with the scheduler’s key wants it all the same; the first goes on', async () => {
    const before = await running(meter);
    const pushed = await world.push({ app: rival, version: '1.0.0', counter: 1, ...(await exampleGuest('meter')) });
    const seen = await world.look(device);
    const authority = join(world.dir, 'manager', 'authority');
    const beside = Object.fromEntries(seen.assignments.map((one) => [one.app, { repository: `apps/${one.app}`, digest: one.digest, version: one.version, counter: 1, attempt: one.attempt, soakS: 0, bindings: seen.bindings[one.app] ?? {} }]));
    const desired = { device, rev: systemClock.nowMs(), policy: 0, apps: { ...beside, [rival]: { repository: pushed.repository, digest: pushed.digest, version: '1.0.0', counter: 1, attempt: 1, soakS: 0, bindings: { meter: port } } } };
    const message = JSON.stringify(signEnvelope({ payloadType: payloadTypes.desired, payload: canonicalJson(JSON.parse(JSON.stringify(desired))), privatePem: stolenSchedulerKey(authority) }));
    const thief = await connectAsync(world.manager.mqtt, { ...(await stolenIdentity(authority, 'manager:thief')), protocolVersion: 4, reconnectPeriod: 0 }, false);
    await thief.publishAsync(topics.desired.of({ device }), message, { qos: 1 });
    await thief.endAsync();
    const refused = await until('the refusal', async () => (await world.look(device)).refusals.find((one) => one.app === rival));
    expect(refused).toMatchObject({ code: 'port-busy', reason: expect.stringContaining('app "meter"') });
    await sampleOf('power', systemClock.nowMs());
    expect(await running(meter)).toEqual(before);
  });
});

test('an app’s log is sent while somebody reads it, and not a line longer', async () => {
  await ship(talker, await talkingGuest(100));
  const operator = await connectAsync(world.manager.mqtt, { ...(await stolenIdentity(join(world.dir, 'manager', 'authority'), 'operator:carol')), protocolVersion: 4, reconnectPeriod: 0 }, false);
  let batches = 0;
  let lastMs = systemClock.monotonicMs();
  operator.on('message', () => {
    batches += 1;
    lastMs = systemClock.monotonicMs();
  });
  await operator.subscribeAsync(topics.log.of({ device, app: talker }), { qos: 0 });
  await systemClock.sleep(1_000);
  expect(batches).toBe(0);
  await operator.publishAsync(topics.logLease.of({ device }), JSON.stringify({ app: talker, for: 8 }), { qos: 1 });
  await until('some batches', () => batches >= 3 || undefined);
  // The app writes ten lines a second on and on.
  await until('no batch for three seconds', () => systemClock.monotonicMs() - lastMs > 3_000 || undefined);
  const sent = batches;
  const { text } = await heard(talker, /talks!/);
  expect(text).toBe('talks!');
  await until('batches while it is read', () => batches > sent || undefined);
  const first = await log(talker);
  const more = await until('lines that came since', async () => {
    const { lines } = await world.api.call('getLog', { params: { device, app: talker }, query: { after: first.next } });
    return lines.length > 0 ? lines : undefined;
  });
  expect(first.lines.map((line) => line.id)).not.toContain(more[0]?.id);
  await operator.endAsync();
});

test('a guest that floods its log, its telemetry and its host does not disturb its neighbours, and what it loses is counted', async () => {
  const edges = () => readRecord(world.board.record).filter((row) => row.name === 'GPIO17' && row.by === 'guest').length;
  const neighbours = [await running(blink), await running(meter)];
  await ship(flood, await floodingGuest());
  const [before, sinceMs] = [edges(), systemClock.nowMs()];
  const dropped = async () => ({ log: (await log(flood)).dropped, telemetry: (await world.api.call('getTelemetry', { params: { device }, query: { app: flood } })).dropped });
  const first = await until('drops in both answers', async () => {
    const now = await dropped();
    return now.log > 0 && now.telemetry > 0 ? now : undefined;
  });
  await until('the neighbour’s LED going on', () => edges() >= before + 12 || undefined);
  expect((await sampleOf('power', sinceMs)).value).toBeGreaterThan(0);
  await until('more drops', async () => ((await dropped()).log > first.log ? true : undefined));
  expect((await heard(flood, /./)).text).toMatch(/^flood /);
  expect([await running(blink), await running(meter)]).toEqual(neighbours);
  expect(await running(flood)).toMatchObject({ restarts: 0 });
  await world.api.call('assignApp', { params: { device, app: flood }, body: { release: null } });
  await until('the flood gone', async () => ((await running(flood)) === undefined ? true : undefined));
});
