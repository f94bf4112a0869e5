import { describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { type DeviceId } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { Asks } from '@pier/shared/capability';
import { ledBinding, presence, reported } from '../../../test/support/fleet.ts';
import { audit, release } from '../db/index.ts';
import { tick } from './engine.ts';
import { type Made, onDevice, useRollouts } from '../../../test/support/rollouts.ts';

const world = useRollouts();
const { at, rolloutAt: stateOf, assigned, start, report, newDevice, newRelease, bind } = world;
const actor = { name: 'ada', role: 'operator' } as const;

/** A device on which a first release is proven. */
async function proven(): Promise<{ device: DeviceId; first: Made }> {
  const [device, first] = [await newDevice(), await newRelease()];
  const id = await start(first, [device]);
  await world.fleet.tick();
  await report(device, first, { attempt: (await at(id, device))?.attempt, state: 'proven', lastGood: onDevice(first) });
  await world.fleet.tick();
  expect((await stateOf(id))?.state).toBe('completed');
  return { device, first };
}

describe('the good road', () => {
  test('an online device that is bound is offered the release, goes on by its reports, and completes the rollout', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered', attempt: 1 });
    expect(await world.fleet.desiredOf(device)).toMatchObject({ device, policy: 7, apps: { blink: { digest: one.digest, attempt: 1, soakS: 1, bindings: ledBinding } } });
    for (const state of ['accepted', 'downloading', 'verifying', 'applying', 'soaking'] as const) {
      await report(device, one, { attempt: 1, state });
      expect((await at(id, device))?.state).toBe(state);
    }
    const woken = world.fleet.woken.count;
    await report(device, one, { attempt: 1, state: 'proven', lastGood: onDevice(one) });
    expect(await at(id, device)).toMatchObject({ state: 'proven', deadlineAt: null });
    expect(world.fleet.woken.count).toBeGreaterThan(woken);
    await world.fleet.tick();
    expect(await stateOf(id)).toMatchObject({ state: 'completed', reasonCode: null });
    expect(await world.fleet.handlers.getRollout({ params: { id }, query: undefined, body: undefined, actor })).toMatchObject({ state: 'completed', waves: [{ n: 1, state: 'passed', total: 1, counts: { proven: 1 } }] });
  });

  test('each step left its audit row, in order', async () => {
    const { device } = await proven();
    const rows = await world.fleet.db.select().from(audit).orderBy(audit.id);
    expect(rows.filter((row) => row.object.endsWith(`/${device}`)).map((row) => [row.action, row.actor.split(':')[0]])).toEqual([['deployment.offered', 'rollout'], ['deployment.proven', 'device']]);
  });

  test('one that is proven runs on until the last device is done', async () => {
    const [a, b, one] = [await newDevice(), await newDevice(), await newRelease()];
    const id = await start(one, [a, b]);
    await world.fleet.tick();
    await report(a, one, { attempt: 1, state: 'proven' });
    await world.fleet.tick();
    expect((await stateOf(id))?.state).toBe('running');
    await report(b, one, { attempt: 1, state: 'failed', reason: { code: 'guest-trapped', reason: 'unreachable' } });
    await world.fleet.tick();
    expect(await stateOf(id)).toMatchObject({ state: 'paused', cause: 'gate', reasonText: expect.stringMatching(/^wave 1 failed: 1 of 2 finished devices ended badly/) });
    expect(await at(id, b)).toMatchObject({ state: 'failed', reasonCode: 'guest-trapped', reasonText: 'unreachable' });
  });
});

describe('what a device may not do', () => {
  test.each([
    ['an attempt that it was not given', { attempt: 9, state: 'proven' }],
    ['an attempt of before', { attempt: 0.5, state: 'proven' }],
    ['another artifact', { attempt: 1, state: 'proven', digest: digestOf('mine') }],
  ])('%s proves nothing', async (_, said) => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.tick();
    await report(device, one, said);
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered' });
  });

  test('a step back, a repeated step and a word after the end change nothing', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.tick();
    await report(device, one, { attempt: 1, state: 'soaking' });
    const soaking = await at(id, device);
    await report(device, one, { attempt: 1, state: 'downloading' });
    await report(device, one, { attempt: 1, state: 'soaking' });
    expect(await at(id, device)).toEqual(soaking);
    await report(device, one, { attempt: 1, state: 'proven' });
    for (const state of ['soaking', 'refused', 'downloading']) await report(device, one, { attempt: 1, state });
    expect(await at(id, device)).toMatchObject({ state: 'proven' });
    await world.fleet.tick();
  });

  test('a replayed report moves nothing twice', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.tick();
    const message = reported({ boot: 2, seq: 1, apps: { blink: { digest: one.digest, attempt: 1, state: 'refused', reason: { code: 'unsigned', reason: 'x' } } } });
    await world.fleet.say(device, 'reported', message);
    const [after, rows] = [await at(id, device), (await world.fleet.db.select().from(audit)).length];
    await world.fleet.say(device, 'reported', message);
    expect([await at(id, device), (await world.fleet.db.select().from(audit)).length]).toEqual([after, rows]);
  });

  test('another device’s report moves nobody', async () => {
    const [a, b, one] = [await newDevice(), await newDevice(), await newRelease()];
    const id = await start(one, [a]);
    await world.fleet.tick();
    await report(b, one, { attempt: 1, state: 'proven' });
    expect(await at(id, a)).toMatchObject({ state: 'offered' });
  });
});

