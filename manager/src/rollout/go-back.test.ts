import { describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import type { DeviceId } from '@pier/shared/core';
import { assignment, release as releaseTable } from '../db/index.ts';
import { type Made, answer, failure, faultOf, onDevice, useRollouts } from '../../../test/support/rollouts.ts';

const world = useRollouts();
const { at, rolloutAt, wavesAt, statesOf, start, report, reportNothing, newDevice, newDevices, newRelease, assigned, act, goOffline, tickLater } = world;

/** Devices in waves of one each, all proven. */
async function allProven(devices: readonly DeviceId[], release: Made, more: Parameters<typeof start>[2] = {}): Promise<string> {
  const id = await start(release, [], { waves: devices.map((one) => ({ devices: [one] })), ...more });
  for (const device of devices) {
    await world.fleet.tick();
    await answer(world, { id, device, release });
  }
  await world.fleet.tick();
  expect((await rolloutAt(id))?.state).toBe('completed');
  return id;
}

/** Says as the device that it is back at a release, under the attempt that the roll back gave it. */
async function isBack(id: string, device: DeviceId, to: Made, state = 'proven'): Promise<void> {
  await report(device, to, { attempt: (await at(id, device))?.attempt, state, lastGood: onDevice(to), ...(state === 'proven' ? {} : { reason: { code: 'guest-trapped', reason: 'it traps too' } }) });
}

describe('roll back', () => {
  test('walks the waves backwards: a wave goes back once the later one has', async () => {
    const [before, release] = [await newRelease(), await newRelease()];
    const [a, b, c] = await newDevices(3, { lastGood: before });
    if (!a || !b || !c) throw new Error('three devices');
    const id = await allProven([a, b, c], release);
    expect(await act(id, { verb: 'roll_back', remark: 'wrong colour' })).toMatchObject({ state: 'rolling_back', cause: null, finishedAt: null });
    await world.fleet.tick();
    expect(await statesOf(id, [a, b, c])).toEqual(['proven', 'proven', 'rolling_back']);
    expect(await assigned(c)).toMatchObject({ releaseId: before.id });
    expect((await world.fleet.desiredOf(c))?.apps).toMatchObject({ blink: { digest: before.digest, attempt: (await at(id, c))?.attempt } });
    await isBack(id, c, before);
    await world.fleet.tick();
    expect(await statesOf(id, [a, b, c])).toEqual(['proven', 'rolling_back', 'rolled_back']);
    await isBack(id, b, before);
    await world.fleet.tick();
    await isBack(id, a, before);
    await world.fleet.tick();
    expect(await statesOf(id, [a, b, c])).toEqual(['rolled_back', 'rolled_back', 'rolled_back']);
    expect(await rolloutAt(id)).toMatchObject({ state: 'rolled_back', finishedAt: expect.any(Date), reasonText: 'rolled back by bob: wrong colour' });
    expect(await faultOf(act(id, { verb: 'roll_back' }))).toMatchObject({ code: 'verb-unfit' });
  });

  test('in the middle: offers are taken back, waiting ones left out, and work finishes first', async () => {
    const [before, release] = [await newRelease(), await newRelease()];
    const [a, b, c, d] = await newDevices(4, { lastGood: before });
    if (!a || !b || !c || !d) throw new Error('four devices');
    const id = await start(release, [], { waves: [{ devices: [a] }, { devices: [b, c] }, { devices: [d] }] });
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    await answer(world, { id, device: b, release }, { state: 'applying' });
    await act(id, { verb: 'roll_back' });
    await world.fleet.tick();
    expect(await statesOf(id, [a, b, c, d])).toEqual(['proven', 'applying', 'cancelled', 'cancelled']);
    expect(await assigned(c)).toMatchObject({ releaseId: before.id });
    await answer(world, { id, device: b, release });
    await world.fleet.tick();
    expect(await statesOf(id, [a, b])).toEqual(['proven', 'rolling_back']);
    await isBack(id, b, before);
    await world.fleet.tick();
    await isBack(id, a, before);
    await world.fleet.tick();
    expect((await rolloutAt(id))?.state).toBe('rolled_back');
  });

  test('where nothing ran before, the app is taken off', async () => {
    const [a, release] = [await newDevice(), await newRelease()];
    const id = await allProven([a], release);
    await act(id, { verb: 'roll_back' });
    await world.fleet.tick();
    expect((await world.fleet.desiredOf(a))?.apps).toEqual({});
    await report(a, release, { attempt: 1, state: 'proven', lastGood: onDevice(release) });
    expect((await at(id, a))?.state).toBe('rolling_back');
    await reportNothing(a);
    await world.fleet.tick();
    expect([(await at(id, a))?.state, (await rolloutAt(id))?.state]).toEqual(['rolled_back', 'rolled_back']);
  });

  test('a device that ran the release before the rollout goes to the good one before that', async () => {
    const [before, release] = [await newRelease(), await newRelease()];
    const a = await newDevice({ lastGood: release });
    await report(a, release, { running: { ...onDevice(release), restarts: 0, sinceMs: 1 }, lastGood: onDevice(release), previousGood: onDevice(before) });
    const id = await allProven([a], release);
    await act(id, { verb: 'roll_back' });
    await world.fleet.tick();
    expect((await world.fleet.desiredOf(a))?.apps).toMatchObject({ blink: { digest: before.digest } });
    await isBack(id, a, before);
    await world.fleet.tick();
    expect((await rolloutAt(id))?.state).toBe('rolled_back');
  });

  test.each(['nothing', 'another release'] as const)('never goes to the release itself, though a device on which %s was before had it as its good one when it was offered again', async (was) => {
    const [before, other, release] = [await newRelease(), await newRelease(), await newRelease()];
    const a = await newDevice(was === 'nothing' ? {} : { lastGood: before });
    const id = await start(release, [a]);
    await world.fleet.tick();
    await answer(world, { id, device: a, release }, { state: 'soaking' });
    await tickLater();
    expect((await at(id, a))?.state).toBe('timed_out');
    await report(a, release, { lastGood: onDevice(release), previousGood: onDevice(other) });
    await act(id, { verb: 'retry' });
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    await act(id, { verb: 'roll_back' });
    await world.fleet.tick();
    expect(await assigned(a)).toMatchObject({ releaseId: was === 'nothing' ? null : before.id });
    await (was === 'nothing' ? reportNothing(a) : isBack(id, a, before));
    await world.fleet.tick();
    expect((await rolloutAt(id))?.state).toBe('rolled_back');
  });

  test('one whose former release is not verified any more is left out, visibly, and keeps what it has', async () => {
    const [before, release] = [await newRelease(), await newRelease()];
    const [a, b] = await newDevices(2, { lastGood: before });
    if (!a || !b) throw new Error('two devices');
    const id = await allProven([a, b], release);
    await world.fleet.db.update(releaseTable).set({ state: 'rejected' }).where(eq(releaseTable.id, before.id));
    await act(id, { verb: 'roll_back' });
    await world.fleet.tick();
    expect([(await rolloutAt(id))?.state, await statesOf(id, [a, b])]).toEqual(['rolled_back', ['excluded', 'excluded']]);
    expect(await at(id, a)).toMatchObject({ reasonCode: 'release-unverified', reasonText: expect.stringMatching(before.digest) });
    expect(await assigned(a)).toMatchObject({ releaseId: release.id });
  });

  test('a device that a newer rollout or a person has taken since is left alone', async () => {
    const [before, release, newer] = [await newRelease(), await newRelease(), await newRelease()];
    const [a, b] = await newDevices(2, { lastGood: before });
    if (!a || !b) throw new Error('two devices');
    const id = await allProven([a, b], release);
    await allProven([a], newer);
    await world.fleet.db.update(assignment).set({ byHand: true }).where(eq(assignment.deviceId, b));
    await act(id, { verb: 'roll_back' });
    await world.fleet.tick();
    expect([(await at(id, a))?.reasonCode, (await at(id, b))?.reasonCode]).toEqual(['superseded', 'assigned.by-hand']);
    expect(await assigned(a)).toMatchObject({ releaseId: newer.id });
  });

  test('failed and timed out devices go back too; what cannot is said, and holds nobody up', async () => {
    const [before, release] = [await newRelease(), await newRelease()];
    const [a, b, c] = await newDevices(3, { lastGood: before });
    if (!a || !b || !c) throw new Error('three devices');
    const id = await start(release, [], { waves: [{ devices: [a] }, { devices: [b, c], gate: { failurePercent: 100, successPercent: 0 } }] });
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    await answer(world, { id, device: b, release }, { ...failure, lastGood: onDevice(before) });
    await answer(world, { id, device: c, release }, { state: 'downloading' });
    await tickLater();
    expect(await statesOf(id, [a, b, c])).toEqual(['proven', 'failed', 'timed_out']);
    await act(id, { verb: 'roll_back' });
    await world.fleet.tick();
    expect(await statesOf(id, [a, b, c])).toEqual(['proven', 'rolling_back', 'rolling_back']);
    await isBack(id, b, before, 'failed');
    expect(await at(id, b)).toMatchObject({ state: 'rollback_failed', reasonCode: 'guest-trapped' });
    await goOffline(c);
    await tickLater(62_000);
    expect(await at(id, c)).toMatchObject({ state: 'rollback_failed', reasonText: expect.stringMatching(/offline/) });
    expect((await at(id, a))?.state).toBe('rolling_back');
    await isBack(id, a, before);
    await world.fleet.tick();
    expect((await rolloutAt(id))?.state).toBe('rolled_back');
  });

  test('keeps to the limit of devices at work', async () => {
    const [before, release] = [await newRelease(), await newRelease()];
    const devices = await newDevices(4, { lastGood: before });
    const id = await start(release, devices);
    await world.fleet.tick();
    for (const device of devices) await answer(world, { id, device, release });
    await world.fleet.tick();
    await act(id, { verb: 'set_cap', maxInFlight: 2 });
    await act(id, { verb: 'roll_back' });
    await Promise.all([world.fleet.tick(), world.fleet.tick()]);
    expect((await statesOf(id, devices)).map(String).toSorted()).toEqual(['proven', 'proven', 'rolling_back', 'rolling_back']);
  });

  test('a word of the attempt before proves no way back', async () => {
    const [before, release] = [await newRelease(), await newRelease()];
    const a = await newDevice({ lastGood: before });
    const id = await allProven([a], release);
    const old = (await at(id, a))?.attempt;
    await act(id, { verb: 'roll_back' });
    await world.fleet.tick();
    await report(a, release, { attempt: old, state: 'proven' });
    await report(a, before, { attempt: old, state: 'proven' });
    expect((await at(id, a))?.state).toBe('rolling_back');
  });

  test('is begun by the engine where the plan says so, and only the failed wave’s and earlier devices go back', async () => {
    const [before, release] = [await newRelease(), await newRelease()];
    const [a, b, c] = await newDevices(3, { lastGood: before });
    if (!a || !b || !c) throw new Error('three devices');
    const id = await start(release, [], { onFailure: 'roll_back', waves: [{ devices: [a] }, { devices: [b] }, { devices: [c] }] });
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    await answer(world, { id, device: b, release }, { ...failure, lastGood: onDevice(before) });
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'rolling_back', reasonCode: 'gate.failures' });
    expect(await statesOf(id, [a, b, c])).toEqual(['proven', 'rolling_back', 'cancelled']);
    expect(await assigned(c)).toBeUndefined();
  });
});

