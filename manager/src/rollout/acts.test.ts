import { describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import type { DeviceId } from '@pier/shared/core';
import { assignment, release as releaseTable, rollout } from '../db/index.ts';
import { answer, failure, faultOf, onDevice, useRollouts } from '../../../test/support/rollouts.ts';

const world = useRollouts();
const { at, rolloutAt, wavesAt, statesOf, start, newDevice, newDevices, newRelease, assigned, auditOf, act, preview, tickLater, bind } = world;

/** A rollout of a canary and two others, whose canary has failed. */
async function failedCanary(): Promise<{ id: string; canary: DeviceId; others: DeviceId[]; release: Awaited<ReturnType<typeof newRelease>> }> {
  const [canary, others, release] = [await newDevice(), await newDevices(2), await newRelease()];
  const id = await start(release, [], { waves: [{ devices: [canary] }, { devices: others }] });
  await world.fleet.tick();
  await answer(world, { id, device: canary, release }, failure);
  await world.fleet.tick();
  return { id, canary, others, release };
}

describe('every act', () => {
  test('raises the revision, and leaves a row with who, why and how many', async () => {
    const [devices, release] = [await newDevices(2), await newRelease()];
    const id = await start(release, devices);
    expect(await act(id, { verb: 'pause', remark: 'let me look' })).toMatchObject({ state: 'paused', cause: 'operator', revision: 2, reason: { code: 'operator.pause', reason: 'paused by bob: let me look' } });
    expect((await auditOf(`rollout:${id}`)).at(-1)).toMatchObject({ actor: 'bob', action: 'rollout.pause', detail: { remark: 'let me look', from: 'running', devices: 2, revision: 1 } });
  });

  test('of two at once on one revision, one is done and the other is told what the revision is now', async () => {
    const [devices, release] = [await newDevices(2), await newRelease()];
    const id = await start(release, devices);
    const results = await Promise.all([faultOf(act(id, { verb: 'pause' }, { revision: 1 })), faultOf(act(id, { verb: 'abort' }, { revision: 1, by: 'eve' }))]);
    expect(results.filter((one) => one === undefined)).toHaveLength(1);
    expect(results.find((one) => one !== undefined)).toMatchObject({ code: 'revision-stale', message: expect.stringMatching(/revision 1 .* at 2 now: (bob paused|eve aborted) it \d+ s ago\. Look again/) });
    expect(await rolloutAt(id)).toMatchObject({ revision: 2 });
    await world.fleet.tick();
  });

  test('that was decided before the engine moved a wave is refused', async () => {
    const [[a, b], release] = [await newDevices(2), await newRelease()];
    if (!a || !b) throw new Error('two devices');
    const id = await start(release, [], { waves: [{ devices: [a] }, { devices: [b] }] });
    await world.fleet.tick();
    const { revision } = (await rolloutAt(id)) ?? { revision: 0 };
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    expect(await faultOf(act(id, { verb: 'advance' }, { revision }))).toMatchObject({ code: 'revision-stale', message: expect.stringMatching(/: the engine moved wave \d to \w+ \d+ s ago\./) });
  });

  test('is done on whatever is there when no revision is named', async () => {
    const id = await start(await newRelease(), [await newDevice()]);
    const acted = await world.fleet.handlers.actOnRollout({ params: { id }, query: undefined, body: { verb: 'pause' }, actor: { name: 'bob', role: 'operator' }, ifMatch: undefined });
    expect(acted).toMatchObject({ state: 'paused' });
  });

  test('that does not fit changes nothing, and names what does', async () => {
    const id = await start(await newRelease(), [await newDevice()]);
    expect(await faultOf(act(id, { verb: 'resume' }))).toMatchObject({ code: 'verb-unfit', message: expect.stringMatching(/these do: pause/) });
    expect(await rolloutAt(id)).toMatchObject({ state: 'running', revision: 1 });
    expect(await faultOf(act('nothing', { verb: 'pause' }))).toMatchObject({ code: 'not-found' });
    expect(await faultOf(world.fleet.handlers.actOnRollout({ params: { id: 'a\0b' }, query: undefined, body: { verb: 'pause' }, actor: { name: 'bob', role: 'operator' }, ifMatch: 1 }))).toMatchObject({ code: 'not-found' });
    expect(await faultOf(act(id, { verb: 'pause', remark: 'a\0b' }))).toMatchObject({ code: 'input-invalid' });
  });

  test('is previewed as it is judged: possible or not, with the devices it hits', async () => {
    const { id } = await failedCanary();
    const seen = await preview(id);
    expect(seen.get('retry')).toMatchObject({ possible: true, devices: 1 });
    expect(seen.get('resume')).toMatchObject({ possible: false, devices: 0, sentence: expect.stringMatching(/wave 1 still fails its gate/) });
    expect(seen.get('advance')).toMatchObject({ possible: true, devices: 2 });
    expect(seen.get('approve')).toMatchObject({ possible: false });
    for (const verb of ['approve', 'deny', 'pause', 'resume'] as const) {
      expect([verb, seen.get(verb)?.possible]).toEqual([verb, false]);
      expect([verb, await faultOf(act(id, { verb }))]).toMatchObject([verb, { code: 'verb-unfit' }]);
    }
  });
});

test('a preview tells of named devices how many exclude and retry would hit', async () => {
  const { id, canary, others } = await failedCanary();
  const hits = async (devices: string) => {
    const seen = await preview(id, 'bob', devices);
    return [seen.get('retry')?.devices, seen.get('exclude')?.devices, seen.get('advance')?.devices];
  };
  expect(await hits(canary)).toEqual([1, 1, 2]);
  expect(await hits([...others, 'nobody'].join(','))).toEqual([0, 2, 2]);
  expect(await faultOf(preview(id, 'bob', Array.from({ length: 501 }, (_, n) => `d${n}`).join(',')))).toMatchObject({ code: 'input-invalid', message: expect.stringMatching(/at most 500/) });
  expect(await faultOf(preview(id, 'bob', 'a\0b'))).toMatchObject({ code: 'input-invalid' });
});

describe('pause and resume', () => {
  test('a pause takes offers back within a tick, lets work finish, and resume goes on', async () => {
    const [devices, release] = [await newDevices(3), await newRelease()];
    const [a, b, c] = devices;
    if (!a || !b || !c) throw new Error('three devices');
    const id = await start(release, devices, { maxInFlight: 2 });
    await world.fleet.tick();
    await answer(world, { id, device: a, release }, { state: 'downloading' });
    await act(id, { verb: 'pause' });
    await world.fleet.tick();
    expect(await statesOf(id, devices)).toEqual(['downloading', 'waiting', 'waiting']);
    expect((await world.fleet.desiredOf(b))?.apps).toEqual({});
    await answer(world, { id, device: a, release });
    await tickLater();
    expect(await statesOf(id, devices)).toEqual(['proven', 'waiting', 'waiting']);
    expect(await act(id, { verb: 'resume' })).toMatchObject({ state: 'running', cause: null });
    await world.fleet.tick();
    expect(await statesOf(id, devices)).toEqual(['proven', 'offered', 'offered']);
  });

  test('work that takes too long while it is paused is timed out', async () => {
    const [a, release] = [await newDevice(), await newRelease()];
    const id = await start(release, [a]);
    await world.fleet.tick();
    await answer(world, { id, device: a, release }, { state: 'applying' });
    await act(id, { verb: 'pause' });
    await tickLater();
    expect(await at(id, a)).toMatchObject({ state: 'timed_out' });
  });
});

describe('after a failed gate', () => {
  test('retry lets what failed try again under a new attempt, and the rollout goes on', async () => {
    const { id, canary, others, release } = await failedCanary();
    expect(await faultOf(act(id, { verb: 'retry', devices: others }))).toMatchObject({ code: 'verb-unfit' });
    expect(await act(id, { verb: 'retry' })).toMatchObject({ state: 'running', cause: null, waves: [{ state: 'active' }, { state: 'pending' }] });
    expect((await auditOf(`rollout:${id}`)).at(-1)).toMatchObject({ action: 'rollout.retry', detail: { retried: [canary], to: 'running' } });
    await world.fleet.tick();
    expect(await at(id, canary)).toMatchObject({ state: 'offered', attempt: 2 });
    await answer(world, { id, device: canary, release });
    await world.fleet.tick();
    expect(await statesOf(id, others)).toEqual(['offered', 'offered']);
  });

  test('a retry of some stays paused while the others still break the gate', async () => {
    const [devices, release] = [await newDevices(2), await newRelease()];
    const [a, b] = devices;
    if (!a || !b) throw new Error('two devices');
    const id = await start(release, devices);
    await world.fleet.tick();
    for (const one of devices) await answer(world, { id, device: one, release }, failure);
    await world.fleet.tick();
    expect(await act(id, { verb: 'retry', devices: [a] })).toMatchObject({ state: 'paused', cause: 'gate', waves: [{ state: 'failed', counts: { waiting: 1, failed: 1 } }] });
    await world.fleet.tick();
    expect(await at(id, a)).toMatchObject({ state: 'waiting' });
    await act(id, { verb: 'exclude', devices: [b] });
    expect(await act(id, { verb: 'resume' })).toMatchObject({ state: 'running', waves: [{ state: 'active' }] });
    await world.fleet.tick();
    expect(await statesOf(id, devices)).toEqual(['offered', 'excluded']);
  });

  test('a device that a newer rollout has is not retried', async () => {
    const { id, canary } = await failedCanary();
    await start(await newRelease(), [canary]);
    expect(await faultOf(act(id, { verb: 'retry' }))).toMatchObject({ code: 'verb-unfit' });
  });

  test('a device to which a person assigned the app since is not retried', async () => {
    const { id, canary } = await failedCanary();
    await world.fleet.db.update(assignment).set({ byHand: true }).where(eq(assignment.deviceId, canary));
    expect(await faultOf(act(id, { verb: 'retry' }))).toMatchObject({ code: 'verb-unfit' });
    expect(await statesOf(id, [canary])).toEqual(['failed']);
  });

  test('advance takes the wave as passed, in the audit too, and opens the next; what had failed is forgiven, what fails later is not', async () => {
    const { id, others, release } = await failedCanary();
    expect(await act(id, { verb: 'advance', remark: 'known defect' })).toMatchObject({ state: 'running', waves: [{ state: 'passed' }, { state: 'active' }] });
    expect((await auditOf(`rollout:${id}`)).find((row) => row.action === 'wave.overridden')).toMatchObject({ actor: 'bob', detail: { wave: 1, reason: { reason: expect.stringMatching(/known defect/) } } });
    await world.fleet.tick();
    expect([await wavesAt(id), await statesOf(id, others)]).toEqual([['passed', 'active'], ['offered', 'offered']]);
    const [one] = others;
    if (one) await answer(world, { id, device: one, release }, failure);
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'paused', cause: 'gate' });
    expect(await wavesAt(id)).toEqual(['passed', 'failed']);
  });

  test('advance past the last wave completes the rollout', async () => {
    const [a, release] = [await newDevice(), await newRelease()];
    const id = await start(release, [a]);
    await world.fleet.tick();
    await answer(world, { id, device: a, release }, failure);
    await world.fleet.tick();
    await act(id, { verb: 'advance' });
    await world.fleet.tick();
    expect([(await rolloutAt(id))?.state, await wavesAt(id)]).toEqual(['completed', ['passed']]);
    await tickLater();
    expect(await rolloutAt(id)).toMatchObject({ state: 'completed' });
  });

  test('resume goes on once the failed device is left out', async () => {
    const [devices, release] = [await newDevices(2), await newRelease()];
    const [a, b] = devices;
    if (!a || !b) throw new Error('two devices');
    const id = await start(release, devices);
    await world.fleet.tick();
    await answer(world, { id, device: a, release }, failure);
    await world.fleet.tick();
    expect(await faultOf(act(id, { verb: 'resume' }))).toMatchObject({ code: 'verb-unfit' });
    await act(id, { verb: 'exclude', devices: [a] });
    await act(id, { verb: 'resume' });
    await world.fleet.tick();
    await answer(world, { id, device: b, release });
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'completed' });
  });
});

