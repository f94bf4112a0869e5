import { describe, expect, test } from 'vitest';
import { and, eq } from 'drizzle-orm';
import { type Log, silentLog } from '@pier/shared/core';
import { wave } from '../db/index.ts';
import { tick } from './engine.ts';
import { rolloutsToWork } from './store.ts';
import { neverMs } from './turn.ts';
import { answer, failure, onDevice, useRollouts } from '../../../test/support/rollouts.ts';

const world = useRollouts();
const { act, at, rolloutAt, start, statesOf, newDevice, newDevices, newRelease, tickLater } = world;
const day = 86_400_000;
const aheadOf = async (id: string): Promise<number> => ((await rolloutAt(id))?.nextTickAt.getTime() ?? 0) - world.fleet.clock.nowMs();

describe('the turn of the others', () => {
  test('is not taken by rollouts that wait for a second person', async () => {
    const [devices, release] = [await newDevices(3), await newRelease()];
    const wanted = { state: 'awaiting_approval', reasonCode: 'approval.second-person' } as const;
    const waiting = [await start(release, devices.slice(0, 1), wanted), await start(release, devices.slice(1, 2), wanted)];
    const running = await start(release, devices.slice(2));
    await world.fleet.tick();
    for (const id of waiting) expect(await aheadOf(id)).toBeGreaterThan(30_000);
    const nowMs = world.fleet.clock.nowMs();
    expect((await rolloutsToWork(world.fleet.db, { dueMs: nowMs, all: true, limit: 1 })).map(({ id }) => id)).toEqual([running]);
  });

  test('is not taken by one whose turn fails each time', async () => {
    const [device, release] = [await newDevice(), await newRelease()];
    const id = await start(release, [device]);
    const plan = (await world.fleet.db.select().from(wave).where(eq(wave.rolloutId, id)))[0]?.plan ?? {};
    const setPlan = async (to: Record<string, unknown>) => world.fleet.db.update(wave).set({ plan: to }).where(and(eq(wave.rolloutId, id), eq(wave.n, 1)));
    await setPlan({ ...plan, take: 'everything' });
    const said: string[] = [];
    const log: Log = { ...silentLog, error: (_, event) => void said.push(event) };
    await tick({ ...world.fleet.engine, log }, { all: true });
    expect(said).toEqual(['rollout.tick-failed']);
    expect(await aheadOf(id)).toBeGreaterThan(5_000);
    await setPlan(plan);
    await tickLater();
    expect((await at(id, device))?.state).toBe('offered');
  });

  test('comes at once where a binding may let one begin', async () => {
    const id = await start(await newRelease(), [await newDevice({ bound: false })], { state: 'awaiting_approval', reasonCode: 'approval.uncovered' });
    await world.fleet.tick();
    const nowMs = world.fleet.clock.nowMs();
    const found = async (all: boolean) => (await rolloutsToWork(world.fleet.db, { dueMs: nowMs, all, limit: 100 })).some((one) => one.id === id);
    expect([await found(true), await found(false)]).toEqual([true, false]);
  });
});

test('a rollout that waits for approval and in which nobody is left is over', async () => {
  const [device, release] = [await newDevice(), await newRelease()];
  const id = await start(release, [device], { state: 'awaiting_approval', reasonCode: 'approval.second-person' });
  await act(id, { verb: 'exclude', devices: [device] });
  await world.fleet.tick();
  expect(await rolloutAt(id)).toMatchObject({ state: 'aborted', reasonCode: 'superseded' });
});

describe('a rollout in which nothing can happen by time alone', () => {
  test('is not looked at while it is paused, once nobody is at work for it; resume wakes it', async () => {
    const [[a, b], release] = [await newDevices(2), await newRelease()];
    if (!a || !b) throw new Error('two devices');
    const id = await start(release, [a, b], { maxInFlight: 1 });
    await world.fleet.tick();
    await answer(world, { id, device: a, release }, { state: 'applying' });
    await act(id, { verb: 'pause' });
    await world.fleet.tick();
    expect(await aheadOf(id)).toBeLessThan(5_000);
    await answer(world, { id, device: a, release });
    await tickLater();
    expect((await rolloutAt(id))?.nextTickAt.getTime()).toBe(neverMs);
    await act(id, { verb: 'resume' });
    await world.fleet.tick();
    expect(await statesOf(id, [a, b])).toEqual(['proven', 'offered']);
  });

  test('is not looked at after its horizon, once it has completed; retry wakes it', async () => {
    const [[a, b], release] = [await newDevices(2), await newRelease()];
    if (!a || !b) throw new Error('two devices');
    const id = await start(release, [], { horizonS: 3_600, waves: [{ devices: [a, b], gate: { failurePercent: 60, successPercent: 40 } }] });
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await answer(world, { id, device: b, release }, failure);
    await world.fleet.tick();
    expect((await rolloutAt(id))?.state).toBe('completed');
    await tickLater();
    expect(await aheadOf(id)).toBeLessThan(day);
    await tickLater(3_600_000);
    expect((await rolloutAt(id))?.nextTickAt.getTime()).toBe(neverMs);
    await act(id, { verb: 'retry' });
    await world.fleet.tick();
    expect(await statesOf(id, [a, b])).toEqual(['proven', 'offered']);
    await answer(world, { id, device: b, release, ...onDevice(release) });
  });

  test('takes nobody in where a newer dynamic one goes by the same selector, though that one is paused', async () => {
    const tags = { site: 'weir' };
    const [a, older, newer] = [await newDevice({ tags }), await newRelease(), await newRelease()];
    const dynamic = { mode: 'dynamic', selector: 'site=weir', horizonS: 3_600 } as const;
    const first = await start(older, [a], dynamic);
    await world.fleet.tick();
    await answer(world, { id: first, device: a, release: older });
    await world.fleet.tick();
    const second = await start(newer, [await newDevice({ tags })], dynamic);
    await act(second, { verb: 'pause' });
    const late = await newDevice({ tags });
    await tickLater();
    await tickLater(day);
    expect([await at(first, late), (await rolloutAt(first))?.nextTickAt.getTime()]).toEqual([undefined, neverMs]);
    await act(second, { verb: 'resume' });
    await tickLater();
    expect((await at(second, late))?.state).toBe('offered');
  });
});