describe('a proven release that fails later', () => {
  test('reopens its wave, pauses the rollout, and later waves get no more offers', async () => {
    const [before, release] = [await newRelease(), await newRelease()];
    const [a, b, c] = await newDevices(3, { lastGood: before });
    if (!a || !b || !c) throw new Error('three devices');
    const id = await start(release, [], { maxInFlight: 1, waves: [{ devices: [a] }, { devices: [b, c] }] });
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    await answer(world, { id, device: b, release }, { state: 'soaking' });
    const attempt = (await at(id, a))?.attempt;
    await report(a, release, { attempt, ...failure, lastGood: onDevice(before) });
    expect(await at(id, a)).toMatchObject({ state: 'failed', reasonCode: 'guest-trapped' });
    expect(await assigned(a)).toMatchObject({ releaseId: before.id });
    await world.fleet.tick();
    expect([await wavesAt(id), await rolloutAt(id)]).toMatchObject([['reopened', 'active'], { state: 'paused', cause: 'gate', reasonCode: 'gate.regressed' }]);
    await answer(world, { id, device: b, release });
    await tickLater();
    expect(await statesOf(id, [b, c])).toEqual(['proven', 'waiting']);
  });

  test('reopens it also when the rollout had completed; a retry that proves itself completes it again', async () => {
    const [a, release] = [await newDevice(), await newRelease()];
    const id = await allProven([a], release);
    await tickLater();
    await report(a, release, { attempt: 1, ...failure });
    await world.fleet.tick();
    expect([await wavesAt(id), await rolloutAt(id)]).toMatchObject([['reopened'], { state: 'paused', cause: 'gate', finishedAt: null }]);
    await act(id, { verb: 'retry' });
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    expect([await wavesAt(id), (await rolloutAt(id))?.state]).toEqual([['passed'], 'completed']);
  });

  test('does not, within the gate', async () => {
    const [devices, release] = [await newDevices(4), await newRelease()];
    const id = await start(release, [], { waves: [{ devices, gate: { failurePercent: 25, successPercent: 75 } }] });
    await world.fleet.tick();
    for (const device of devices) await answer(world, { id, device, release });
    await world.fleet.tick();
    const [a, b] = devices;
    if (!a || !b) throw new Error('four devices');
    await report(a, release, { attempt: 1, ...failure });
    await world.fleet.tick();
    expect([(await rolloutAt(id))?.state, (await at(id, a))?.state]).toEqual(['completed', 'failed']);
    await report(b, release, { attempt: 1, ...failure });
    await world.fleet.tick();
    expect((await rolloutAt(id))?.state).toBe('paused');
  });

  test('is heard only within the horizon, and only of what is still assigned', async () => {
    const [[a, b], release, newer] = [await newDevices(2), await newRelease(), await newRelease()];
    if (!a || !b) throw new Error('two devices');
    const id = await allProven([a, b], release, { horizonS: 100 });
    await allProven([b], newer);
    await report(b, release, { attempt: 1, ...failure });
    world.fleet.clock.skip(101_000);
    await report(a, release, { attempt: 1, ...failure });
    await tickLater();
    expect([await statesOf(id, [a, b]), (await rolloutAt(id))?.state]).toEqual([['proven', 'proven'], 'completed']);
  });

  test('is a device at its former release again, though it says nothing else', async () => {
    const [before, release] = [await newRelease(), await newRelease()];
    const a = await newDevice({ lastGood: before });
    const id = await allProven([a], release);
    await report(a, release, { attempt: (await at(id, a))?.attempt, state: 'proven', running: { ...onDevice(before), restarts: 0, sinceMs: 1 }, lastGood: onDevice(before) });
    expect(await at(id, a)).toMatchObject({ state: 'failed', reasonCode: 'not-proven' });
  });

  test('after an override counts from there on', async () => {
    const [[a, b, c], release] = [await newDevices(3), await newRelease()];
    if (!a || !b || !c) throw new Error('three devices');
    const id = await start(release, [], { waves: [{ devices: [a, b] }, { devices: [c] }] });
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await answer(world, { id, device: b, release }, failure);
    await world.fleet.tick();
    await act(id, { verb: 'advance' });
    await tickLater();
    expect((await rolloutAt(id))?.state).toBe('running');
    await report(a, release, { attempt: 1, ...failure });
    await world.fleet.tick();
    expect([await wavesAt(id), (await rolloutAt(id))?.cause]).toEqual([['reopened', 'active'], 'gate']);
  });
});