describe('exclude', () => {
  test('leaves out who waits and who was offered, whose offer is taken back; not who is at work', async () => {
    const [devices, release] = [await newDevices(3), await newRelease()];
    const [a, b, c] = devices;
    if (!a || !b || !c) throw new Error('three devices');
    const id = await start(release, devices, { maxInFlight: 2 });
    await world.fleet.tick();
    await answer(world, { id, device: a, release }, { state: 'verifying' });
    expect(await faultOf(act(id, { verb: 'exclude', devices: [a] }))).toMatchObject({ code: 'verb-unfit', message: expect.stringMatching(/at work/) });
    expect(await act(id, { verb: 'exclude', devices })).toMatchObject({ waves: [{ counts: { verifying: 1, excluded: 2 } }] });
    expect((await world.fleet.desiredOf(b))?.apps).toEqual({});
    expect(await at(id, c)).toMatchObject({ state: 'excluded', reasonCode: 'excluded', reasonText: 'left out by bob' });
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'completed' });
  });
});

describe('abort', () => {
  test('in the middle: offers are taken back, waiting ones left out, work finishes, and what runs stays', async () => {
    const [devices, release] = [await newDevices(4), await newRelease()];
    const [a, b, c, d] = devices;
    if (!a || !b || !c || !d) throw new Error('four devices');
    const id = await start(release, [], { waves: [{ devices: [a] }, { devices: [b, c] }, { devices: [d] }] });
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    await answer(world, { id, device: b, release }, { state: 'soaking' });
    expect(await act(id, { verb: 'abort', remark: 'enough' })).toMatchObject({ state: 'aborting' });
    await world.fleet.tick();
    expect([(await rolloutAt(id))?.state, await statesOf(id, devices)]).toEqual(['aborting', ['proven', 'soaking', 'cancelled', 'cancelled']]);
    expect((await world.fleet.desiredOf(c))?.apps).toEqual({});
    await answer(world, { id, device: b, release });
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'aborted', finishedAt: expect.any(Date), reasonText: 'aborted by bob: enough' });
    for (const one of [a, b]) expect(await assigned(one)).toMatchObject({ releaseId: release.id });
    expect(await faultOf(act(id, { verb: 'roll_back' }))).toMatchObject({ code: 'verb-unfit' });
  });

  test('a device that never finishes is timed out, and the abort ends', async () => {
    const [a, release] = [await newDevice(), await newRelease()];
    const id = await start(release, [a]);
    await world.fleet.tick();
    await answer(world, { id, device: a, release }, { state: 'applying' });
    await act(id, { verb: 'abort' });
    await tickLater();
    expect([(await rolloutAt(id))?.state, (await at(id, a))?.state]).toEqual(['aborted', 'timed_out']);
  });

  test('ends a completed rollout’s hold on those who have not come back', async () => {
    const [a, away, release] = [await newDevice(), await newDevice({ online: false }), await newRelease()];
    const id = await start(release, [a, away]);
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    await act(id, { verb: 'abort' });
    await world.fleet.tick();
    expect([(await rolloutAt(id))?.state, await statesOf(id, [a, away])]).toEqual(['aborted', ['proven', 'cancelled']]);
  });
});

