import { describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { presence } from '../../../test/support/fleet.ts';
import { binding, outbox, rollout } from '../db/index.ts';
import { lockDevices } from '../device/index.ts';
import { storeMoves } from './store.ts';
import { untilLocked, useRollouts } from '../../../test/support/rollouts.ts';

const world = useRollouts();
const { at, start, report, newDevice, newRelease, bind } = world;

describe('several at once', () => {
  test('two ticks on two connections offer each device once', async () => {
    const [a, b, c, one] = [await newDevice(), await newDevice(), await newDevice(), await newRelease()];
    const id = await start(one, [a, b, c]);
    await Promise.all([world.fleet.tick(), world.fleet.tick(), world.fleet.tick()]);
    for (const device of [a, b, c]) expect(await at(id, device)).toMatchObject({ state: 'offered', attempt: 1 });
    const documents = (await world.fleet.db.select().from(outbox)).filter((row) => [a, b, c].some((device) => row.topic.includes(`/${device}/`)));
    expect(documents).toHaveLength(3);
  });

  test('ticks, reports, bindings and new rollouts at the same time end in order, without a deadlock', async () => {
    const devices = await Promise.all(Array.from({ length: 8 }, async () => newDevice()));
    const [one, two] = [await newRelease(), await newRelease()];
    const id = await start(one, devices);
    await Promise.all([
      world.fleet.tick(),
      world.fleet.tick(),
      ...devices.map(async (device) => bind(device)),
      ...devices.map(async (device) => report(device, one, { attempt: 1, state: 'soaking' })),
      start(two, devices).catch(() => undefined),
      world.fleet.tick(),
    ]);
    await world.fleet.tick();
    const states = await Promise.all(devices.map(async (device) => (await at(id, device))?.state));
    expect(states.filter((state) => state === 'waiting')).toEqual([]);
  });

  test('an offer waits for whoever changes the device, and is judged by what is bound then', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    let later: Promise<void> = Promise.resolve();
    await world.fleet.db.transaction(async (tx) => {
      await lockDevices(tx, [device]);
      await tx.delete(binding).where(eq(binding.deviceId, device));
      later = world.fleet.tick();
      await untilLocked(world.fleet.db);
    });
    await later;
    expect(await at(id, device)).toMatchObject({ state: 'waiting', reasonCode: 'capability.unbound' });
  });

  test('an offer is not taken back when the device took it up at the last moment', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.tick();
    world.fleet.clock.skip(31_000);
    const offered = await at(id, device);
    if (!offered) throw new Error('it was offered');
    let later: Promise<void> = Promise.resolve();
    await world.fleet.db.transaction(async (tx) => {
      await lockDevices(tx, [device]);
      await storeMoves(tx, [{ from: offered, to: 'soaking', attempt: offered.attempt, reason: null, deadlineAt: new Date(world.fleet.clock.nowMs() + 60_000), actor: `device:${device}` }], world.fleet.clock.nowMs());
      later = world.fleet.tick();
      await untilLocked(world.fleet.db);
    });
    await later;
    expect(await at(id, device)).toMatchObject({ state: 'soaking', attempt: 1 });
  });

  test('a rollout that another replica works on is left to it', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.db.transaction(async (tx) => {
      await tx.select().from(rollout).where(eq(rollout.id, id)).for('update');
      await world.fleet.tick();
    });
    expect(await at(id, device)).toMatchObject({ state: 'waiting' });
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered' });
  });

  test('a beat leaves a rollout that was looked at just now, a wake-up does not', async () => {
    const [device, one] = [await newDevice({ online: false }), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.tick();
    await world.fleet.say(device, 'presence', presence({ seq: 2 }));
    await world.fleet.db.update(rollout).set({ nextTickAt: new Date(world.fleet.clock.nowMs() + 3_600_000) }).where(eq(rollout.id, id));
    await world.fleet.tick(false);
    expect(await at(id, device)).toMatchObject({ state: 'waiting' });
    await world.fleet.tick(true);
    expect(await at(id, device)).toMatchObject({ state: 'offered' });
  });
});

