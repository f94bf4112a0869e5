/** A roll back of an app's first release: nothing ran before, so the app is taken off, and the device says so. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppName, type DeviceId } from '@pier/shared/core';
import { trappingGuest } from '../support/guests.ts';
import { type World, deploymentIn, led, openWorld, rolloutIn } from '../support/world.ts';

const app = AppName.parse('lamp');
let world: World;
let device: DeviceId;

beforeAll(async () => {
  world = await openWorld();
  ({ device } = await world.addDevice('quay'));
  await world.bind(device, app, { led });
});
afterAll(() => world?.[Symbol.asyncDispose]());

test('the first release of an app that is rolled back leaves the device without the app, and in step', async () => {
  const rollout = await world.rollOutTo(await world.push({ app, version: '1.0.0', counter: 1, ...(await trappingGuest(3_600_000)) }), { devices: [device], soakS: 0 });
  await rolloutIn(world, rollout, ['completed']);
  await world.api.call('actOnRollout', { params: { id: rollout }, ifMatch: '*', body: { verb: 'roll_back', remark: 'nobody asked for a lamp' } });
  expect(await deploymentIn(world, { device, rollout, states: ['rolled_back', 'failed', 'rollback_failed'] })).toMatchObject({ state: 'rolled_back', reason: null });
  const left = async () => {
    const seen = await world.look(device);
    return [seen.reported?.apps[app], seen.assignments, seen.standing];
  };
  await expect.poll(left, { timeout: 60_000 }).toEqual([undefined, [], 'in_step']);
  await rolloutIn(world, rollout, ['rolled_back']);
});