describe('consent', () => {
  test('a device whose label is not bound is not offered, says why, and is offered once it is bound', async () => {
    const [device, one] = [await newDevice({ bound: false }), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'waiting', attempt: null, reasonCode: 'capability.unbound', reasonText: expect.stringMatching(/"led"/) });
    expect(await world.fleet.desiredOf(device)).toBeUndefined();
    expect(await assigned(device)).toBeUndefined();
    await bind(device);
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered', reasonCode: null });
  });

  test('an ask that is not required does not hold a device up', async () => {
    const asks = Asks.parse({ gpio: [{ label: 'lamp', mode: 'out', safe: 'inactive', optional: true }] });
    const [device, one] = [await newDevice({ bound: false }), await newRelease({ asks })];
    const id = await start(one, [device]);
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered' });
  });

  test('an app from a repository that no scope covers is not offered', async () => {
    const [device, one] = [await newDevice(), await newRelease({ repository: 'elsewhere.example/blink' })];
    const id = await start(one, [device]);
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'waiting', reasonCode: 'policy.scope' });
  });

  test('one device without consent does not keep another one waiting', async () => {
    const [no, yes, one] = [await newDevice({ bound: false }), await newDevice(), await newRelease()];
    const id = await start(one, [no, yes]);
    await world.fleet.tick();
    expect([(await at(id, no))?.state, (await at(id, yes))?.state]).toEqual(['waiting', 'offered']);
  });
});

describe('who is away', () => {
  test('an offline device waits and says so, and is offered the release once it is back', async () => {
    const [device, one] = [await newDevice({ online: false }), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'waiting', reasonCode: 'device.offline' });
    expect(await world.fleet.desiredOf(device)).toBeUndefined();
    await world.fleet.say(device, 'presence', presence({ seq: 2 }));
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered', reasonCode: null });
  });

  test('the same reason is not written twice', async () => {
    const [device, one] = [await newDevice({ online: false }), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.tick();
    const first = await at(id, device);
    world.fleet.clock.skip(1_000);
    await world.fleet.tick();
    expect(await at(id, device)).toEqual(first);
  });
});

