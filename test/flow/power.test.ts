/** A board with bad power, no link and a full disk: the real agent on a disk of a few megabytes, its log on it too. */
import { mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { AppName, type DeviceId, systemClock } from '@pier/shared/core';
import type { SentCommand } from '@pier/shared/api';
import { type Guest, exampleGuest } from '../support/guests.ts';
import { processesOf, signalAll } from '../support/processes.ts';
import { readRecord } from '../support/record.ts';
import { type SmallDisk, noSmallDisk, openSmallDisk } from '../support/small-disk.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

const blink = AppName.parse('blink');
const why = noSmallDisk();
let world: World;
let disk: SmallDisk;
let guest: Guest;
let device: DeviceId;

beforeAll(async () => {
  if (why !== undefined) return;
  world = await openWorld();
  disk = openSmallDisk(16, join(world.dir, 'agent'));
  mkdirSync(join(disk.folder, 'log'));
  symlinkSync(join(disk.folder, 'log', 'agent.log'), join(world.dir, 'logs', 'agent.log'));
  guest = await exampleGuest('blink');
  ({ device } = await world.enrol());
  await world.bind(device, 'blink', { led, button });
  await deploymentIn(world, { device, rollout: await world.rollOut(await push(1), device), states: ['proven'] });
});
beforeEach((context) => {
  if (why !== undefined) context.skip(why);
});
afterAll(async () => {
  if (why !== undefined) return;
  await world.stage[Symbol.asyncDispose]();
  disk[Symbol.dispose]();
  await world[Symbol.asyncDispose]();
});

const push = (counter: number) => world.push({ app: 'blink', version: `1.0.${counter}`, counter, ...guest, wasm: Buffer.concat([guest.wasm, Buffer.from([0, 4, 2, 0x6e, counter, 0])]) });
const reported = async () => (await world.look(device)).reported;
const app = async () => (await reported())?.apps[blink];
const events = async () => (await world.api.call('listEvents', { params: { device }, query: { limit: 100 } })).items.map(({ type }) => type);
const edges = () => readRecord(world.board.record).filter((row) => row.name === 'GPIO17' && row.by === 'guest').length;
/** The app goes on: its LED changes and changes again. */
async function stillBlinks(): Promise<void> {
  const before = edges();
  await until('the LED blinking', () => edges() >= before + 2 || undefined);
}
const restart = (): Promise<SentCommand> => world.api.call('commandApp', { params: { device }, body: { verb: 'app.restart', app: blink, remark: 'from the flow' } });
const ended = (sent: SentCommand) => until(`${sent.id} to end`, async () => (await world.api.call('listCommands', { params: { device }, query: { limit: 200 } })).items.find(({ id, endedAt }) => id === sent.id && endedAt !== null));
const agentMark = (): string => join(world.dir, 'agent');
async function kill9(): Promise<void> {
  signalAll(processesOf(agentMark()), 'SIGKILL');
  await until('no agent', () => processesOf(agentMark()).length === 0 || undefined);
}

test('a full disk is seen in the fleet, while the app runs on and commands are still taken from the reserve', async () => {
  disk.fill();
  expect(await ended(await restart())).toMatchObject({ state: 'done' });
  const full = await until('the reason', async () => (await reported())?.disk);
  expect(full).toEqual({ code: 'disk-full', reason: expect.stringContaining(disk.folder) });
  await stillBlinks();
  expect(await until('the event', async () => (await events()).includes('disk.full') || undefined)).toBe(true);
});

test('a release that does not fit waits with its reason, the old one blinks, and it goes on by itself when there is room', async () => {
  const rollout = await world.rollOut(await push(2), device, { deadlineS: 120 });
  await until('the reason', async () => ((await app())?.state === 'downloading' && (await app())?.reason?.code === 'disk-full') || undefined);
  expect((await app())?.running?.version).toBe('1.0.1');
  await stillBlinks();
  disk.free();
  expect(await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'refused', 'timed_out'] })).toMatchObject({ state: 'proven' });
  await until('room again', async () => ((await reported())?.disk === undefined && (await events()).includes('disk.back')) || undefined);
});

test('with nothing left to write on, a command is refused as such and none is lost; afterwards they are done again', async () => {
  truncateSync(join(disk.folder, 'reserve'), 0);
  disk.fill();
  const sent: SentCommand[] = [];
  await until('a refusal', async () => {
    const one = await restart();
    sent.push(one);
    return (await ended(one)).state === 'refused' || undefined;
  });
  const last = sent.at(-1);
  expect(last && (await ended(last))).toMatchObject({ state: 'refused', reason: { code: 'disk-full' } });
  for (const one of sent.slice(0, -1)) expect((await ended(one)).state).toBe('done');
  await stillBlinks();
  disk.free();
  await until('commands taken again', async () => (await ended(await restart())).state === 'done' || undefined);
  await stillBlinks();
});

test('after a power cut on a full disk, with no manager and no network, the app is started at once and the agent waits for the rest', async () => {
  await until('the reserve whole', async () => statSync(join(disk.folder, 'reserve'), { throwIfNoEntry: false })?.size === 2 << 20 || undefined);
  await kill9();
  process.kill(world.managerPid, 'SIGTERM');
  await until('no manager', () => processesOf(join(world.dir, 'manager')).length === 0 || undefined);
  disk.fill();
  const before = edges();
  // It is ready only once it has a manager, which this one never finds.
  const back = world.enrol({ token: 'not-needed-any-more' }).catch((cause: unknown) => cause);
  await until('the LED blinking', () => edges() >= before + 2 || undefined);
  disk.free();
  await kill9();
  expect(await back).toBeInstanceOf(Error);
  await world.stage.startManager();
});

test('a database that a power cut tore is put aside: the device says so, gets what it should run again, and takes commands', async () => {
  const file = join(disk.folder, 'state.db');
  for (const name of readdirSync(disk.folder).filter((one) => one === 'state.db-wal' || one === 'state.db-shm')) truncateSync(join(disk.folder, name), 0);
  const bytes = readFileSync(file);
  // Nothing but the first page is left: what the device knew has to come from the manager again.
  bytes.fill(0xa5, 4_096);
  writeFileSync(file, bytes);
  const before = edges();
  const sinceMs = systemClock.nowMs();
  await world.enrol({ token: 'not-needed-any-more' });
  expect(readdirSync(disk.folder)).toContain('state.db.broken-1');
  await until('the event', async () => (await events()).includes('state.lost') || undefined);
  await until('the app proven again', async () => ((await app())?.state === 'proven' && ((await app())?.running?.sinceMs ?? 0) >= sinceMs) || undefined);
  await until('the LED blinking', () => edges() >= before + 2 || undefined);
  expect(await ended(await restart())).toMatchObject({ state: 'done' });
});
