/** What tells failed devices from proven ones, and how a rollout came along: over rollouts that were really run. */
import { describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import type { DeviceId } from '@pier/shared/core';
import { Contrast, Progress } from '@pier/shared/api';
import { deployment, device, deviceLive } from '../db/index.ts';
import { answer, faultOf, useRollouts } from '../../../test/support/rollouts.ts';

const world = useRollouts();
const { act, newDevices, newRelease, rolloutAt, start } = world;
const none = { query: undefined, body: undefined, actor: { name: 'ada', role: 'viewer' as const } };
const contrast = async (id: string) => Contrast.parse(await world.fleet.handlers.contrastRollout({ ...none, params: { id } }));
const progress = async (id: string) => Progress.parse(await world.fleet.handlers.progressRollout({ ...none, params: { id } }));
const failed = { state: 'failed', reason: { code: 'guest-trapped', reason: 'unreachable' } };

async function run(id: string, release: Awaited<ReturnType<typeof newRelease>>, { proven = [], badly = [] }: { proven?: readonly DeviceId[]; badly?: readonly DeviceId[] }) {
  await world.fleet.tick();
  for (const one of proven) await answer(world, { id, device: one, release });
  for (const one of badly) await answer(world, { id, device: one, release }, failed);
  await world.fleet.tick();
}

describe('what the devices that ended badly have in common', () => {
  test('by model, agent, tags and what ran before; what all share is left out', async () => {
    const devices = await newDevices(6);
    const [a, b, c, d, e, waits] = devices as [DeviceId, DeviceId, DeviceId, DeviceId, DeviceId, DeviceId];
    const before = await newRelease();
    await run(await start(before, [c, d]), before, { proven: [c, d] });
    for (const [n, id] of devices.entries()) await world.fleet.db.update(device).set({ tags: { site: n < 2 ? 'north' : 'south', owner: 'us', serial: `s${n}` } }).where(eq(device.id, id));
    await world.fleet.db.update(deviceLive).set({ agent: '0.0.9' }).where(eq(deviceLive.deviceId, a));
    await world.fleet.db.update(device).set({ model: 'rp-zero' }).where(eq(device.id, waits));
    const release = await newRelease();
    const id = await start(release, [], { waves: [{ devices: [a, b, c, d, e], gate: { failurePercent: 100, successPercent: 0 }, advance: 'manual' }, { devices: [waits] }] });
    await run(id, release, { proven: [c, d, e], badly: [a, b] });
    const told = await contrast(id);
    expect(told).toMatchObject({ badly: 2, proven: 3 });
    expect(told.facts.slice(0, 2)).toEqual([{ fact: 'tag site', value: 'north', badly: 2, proven: 0 }, { fact: 'tag site', value: 'south', badly: 0, proven: 3 }]);
    expect(told.facts).toContainEqual({ fact: 'previous version', value: before.version, badly: 0, proven: 2 });
    expect(told.facts).toContainEqual({ fact: 'previous version', value: 'none', badly: 2, proven: 1 });
    expect(told.facts).toContainEqual({ fact: 'agent', value: '0.0.9', badly: 1, proven: 0 });
    // All that ended share their model and owner; the one with another model has not ended.
    expect(told.facts.filter(({ fact }) => fact === 'model' || fact === 'tag owner')).toEqual([]);
  });

  test('where nobody has ended, and where nobody ended badly, there is nothing to tell', async () => {
    const [[a, b], release] = [(await newDevices(2)) as [DeviceId, DeviceId], await newRelease()];
    const id = await start(release, [a, b]);
    expect(await contrast(id)).toEqual({ badly: 0, proven: 0, facts: [] });
    await run(id, release, { proven: [a, b] });
    expect(await contrast(id)).toEqual({ badly: 0, proven: 2, facts: [] });
  });

  test('a tag of its own on every device makes no long answer', async () => {
    const [devices, release] = [await newDevices(60), await newRelease()];
    for (const id of devices) await world.fleet.db.update(device).set({ tags: { serial: id } }).where(eq(device.id, id));
    const id = await start(release, devices, { maxInFlight: 100 });
    await run(id, release, { proven: devices.slice(30), badly: devices.slice(0, 30) });
    expect((await contrast(id)).facts).toHaveLength(20);
  });
});

describe('how it came along', () => {
  test('the curve begins at nothing, never leaves the present counts behind, and ends at them', async () => {
    const [devices, release] = [await newDevices(6), await newRelease()];
    const id = await start(release, [], { deadlineS: 3_600, waves: [{ devices, gate: { failurePercent: 100 } }] });
    world.fleet.clock.skip(2_000);
    expect(await progress(id)).toMatchObject({ total: 6, points: [{ proven: 0, badly: 0 }, { proven: 0 }, { proven: 0 }, { proven: 0 }] });
    await run(id, release, { proven: devices.slice(0, 2) });
    for (const one of devices.slice(2)) await answer(world, { id, device: one, release }, { state: 'downloading' });
    world.fleet.clock.skip(300_000);
    await run(id, release, { proven: devices.slice(2, 3), badly: devices.slice(3, 5) });
    world.fleet.clock.skip(5_000);
    const { total, points } = await progress(id);
    const rows = await world.fleet.db.select().from(deployment).where(eq(deployment.rolloutId, id));
    const isBad = (state: string) => ['failed', 'refused', 'timed_out'].includes(state);
    expect([total, points.at(-1)]).toMatchObject([6, { proven: rows.filter(({ state }) => state === 'proven').length, badly: rows.filter(({ state }) => isBad(state)).length }]);
    expect(points.length).toBeLessThanOrEqual(200);
    expect(points[0]).toMatchObject({ at: (await rolloutAt(id))?.createdAt.toISOString(), proven: 0, badly: 0 });
    expect(points.map(({ at }) => at)).toEqual(points.map(({ at }) => at).toSorted());
    // Between the two bursts lie minutes in which nothing more was proven.
    expect(points[Math.floor(points.length / 2)]?.proven).toBe(2);
  });

  test('what is rolled back was proven until it had gone back', async () => {
    const [[a, b], release] = [(await newDevices(2)) as [DeviceId, DeviceId], await newRelease()];
    const id = await start(release, [a, b]);
    await run(id, release, { proven: [a, b] });
    world.fleet.clock.skip(60_000);
    await act(id, { verb: 'roll_back' });
    await world.fleet.tick();
    for (const one of [a, b]) await world.reportNothing(one);
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'rolled_back', finishedAt: expect.any(Date) });
    const { points } = await progress(id);
    expect([Math.max(...points.map(({ proven }) => proven)), points.at(-1)]).toMatchObject([2, { at: (await rolloutAt(id))?.finishedAt?.toISOString(), proven: 0, badly: 0 }]);
  });
});

test.each(['nothing', 'a\0b'])('a rollout %j has neither', async (id) => {
  expect([await faultOf(contrast(id)), await faultOf(progress(id))]).toMatchObject([{ code: 'not-found' }, { code: 'not-found' }]);
});