describe('approval', () => {
  const wanted = { state: 'awaiting_approval', createdBy: 'ada' } as const;

  test('by a second person starts it; whoever started it may not', async () => {
    const [a, release] = [await newDevice(), await newRelease()];
    const id = await start(release, [a], { ...wanted, reasonCode: 'approval.second-person' });
    await world.fleet.tick();
    expect((await at(id, a))?.state).toBe('waiting');
    expect(await faultOf(act(id, { verb: 'approve' }, { by: 'ada' }))).toMatchObject({ code: 'forbidden' });
    expect((await preview(id, 'ada')).get('approve')).toMatchObject({ possible: false });
    expect(await act(id, { verb: 'approve' })).toMatchObject({ state: 'running', decidedBy: 'bob' });
    await world.fleet.tick();
    expect((await at(id, a))?.state).toBe('offered');
  });

  test('denied, nobody waits for it any more', async () => {
    const [devices, release] = [await newDevices(3), await newRelease()];
    const id = await start(release, devices, { ...wanted, reasonCode: 'approval.second-person' });
    expect(await act(id, { verb: 'deny', remark: 'not on Friday' }, { by: 'ada' })).toMatchObject({ state: 'denied', decidedBy: 'ada', reason: { reason: 'denied by ada: not on Friday' }, waves: [{ counts: { cancelled: 3 } }] });
    expect(await faultOf(act(id, { verb: 'approve' }))).toMatchObject({ code: 'verb-unfit' });
  });

  test('where nobody of the first wave is covered, it begins by itself once somebody binds', async () => {
    const [a, release] = [await newDevice({ bound: false }), await newRelease()];
    const id = await start(release, [a], { ...wanted, reasonCode: 'approval.uncovered' });
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'awaiting_approval' });
    await bind(a);
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'running', decidedBy: null });
    expect((await at(id, a))?.state).toBe('offered');
    expect((await auditOf(`rollout:${id}`)).at(-1)).toMatchObject({ action: 'rollout.running', detail: { reason: { code: 'approval.covered' } } });
  });

  test('where nobody is covered, whoever started it may let it begin all the same', async () => {
    const [a, release] = [await newDevice({ bound: false }), await newRelease()];
    const id = await start(release, [a], { ...wanted, reasonCode: 'approval.uncovered' });
    await act(id, { verb: 'approve' }, { by: 'ada' });
    await world.fleet.tick();
    expect([(await rolloutAt(id))?.state, (await at(id, a))?.reasonCode]).toEqual(['running', 'capability.unbound']);
  });
});

