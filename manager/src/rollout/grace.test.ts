import { expect, test } from 'vitest';
import { useRollouts } from '../../../test/support/rollouts.ts';
import { graceAfterStart } from './grace.ts';

const world = useRollouts();
const { newDevice, newRelease, start, report, at } = world;

test('what a device did while the manager was away is heard before its time is up', async () => {
  const [device, one] = [await newDevice(), await newRelease()];
  const id = await start(one, [device], { deadlineS: 30 });
  await world.fleet.tick();
  await report(device, one, { attempt: 1, state: 'downloading' });
  // The manager is away for longer than the work may take.
  world.fleet.clock.skip(120_000);
  await graceAfterStart(world.fleet);
  await world.fleet.tick();
  expect(await at(id, device)).toMatchObject({ state: 'downloading' });
  await report(device, one, { attempt: 1, state: 'proven' });
  expect(await at(id, device)).toMatchObject({ state: 'proven', deadlineAt: null });
});

test('who does not come back is timed out all the same, and who has time still gets no more', async () => {
  const [late, early, one] = [await newDevice(), await newDevice(), await newRelease()];
  const id = await start(one, [late, early], { deadlineS: 600 });
  await world.fleet.tick();
  for (const device of [late, early]) await report(device, one, { attempt: 1, state: 'downloading' });
  const before = await at(id, early);
  await graceAfterStart(world.fleet);
  expect(await at(id, early)).toMatchObject({ deadlineAt: before?.deadlineAt });
  world.fleet.clock.skip(601_000);
  await graceAfterStart(world.fleet);
  world.fleet.clock.skip(61_000);
  await world.fleet.tick();
  expect((await at(id, late))?.state).toBe('timed_out');
});