describe('deadlines', () => {
  test('an offer that nobody takes up is taken back under a new revision and made again under a new attempt', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.tick();
    const offered = await world.fleet.desiredOf(device);
    await world.fleet.say(device, 'presence', { gen: 1, boot: 1, seq: 1, online: false, conn: 'c1' });
    world.fleet.clock.skip(31_000);
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'waiting', attempt: null, deadlineAt: null });
    const taken = await world.fleet.desiredOf(device);
    expect(taken?.apps).toEqual({});
    expect(taken?.rev).toBeGreaterThan(offered?.rev ?? 0);
    await report(device, one, { attempt: 1, state: 'proven' });
    expect(await at(id, device)).toMatchObject({ state: 'waiting' });
    await world.fleet.say(device, 'presence', presence({ boot: 2, seq: 1, conn: 'c2' }));
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered', attempt: 3 });
  });

  test('an offer that is taken back leaves what runs there assigned', async () => {
    const { device, first } = await proven();
    const second = await newRelease();
    await start(second, [device]);
    await world.fleet.tick();
    await report(device, first, { running: { ...onDevice(first), restarts: 0, sinceMs: 5 }, lastGood: onDevice(first) });
    await world.fleet.say(device, 'presence', { gen: 1, boot: 1, seq: 1, online: false, conn: 'c1' });
    world.fleet.clock.skip(31_000);
    await world.fleet.tick();
    expect(await assigned(device)).toMatchObject({ releaseId: first.id, attempt: 3 });
  });

  test.each(['abort', 'pause', 'silence'] as const)('after %s, an offer to a device that runs what is not verified here is wanted no more', async (end) => {
    const [withdrawn, good, second] = [await newRelease({ state: 'withdrawn' }), await newRelease(), await newRelease()];
    const [stray, back] = [await newDevice({ lastGood: withdrawn }), await newDevice({ lastGood: good })];
    await report(back, withdrawn, { running: { ...onDevice(withdrawn), restarts: 0, sinceMs: 1 }, lastGood: onDevice(good) });
    const id = await start(second, [stray, back]);
    await world.fleet.tick();
    expect(await assigned(stray)).toMatchObject({ releaseId: second.id, attempt: 1 });
    if (end === 'silence') world.fleet.clock.skip(31_000);
    else await world.act(id, { verb: end });
    await world.fleet.tick();
    expect(await assigned(stray)).toMatchObject({ releaseId: null, attempt: 2 });
    expect((await world.fleet.desiredOf(stray))?.apps).toEqual({});
    expect(await assigned(back)).toMatchObject({ releaseId: good.id, attempt: 2 });
    if (end !== 'abort') await world.act(id, { verb: 'abort' });
  });

  test('what a technician put there for a time is not made lasting by an offer that is taken back', async () => {
    const { device, first } = await proven();
    const [tried, second] = [await newRelease(), await newRelease()];
    await start(second, [device]);
    await world.fleet.tick();
    const hold = { kind: 'deployed', by: 'eve', forS: 600, digest: tried.digest };
    await report(device, first, { running: { ...onDevice(tried), restarts: 0, sinceMs: 5 }, lastGood: onDevice(first), hold });
    world.fleet.clock.skip(31_000);
    await world.fleet.tick();
    expect(await assigned(device)).toMatchObject({ releaseId: first.id });
  });

  test('work that takes too long is timed out for good, and its assignment stays', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device], { deadlineS: 60 });
    await world.fleet.tick();
    await report(device, one, { attempt: 1, state: 'downloading' });
    world.fleet.clock.skip(20_000);
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'downloading' });
    world.fleet.clock.skip(41_000);
    await world.fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'timed_out', reasonCode: 'timed-out', reasonText: expect.stringMatching(/downloading/) });
    expect(await stateOf(id)).toMatchObject({ state: 'paused', cause: 'gate' });
    expect(await assigned(device)).toMatchObject({ releaseId: one.id, attempt: 1 });
    await report(device, one, { attempt: 1, state: 'proven' });
    expect(await at(id, device)).toMatchObject({ state: 'timed_out' });
  });
});

describe('a bad end', () => {
  test.each(['failed', 'refused'] as const)('%s: the last good release is assigned again under a new attempt, in the transaction of the report', async (state) => {
    const { device, first } = await proven();
    const second = await newRelease();
    const id = await start(second, [device]);
    await world.fleet.tick();
    expect(await assigned(device)).toMatchObject({ releaseId: second.id, attempt: 2 });
    await report(device, second, { attempt: 2, state, reason: { code: 'digest-mismatch', reason: 'x' }, lastGood: onDevice(first) });
    expect(await at(id, device)).toMatchObject({ state, reasonCode: 'digest-mismatch', attempt: 2 });
    expect(await assigned(device)).toMatchObject({ releaseId: first.id, attempt: 3 });
    expect(await world.fleet.desiredOf(device)).toMatchObject({ apps: { blink: { digest: first.digest, attempt: 3 } } });
    await world.fleet.tick();
    expect(await stateOf(id)).toMatchObject({ state: 'paused', cause: 'gate' });
  });

  test('a last good release that this manager does not know, or did not verify, is not gone back to', async () => {
    const bad = await newRelease({ state: 'rejected' });
    for (const digest of [digestOf('unheard of'), bad.digest]) {
      const [device, one] = [await newDevice(), await newRelease()];
      await start(one, [device]);
      await world.fleet.tick();
      await report(device, one, { attempt: 1, state: 'failed', lastGood: { digest, version: '1', counter: 1 } });
      expect(await assigned(device)).toMatchObject({ releaseId: one.id, attempt: 1 });
    }
  });
});

describe('trust', () => {
  test('a release that is no longer verified pauses its rollout, with the reason', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await world.fleet.db.update(release).set({ state: 'rejected', reasonText: 'its key was revoked' }).where(eq(release.id, one.id));
    await world.fleet.tick();
    expect(await stateOf(id)).toMatchObject({ state: 'paused', cause: 'trust', reasonCode: 'release-unverified', reasonText: 'its key was revoked' });
    expect(await at(id, device)).toMatchObject({ state: 'waiting' });
  });

  test('without a policy nothing is offered', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await tick({ ...world.fleet.engine, policies: { policyInForce: async () => undefined } }, { all: true });
    expect(await at(id, device)).toMatchObject({ state: 'waiting' });
  });
});
