import { describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { DeviceId } from '@pier/shared/core';
import { RolloutPlan } from '@pier/shared/api';
import { device as deviceTable } from '../db/index.ts';
import { app } from '../../../test/support/fleet.ts';
import { type Made, answer, failure, useRollouts } from '../../../test/support/rollouts.ts';

const world = useRollouts();
const { act, at, bind, rolloutAt, start, statesOf, newDevice, newDevices, newRelease, tickLater } = world;
const actor = { name: 'ada', role: 'operator' } as const;

/** A rollout that waits for approval, since the device of its first wave has not bound what the release asks for. */
async function planned(release: Made, devices: readonly string[]): Promise<string> {
  const made = await world.fleet.handlers.createRollout({ params: undefined, query: undefined, body: RolloutPlan.parse({ release: release.id, devices, soakS: 1, waves: [{ take: { by: 'count', count: 1 } }] }), actor });
  expect([made.state, made.waves[0]?.openedAt]).toEqual(['awaiting_approval', null]);
  return made.id;
}

describe('a rollout that waits for approval', () => {
  test('takes nobody from the one that runs; denied, it has changed nothing', async () => {
    const [device, one, two] = [await newDevice({ bound: false }), await newRelease(), await newRelease()];
    const running = await start(one, [device]);
    const id = await planned(two, [device]);
    await world.fleet.tick();
    expect([(await at(running, device))?.state, (await at(id, device))?.state]).toEqual(['waiting', 'waiting']);
    await act(id, { verb: 'deny' });
    await bind(device);
    await world.fleet.tick();
    expect([(await at(running, device))?.state, (await at(id, device))?.state]).toEqual(['offered', 'cancelled']);
    world.fleet.clock.skip(31_000);
    await world.fleet.tick();
    expect((await at(running, device))?.state).toBe('waiting');
  });

  test.each(['by a person', 'by itself'])('takes devices over as it begins, %s', async (how) => {
    const [device, one, two] = [await newDevice({ bound: false }), await newRelease(), await newRelease()];
    const running = await start(one, [device]);
    const id = await planned(two, [device]);
    await act(running, { verb: 'pause' });
    if (how === 'by a person') await act(id, { verb: 'approve' });
    await bind(device);
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'running' });
    expect((await world.fleet.handlers.getRollout({ params: { id }, query: undefined, body: undefined, actor })).waves[0]?.openedAt).toEqual(expect.any(String));
    expect(await at(running, device)).toMatchObject({ state: 'superseded', reasonText: `the newer rollout ${id} took over this device` });
    expect((await at(id, device))?.state).toBe('offered');
  });

  test('keeps no older one from going on, and is not undone by it', async () => {
    const tags = { site: 'lock' };
    const [[a, late], one, two] = [await newDevices(2, { bound: false }), await newRelease(), await newRelease()];
    if (!a || !late) throw new Error('two devices');
    const [b] = await newDevices(1, { tags });
    if (!b) throw new Error('a device');
    const running = await start(one, [], { mode: 'dynamic', selector: 'site=lock', waves: [{ devices: [b], gate: { failurePercent: 100, successPercent: 0 } }] });
    await world.fleet.tick();
    await answer(world, { id: running, device: b, release: one }, failure);
    const id = await planned(two, [a, b, late]);
    await act(running, { verb: 'retry' });
    await world.fleet.tick();
    expect((await at(running, b))?.state).toBe('offered');
    await world.fleet.db.update(deviceTable).set({ tags }).where(eq(deviceTable.id, late));
    await tickLater();
    expect([(await at(running, late))?.state, await statesOf(id, [a, b, late])]).toEqual(['waiting', ['waiting', 'waiting', 'waiting']]);
    await act(id, { verb: 'deny' });
  });
});

describe('a dynamic rollout and what a person holds', () => {
  const place = (device: string) => ({ params: { device: DeviceId.parse(device), app }, query: undefined, actor });
  const byHand = async (device: string, release: Made) => world.fleet.handlers.assignApp({ ...place(device), body: { release: release.id, soakS: 1 } });
  const giveBack = async (device: string) => world.fleet.handlers.releaseApp({ ...place(device), body: undefined });

  test('a held device joins once it is given back, whether it was in the rollout before or not', async () => {
    const tags = { site: 'ferry' };
    const [[inside, done, outside], one, own] = [await newDevices(3, { tags }), await newRelease(), await newRelease()];
    if (!inside || !done || !outside) throw new Error('three devices');
    await byHand(outside, own);
    const id = await start(one, [done, inside], { mode: 'dynamic', selector: 'site=ferry', maxInFlight: 1 });
    await world.fleet.tick();
    const [first, second] = (await at(id, done))?.state === 'offered' ? [done, inside] : [inside, done];
    await answer(world, { id, device: first, release: one });
    await byHand(second, own);
    await tickLater();
    expect([(await at(id, second))?.state, await at(id, outside)]).toEqual(['superseded', undefined]);
    await giveBack(second);
    await giveBack(outside);
    for (let n = 0; n < 2; n += 1) {
      await tickLater();
      for (const device of [second, outside]) if ((await at(id, device))?.state === 'offered') await answer(world, { id, device, release: one });
    }
    expect(await statesOf(id, [first, second, outside])).toEqual(['proven', 'proven', 'proven']);
  });

  test('one that a newer rollout took over does not come back', async () => {
    const [device, one, two] = [await newDevice({ tags: { site: 'sluice' }, online: false }), await newRelease(), await newRelease()];
    const older = await start(one, [device], { mode: 'dynamic', selector: 'site=sluice' });
    const newer = (await world.fleet.handlers.createRollout({ params: undefined, query: undefined, body: RolloutPlan.parse({ release: two.id, devices: [device], soakS: 1 }), actor })).id;
    await tickLater();
    expect([(await at(older, device))?.state, (await at(newer, device))?.state]).toEqual(['superseded', 'waiting']);
  });
});
