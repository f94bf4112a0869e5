/** A manager that starts anew in the middle of a rollout: nobody is connected then, and none of them is away for it. */
import { expect, test } from 'vitest';
import { silentLog } from '@pier/shared/core';
import { answer, failure, useRollouts } from '../../../test/support/rollouts.ts';
import { awaitDevices, startSilenceWatch } from '../device/index.ts';

const world = useRollouts();
const { newDevices, newRelease, start, at, comeBack, rolloutAt, wavesAt, statesOf } = world;
const restart = () => awaitDevices({ db: world.fleet.db, clock: world.fleet.clock, log: silentLog });

/** Two of four are done when the manager ends. Who has yet to come would be too few, or enough, if the others were taken for absent. */
const gates = [
  ['fails', { successPercent: 60, failurePercent: 60, failureSampleMin: 5 }, failure],
  ['passes', { presentPercent: 50 }, undefined],
] as const;

test.each(gates)('no gate %s by who has yet to come back', async (_, gate, second) => {
  const [[a, b, c, d], [later], release] = [await newDevices(4), await newDevices(1), await newRelease()];
  if (!a || !b || !c || !d || !later) throw new Error('five devices');
  const id = await start(release, [], { waves: [{ devices: [a, b, c, d], gate }, { devices: [later] }], maxInFlight: 2 });
  await world.fleet.tick();
  await answer(world, { id, device: a, release });
  await answer(world, { id, device: b, release }, ...(second ? [second] : []));
  await restart();
  await world.fleet.tick();
  expect([(await rolloutAt(id))?.state, await wavesAt(id), await statesOf(id, [c, d])]).toEqual(['running', ['active', 'pending'], ['waiting', 'waiting']]);
  expect(await at(id, c)).toMatchObject({ reasonCode: 'device.awaited' });
  for (const one of [c, d, later]) await comeBack(one);
  await world.fleet.tick();
  expect(await statesOf(id, [c, d])).toEqual(['offered', 'offered']);
  for (const one of [c, d]) await answer(world, { id, device: one, release });
  await world.fleet.tick();
  expect(await wavesAt(id)).toEqual(['passed', 'active']);
});

test('who has not come back in time is absent as any other', async () => {
  const [[a, b], release] = [await newDevices(2), await newRelease()];
  if (!a || !b) throw new Error('two devices');
  const id = await start(release, [a, b], { maxInFlight: 1 });
  await world.fleet.tick();
  await answer(world, { id, device: a, release });
  await restart();
  await world.fleet.tick();
  expect(await wavesAt(id)).toEqual(['active']);
  world.fleet.clock.skip(145_000);
  const woken = Promise.withResolvers<void>();
  await using watch = startSilenceWatch({ db: world.fleet.db, clock: world.fleet.clock, log: silentLog, onChanged: () => {}, wake: woken.resolve });
  watch.wake();
  await woken.promise;
  await world.fleet.tick();
  expect([await wavesAt(id), (await at(id, b))?.reasonCode]).toEqual([['passed'], 'device.offline']);
});