describe('trust', () => {
  const setState = async (id: string, state: string) => world.fleet.db.update(releaseTable).set({ state, reasonText: 'its key was revoked' }).where(eq(releaseTable.id, id));

  test('a release that is withdrawn or rejected pauses its rollout, and offers are taken back; a person resumes once it is trusted again', async () => {
    const [devices, release] = [await newDevices(2), await newRelease()];
    const id = await start(release, devices, { maxInFlight: 1 });
    await world.fleet.tick();
    await setState(release.id, 'withdrawn');
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'paused', cause: 'trust', reasonCode: 'release-withdrawn' });
    expect(await statesOf(id, devices)).toEqual(['waiting', 'waiting']);
    expect(await faultOf(act(id, { verb: 'resume' }))).toMatchObject({ code: 'verb-unfit' });
    await setState(release.id, 'verified');
    await tickLater();
    expect(await rolloutAt(id)).toMatchObject({ state: 'paused' });
    await act(id, { verb: 'resume' });
    await world.fleet.tick();
    expect(await statesOf(id, devices)).toEqual(['offered', 'waiting']);
  });

  test('a completed rollout that still has devices to come is paused too; one that has none stays', async () => {
    const [a, away, release] = [await newDevice(), await newDevice({ online: false }), await newRelease()];
    const [open, done] = [await start(release, [a, away]), await newDevice()];
    const over = await start(release, [done]);
    await world.fleet.tick();
    await answer(world, { id: open, device: a, release });
    await answer(world, { id: over, device: done, release, ...onDevice(release) });
    await world.fleet.tick();
    await setState(release.id, 'rejected');
    await tickLater();
    expect([(await rolloutAt(open))?.state, (await rolloutAt(over))?.state]).toEqual(['paused', 'completed']);
    await world.fleet.db.update(rollout).set({ nextTickAt: new Date(0) }).where(eq(rollout.id, over));
    await world.fleet.tick();
    expect((await rolloutAt(over))?.state).toBe('completed');
  });
});
