/** A manager that is killed while a rollout is in one of its states: it finds the rollout there, and brings it to its end. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CallOf } from '@pier/shared/api';
import { AppName, type DeviceId } from '@pier/shared/core';
import { trappingGuest } from '../support/guests.ts';
import { processesOf, signalAll } from '../support/processes.ts';
import { type World, led, openWorld, rolloutIn, until } from '../support/world.ts';

const boards = 3;
const app = AppName.parse('storm');
let world: World;
let bea: Awaited<ReturnType<World['addPerson']>>;
let devices: DeviceId[];

beforeAll(async () => {
  world = await openWorld();
  bea = await world.addPerson('bea', 'operator');
  const fleet = await world.stage.startFleet({ boards, manager: world.manager.device, token: await world.token({ uses: boards }) });
  devices = fleet.devices.map((one) => one as DeviceId);
  for (const device of devices) await world.bind(device, app, { led });
  await rolloutIn(world, await start({}), ['completed']);
}, 240_000);
afterAll(() => world[Symbol.asyncDispose]());

type Plan = Omit<CallOf<'createRollout'>['body'], 'release'>;
let counter = 0;
async function start(plan: Plan): Promise<string> {
  counter += 1;
  const pushed = await world.push({ app, version: `1.0.${counter}`, counter, ...(await trappingGuest(3_600_000 + counter)) });
  return world.rollOutTo(pushed, { devices, soakS: 0, deadlineS: 120, ...plan });
}
const act = (id: string, verb: string, api = world.api) => api.call('actOnRollout', { params: { id }, ifMatch: '*', body: { verb } as never });
const look = (id: string) => world.api.call('getRollout', { params: { id } });
const waves: Plan['waves'] = [{ take: { by: 'percent', percent: 34 }, advance: 'manual' }, { take: { by: 'rest' } }];
const firstPassed = (id: string) => until('the first wave passed', async () => ((await look(id)).waves[0]?.state === 'passed' ? true : undefined));

async function killAndStart(): Promise<void> {
  const data = join(world.dir, 'manager');
  signalAll(processesOf(data).filter(({ program }) => program === 'node'), 'SIGKILL');
  await until('no process of the manager', () => processesOf(data).length === 0 || undefined);
  await world.stage.startManager();
}

type Row = {
  readonly name: string;
  readonly plan: Plan;
  /** What brings it into the state in which the manager is killed. */
  readonly before: (id: string) => Promise<unknown>;
  /** In which states it may be found. */
  readonly found: readonly string[];
  readonly after?: (id: string) => Promise<unknown>;
  readonly ends: string;
};

const table: readonly Row[] = [
  { name: 'just begun', plan: {}, before: async () => {}, found: ['running', 'completed'], ends: 'completed' },
  { name: 'soaking', plan: { soakS: 4 }, before: (id) => until('a device in its soak', async () => ((await look(id)).waves[0]?.counts.soaking ? true : undefined)), found: ['running', 'completed'], ends: 'completed' },
  { name: 'between two waves', plan: { waves }, before: firstPassed, found: ['running'], after: (id) => act(id, 'advance'), ends: 'completed' },
  { name: 'paused by a person', plan: { waves }, before: async (id) => (await firstPassed(id), act(id, 'pause')), found: ['paused'], after: async (id) => (await act(id, 'resume'), act(id, 'advance')), ends: 'completed' },
  { name: 'being aborted', plan: { soakS: 4 }, before: (id) => act(id, 'abort'), found: ['aborting', 'aborted'], ends: 'aborted' },
  { name: 'being rolled back', plan: {}, before: async (id) => (await rolloutIn(world, id, ['completed']), act(id, 'roll_back')), found: ['rolling_back', 'rolled_back'], ends: 'rolled_back' },
];

test.each(table)('killed while a rollout is $name', async ({ plan, before, found, after, ends }) => {
  const id = await start(plan);
  await before(id);
  await killAndStart();
  expect(found).toContain((await look(id)).state);
  await after?.(id);
  const { waves: over } = await rolloutIn(world, id, [ends], 150_000);
  const proven = over.map(({ counts }) => counts.proven ?? 0).reduce((sum, n) => sum + n, 0);
  expect([ends, ends === 'completed' ? proven : boards]).toEqual([ends, boards]);
});

test('killed while a rollout waits for approval: it still does, and begins with it', async () => {
  await world.setPolicy({ approvals: { above: 1 } });
  const id = await start({});
  await killAndStart();
  expect(await look(id)).toMatchObject({ state: 'awaiting_approval' });
  await act(id, 'approve', bea.api);
  await rolloutIn(world, id, ['completed'], 150_000);
});
