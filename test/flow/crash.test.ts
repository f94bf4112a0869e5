import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DeviceId, systemClock } from '@pier/shared/core';
import { type Guest, exampleGuest } from '../support/guests.ts';
import { processesOf } from '../support/processes.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

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
  for (const one of pids) process.kill(one.pid, 'SIGKILL');
  await started.exited;
  await until(`no process of ${mark}`, () => processesOf(mark).length === 0 || undefined, 20_000);
}

let counter = 0;
const push = () => {
  counter += 1;
  // Each version has other bytes, so that nothing is in the store already.
  return world.push({ app: 'blink', version: `1.0.${counter}`, counter, ...blink, wasm: Buffer.concat([blink.wasm, Buffer.from([0, 4, 2, 0x6e, counter, 0])]) });
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
  const pids = processesOf(mark);
  for (const one of pids.filter((each) => each.program === 'node')) process.kill(one.pid, 'SIGKILL');
  await until('no process of the manager, PostgreSQL included', () => processesOf(mark).length === 0 || undefined, 30_000);
  await world.stage.startManager();
  const ended = await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'refused', 'timed_out'] });
  expect(ended).toMatchObject({ state: 'proven', reason: null });
});

test('a blob that was torn on disk while the agent was down is fetched again or refused, never run', async () => {
  await kill9(join(world.dir, 'agent'), agent);
  rmSync(join(world.dir, 'agent', 'blobs'), { recursive: true, force: true });
  ({ process: agent } = await world.enrol({ token: 'not-needed-any-more' }));
  await until('the app running again', async () => (await world.look(device)).reported?.apps['blink' as never]?.['running' as never]);
});
