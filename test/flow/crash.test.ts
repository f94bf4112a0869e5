import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DeviceId, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type Guest, exampleGuest } from '../support/guests.ts';
import { processesOf, signalAll } from '../support/processes.ts';
import { type Pushed, type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

let world: World;
let blink: Guest;
let device: DeviceId;
let agent: Awaited<ReturnType<World['enrol']>>['process'];

beforeAll(async () => {
  world = await openWorld();
  blink = await exampleGuest('blink');
  ({ device, process: agent } = await world.enrol());
  await world.bind(device, 'blink', { led, button });
});
afterAll(() => world[Symbol.asyncDispose]());

/** kill -9 of the real process, not only of the CLI that started it. */
async function kill9(mark: string, started: { exited: Promise<unknown> }): Promise<void> {
  const pids = processesOf(mark);
  expect(pids.length).toBeGreaterThan(0);
  signalAll(pids, 'SIGKILL');
  await started.exited;
  await until(`no process of ${mark}`, () => processesOf(mark).length === 0 || undefined);
}

let counter = 0;
let last: Pushed;
const push = async () => {
  counter += 1;
  // Each version has other bytes, so that nothing is in the store already.
  last = await world.push({ app: 'blink', version: `1.0.${counter}`, counter, ...blink, wasm: Buffer.concat([blink.wasm, Buffer.from([0, 4, 2, 0x6e, counter, 0])]) });
  return last;
};

test.each([0, 150, 500, 1_500])('an agent killed with -9 %i ms after the rollout began comes back and ends proven', async (afterMs) => {
  const rollout = await world.rollOut(await push(), device, { soakS: 1, deadlineS: 120 });
  await systemClock.sleep(afterMs);
  await kill9(join(world.dir, 'agent'), agent);
  ({ process: agent } = await world.enrol({ token: 'not-needed-any-more' }));
  const ended = await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'refused', 'timed_out'] });
  expect(ended).toMatchObject({ state: 'proven', reason: null });
});

test.each([0, 400])('a manager killed with -9 %i ms after the rollout began takes PostgreSQL with it, comes back, and brings the rollout to its end', async (afterMs) => {
  const rollout = await world.rollOut(await push(), device, { soakS: 1, deadlineS: 120 });
  await systemClock.sleep(afterMs);
  const mark = join(world.dir, 'manager');
  signalAll(processesOf(mark).filter(({ program }) => program === 'node'), 'SIGKILL');
  await until('no process of the manager, PostgreSQL included', () => processesOf(mark).length === 0 || undefined);
  await world.stage.startManager();
  const ended = await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'refused', 'timed_out'] });
  expect(ended).toMatchObject({ state: 'proven', reason: null });
});

test('a module whose bytes changed on disk while the agent was down is fetched again, never run', async () => {
  const runningSince = async () => Object.values((await world.look(device)).reported?.apps ?? {})[0]?.running?.sinceMs;
  const beforeMs = await runningSince();
  await kill9(join(world.dir, 'agent'), agent);
  const files = readdirSync(join(world.dir, 'agent', 'blobs'), { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(2);
  // One bit of each kept blob: module, manifest, config and signature.
  for (const entry of files) {
    const file = join(entry.parentPath, entry.name);
    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    chmodSync(file, 0o600);
    writeFileSync(file, bytes);
  }
  const { process: next } = await world.enrol({ token: 'not-needed-any-more' });
  agent = next;
  await until('the app running again', async () => {
    const sinceMs = await runningSince();
    return sinceMs !== undefined && sinceMs !== beforeMs ? sinceMs : undefined;
  });
  const layer = readdirSync(join(world.dir, 'agent', 'blobs'), { withFileTypes: true, recursive: true }).find((entry) => entry.isFile() && entry.name.includes(last.layer.slice(7)));
  expect(digestOf(readFileSync(join(layer?.parentPath ?? '', layer?.name ?? '')))).toBe(last.layer);
});
