import { describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { app, ledBinding, presence } from '../../../test/support/fleet.ts';
import { assignment, deployment, device, deviceState } from '../db/index.ts';
import { answer, failure, onDevice, useRollouts } from '../../../test/support/rollouts.ts';

const world = useRollouts();
const { at, rolloutAt, wavesAt, statesOf, start, report, newDevice, newDevices, newRelease, goOffline, comeBack, bind, assigned, auditOf, tickLater } = world;

describe('waves', () => {
  test('open one after another, each in the tick in which the one before has proved itself', async () => {
    const [[a = '', b = '', c = '', d = ''], release] = [await newDevices(4), await newRelease()];
    const id = await start(release, [], { waves: [{ devices: [a] }, { devices: [b, c] }, { devices: [d] }] });
    await world.fleet.tick();
    expect(await statesOf(id, [a, b, c, d])).toEqual(['offered', 'waiting', 'waiting', 'waiting']);
    expect(await at(id, b)).toMatchObject({ reasonCode: 'rollout.wave-pending' });
    await answer(world, { id, device: a as never, release }, { state: 'soaking' });
    await world.fleet.tick();
    expect(await wavesAt(id)).toEqual(['soaking', 'pending', 'pending']);
    await answer(world, { id, device: a as never, release });
    await world.fleet.tick();
    expect([await wavesAt(id), await statesOf(id, [a, b, c, d])]).toEqual([['passed', 'active', 'pending'], ['proven', 'offered', 'offered', 'waiting']]);
    for (const one of [b, c]) await answer(world, { id, device: one as never, release });
    await world.fleet.tick();
    await answer(world, { id, device: d as never, release });
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'completed', finishedAt: expect.any(Date) });
    expect((await auditOf(`rollout:${id}`)).map((row) => row.action)).toEqual(['rollout.created', 'wave.soaking', 'wave.passed', 'wave.active', 'wave.passed', 'wave.active', 'wave.passed', 'rollout.completed']);
  });

  test('a canary that fails stops the rollout, and nobody else is touched', async () => {
    const [good, release] = [await newRelease(), await newRelease()];
    const [canary, ...others] = [await newDevice({ lastGood: good }), ...(await newDevices(3))];
    const id = await start(release, [], { waves: [{ devices: [canary] }, { devices: others }] });
    await world.fleet.tick();
    await answer(world, { id, device: canary, release }, { ...failure, lastGood: onDevice(good) });
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'paused', cause: 'gate', reasonCode: 'gate.failures', revision: 2 });
    expect(await wavesAt(id)).toEqual(['failed', 'pending']);
    await tickLater();
    expect(await statesOf(id, others)).toEqual(['waiting', 'waiting', 'waiting']);
    for (const one of others) expect([await assigned(one), await world.fleet.desiredOf(one)]).toEqual([undefined, undefined]);
    expect(await assigned(canary)).toMatchObject({ releaseId: good.id, attempt: 2 });
  });

  test('a failure takes back the offers that others of its wave have not taken up, and leaves those at work', async () => {
    const [[a, b, c], release] = [await newDevices(3), await newRelease()];
    if (!a || !b || !c) throw new Error('three devices');
    const id = await start(release, [a, b, c]);
    await world.fleet.tick();
    await answer(world, { id, device: b, release }, { state: 'downloading' });
    await answer(world, { id, device: a, release }, failure);
    await world.fleet.tick();
    expect(await statesOf(id, [a, b, c])).toEqual(['failed', 'downloading', 'waiting']);
    expect((await world.fleet.desiredOf(c))?.apps).toEqual({});
    await answer(world, { id, device: b, release });
    expect(await at(id, b)).toMatchObject({ state: 'proven' });
  });

  test('the room that a failure leaves is given to nobody when it closes the gate: the next device never hears of the release', async () => {
    const [[a, b], release] = [await newDevices(2), await newRelease()];
    if (!a || !b) throw new Error('two devices');
    const id = await start(release, [a, b], { maxInFlight: 1 });
    await world.fleet.tick();
    const [first, next] = (await statesOf(id, [a]))[0] === 'offered' ? [a, b] : [b, a];
    await answer(world, { id, device: first, release }, failure);
    await world.fleet.tick();
    expect([(await rolloutAt(id))?.state, await statesOf(id, [next])]).toEqual(['paused', ['waiting']]);
    expect([await assigned(next), await world.fleet.desiredOf(next)]).toEqual([undefined, undefined]);
  });

  test('failures within the gate are borne', async () => {
    const [devices, release] = [await newDevices(4), await newRelease()];
    const id = await start(release, [], { waves: [{ devices, gate: { failurePercent: 25, successPercent: 75, failureSampleMin: 4 } }] });
    await world.fleet.tick();
    const [bad, ...good] = devices;
    if (bad) await answer(world, { id, device: bad, release }, failure);
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'running' });
    for (const one of good) await answer(world, { id, device: one, release });
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'completed' });
  });

  test('have their own soak where they say so', async () => {
    const [[a = '', b = ''], release] = [await newDevices(2), await newRelease()];
    const id = await start(release, [], { soakS: 60, waves: [{ devices: [a], soakS: 5 }, { devices: [b] }] });
    await world.fleet.tick();
    expect(await assigned(a)).toMatchObject({ soakS: 5 });
    await answer(world, { id, device: a as never, release });
    await world.fleet.tick();
    expect(await assigned(b)).toMatchObject({ soakS: 60 });
  });

  test('a manual wave waits for a person to open the next', async () => {
    const [[a = '', b = ''], release] = [await newDevices(2), await newRelease()];
    const id = await start(release, [], { waves: [{ devices: [a], advance: 'manual' }, { devices: [b] }] });
    await world.fleet.tick();
    await answer(world, { id, device: a as never, release });
    await tickLater();
    expect([await wavesAt(id), (await at(id, b))?.state]).toEqual([['passed', 'pending'], 'waiting']);
    expect(await world.act(id, { verb: 'advance' })).toMatchObject({ state: 'running', waves: [{ state: 'passed' }, { state: 'active' }] });
    await world.fleet.tick();
    expect(await at(id, b)).toMatchObject({ state: 'offered' });
    expect((await auditOf(`rollout:${id}`)).filter((row) => row.action === 'wave.overridden')).toEqual([]);
  });
});

describe('who is absent', () => {
  test('does not hold its wave up, and is served on its return though its wave has passed', async () => {
    const [a, away, later, release] = [await newDevice(), await newDevice({ online: false }), await newDevice(), await newRelease()];
    const id = await start(release, [], { waves: [{ devices: [a, away] }, { devices: [later] }] });
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    expect([await wavesAt(id), await statesOf(id, [a, away, later])]).toEqual([['passed', 'active'], ['proven', 'waiting', 'offered']]);
    await comeBack(away);
    await world.fleet.tick();
    expect(await at(id, away)).toMatchObject({ state: 'offered' });
    expect((await world.fleet.handlers.getRollout({ params: { id }, query: undefined, body: undefined, actor: { name: 'ada', role: 'viewer' } })).waves).toMatchObject([{ total: 2, absent: 0, counts: { proven: 1, offered: 1 } }, { total: 1 }]);
  });

  test('is served also when the rollout has completed without it', async () => {
    const [a, away, release] = [await newDevice(), await newDevice({ online: false }), await newRelease()];
    const id = await start(release, [a, away]);
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    expect([(await rolloutAt(id))?.state, (await at(id, away))?.reasonCode]).toEqual(['completed', 'device.offline']);
    await comeBack(away);
    await tickLater(3_000);
    expect(await at(id, away)).toMatchObject({ state: 'offered' });
    await answer(world, { id, device: away, release });
    await tickLater();
    expect([(await rolloutAt(id))?.state, await statesOf(id, [a, away])]).toEqual(['completed', ['proven', 'proven']]);
  });

  test('a wave with too many of them waits, and goes on by itself when they return', async () => {
    const [a, x, y, release] = [await newDevice(), await newDevice({ online: false }), await newDevice({ online: false }), await newRelease()];
    const id = await start(release, [a, x, y]);
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    expect(await wavesAt(id)).toEqual(['active']);
    const shown = await world.fleet.handlers.getRollout({ params: { id }, query: undefined, body: undefined, actor: { name: 'ada', role: 'viewer' } });
    expect(shown).toMatchObject({ state: 'running', reason: { code: 'gate.absent' }, waves: [{ absent: 2 }] });
    await comeBack(x);
    await world.fleet.tick();
    await answer(world, { id, device: x, release });
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'completed' });
  });

  test.each([
    ['a person at the device holds the app', 'app.held', async (id: string) => world.fleet.say(id as never, 'reported', { gen: 1, boot: 1, seq: 900, rev: 0, desired: null, policy: 7, apps: { blink: { hold: { kind: 'stopped', by: 'eve', forS: 60 } } } })],
    ['a person assigned the app', 'assigned.by-hand', async (id: string) => void (await world.fleet.db.insert(assignment).values({ deviceId: id, app: 'blink', releaseId: null, attempt: 1, soakS: 1, setBy: 'eve', byHand: true }))],
  ])('is one where %s: it waits, and is served when that ends', async (_, code, hold) => {
    const [one, release] = [await newDevice(), await newRelease()];
    await hold(one);
    const id = await start(release, [one]);
    await world.fleet.tick();
    expect(await at(id, one)).toMatchObject({ state: 'waiting', reasonCode: code });
    await world.fleet.db.update(deviceState).set({ reported: null }).where(eq(deviceState.deviceId, one));
    await world.fleet.db.update(assignment).set({ byHand: false }).where(eq(assignment.deviceId, one));
    await world.fleet.tick();
    expect(await at(id, one)).toMatchObject({ state: 'offered', reasonCode: null });
  });

  test('a device that is revoked waits as one that is away', async () => {
    const [one, release] = [await newDevice(), await newRelease()];
    await world.fleet.db.update(device).set({ state: 'revoked' }).where(eq(device.id, one));
    const id = await start(release, [one]);
    await world.fleet.tick();
    expect(await at(id, one)).toMatchObject({ state: 'waiting', reasonCode: 'device.offline' });
  });

  test('a device at work for another rollout of the app waits for it, and is present', async () => {
    const [one, older, newer] = [await newDevice(), await newRelease(), await newRelease()];
    const first = await start(older, [one]);
    await world.fleet.tick();
    const second = await start(newer, [one]);
    await world.fleet.tick();
    expect(await at(second, one)).toMatchObject({ state: 'waiting', reasonCode: 'device.busy' });
    await answer(world, { id: first, device: one, release: older });
    await world.fleet.tick();
    expect(await at(second, one)).toMatchObject({ state: 'offered', fromDigest: older.digest });
  });

  test('one that another rollout has yet to roll back waits until it is back, and is offered then', async () => {
    const [before, bad, good] = [await newRelease(), await newRelease(), await newRelease()];
    const [a, b] = await newDevices(2, { lastGood: before });
    if (!a || !b) throw new Error('two devices');
    const older = await start(bad, [], { waves: [{ devices: [a] }, { devices: [b] }] });
    for (const one of [a, b]) {
      await world.fleet.tick();
      await answer(world, { id: older, device: one, release: bad });
    }
    await world.fleet.tick();
    await world.act(older, { verb: 'roll_back' });
    const newer = await start(good, [a, b], { maxInFlight: 500 });
    for (const one of [b, a]) {
      await tickLater(2_000);
      expect([await statesOf(older, [one]), await statesOf(newer, [one]), (await at(newer, one))?.reasonCode]).toEqual([['rolling_back'], ['waiting'], 'device.busy']);
      await report(one, before, { attempt: (await at(older, one))?.attempt, state: 'proven', lastGood: onDevice(before) });
    }
    await tickLater(2_000);
    expect(await statesOf(newer, [a, b])).toEqual(['offered', 'offered']);
    expect(await statesOf(older, [a, b])).toEqual(['rolled_back', 'rolled_back']);
  });

  test('an offer that nobody takes up is not offered again where a newer rollout has the device', async () => {
    const [one, older, newer] = [await newDevice(), await newRelease(), await newRelease()];
    const first = await start(older, [one]);
    await world.fleet.tick();
    const second = await start(newer, [one]);
    await tickLater(31_000);
    expect(await at(first, one)).toMatchObject({ state: 'superseded' });
    await world.fleet.tick();
    expect(await at(second, one)).toMatchObject({ state: 'offered' });
  });
});

describe('who does not answer though it is online', () => {
  test('is left in peace for longer each time', async () => {
    const [one, release] = [await newDevice(), await newRelease()];
    const id = await start(release, [one]);
    await world.fleet.tick();
    await tickLater(31_000);
    expect(await at(id, one)).toMatchObject({ state: 'waiting', reasonCode: 'device.silent', offers: 1 });
    await tickLater(15_000);
    expect(await at(id, one)).toMatchObject({ state: 'waiting' });
    await tickLater(16_000);
    expect(await at(id, one)).toMatchObject({ state: 'offered', offers: 1 });
    await tickLater(31_000);
    await tickLater(31_000);
    expect(await at(id, one)).toMatchObject({ state: 'waiting', offers: 2 });
    await tickLater(30_000);
    expect(await at(id, one)).toMatchObject({ state: 'offered' });
  });

  test('is offered at once when it was offline and is back', async () => {
    const [one, release] = [await newDevice(), await newRelease()];
    const id = await start(release, [one]);
    await world.fleet.tick();
    await tickLater(31_000);
    await goOffline(one);
    await world.fleet.tick();
    expect(await at(id, one)).toMatchObject({ reasonCode: 'device.offline', offers: 0, retryAt: null });
    await comeBack(one);
    await world.fleet.tick();
    expect(await at(id, one)).toMatchObject({ state: 'offered' });
  });
});

describe('the limit of devices at work', () => {
  test('is exact, says so to those that wait, and moves on as devices finish', async () => {
    const [devices, release] = [await newDevices(5), await newRelease()];
    const id = await start(release, devices, { maxInFlight: 2 });
    await Promise.all([world.fleet.tick(), world.fleet.tick(), world.fleet.tick()]);
    expect((await statesOf(id, devices)).filter((state) => state === 'offered')).toHaveLength(2);
    expect((await at(id, devices[4] ?? ''))?.reasonCode).toBe('rollout.capacity');
    const first = devices[0];
    if (first) await answer(world, { id, device: first, release });
    await Promise.all([world.fleet.tick(), world.fleet.tick()]);
    expect(await statesOf(id, devices)).toEqual(['proven', 'offered', 'offered', 'waiting', 'waiting']);
  });

  test('devices without consent take no room', async () => {
    const [unbound, bound, release] = [await newDevice({ bound: false }), await newDevice(), await newRelease()];
    const id = await start(release, [unbound, bound], { maxInFlight: 1 });
    await world.fleet.tick();
    expect(await statesOf(id, [unbound, bound])).toEqual(['waiting', 'offered']);
  });

  test('a lower limit takes nothing away from who is at work', async () => {
    const [devices, release] = [await newDevices(3), await newRelease()];
    const id = await start(release, devices, { maxInFlight: 2 });
    await world.fleet.tick();
    expect(await world.act(id, { verb: 'set_cap', maxInFlight: 1 })).toMatchObject({ maxInFlight: 1 });
    for (const one of devices.slice(0, 1)) await answer(world, { id, device: one, release });
    await world.fleet.tick();
    expect(await statesOf(id, devices)).toEqual(['proven', 'offered', 'waiting']);
    await world.act(id, { verb: 'set_cap', maxInFlight: 9 });
    await world.fleet.tick();
    expect(await statesOf(id, devices)).toEqual(['proven', 'offered', 'offered']);
  });
});

describe('a device whose document would not fit into a message', () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`folder-${n}`, { kind: 'storage', maxBytes: 1_000_000 }]));

  test('waits and says so, counts as absent, and takes no other’s place', async () => {
    const [[full, a, b], release] = [await newDevices(3), await newRelease()];
    if (!full || !a || !b) throw new Error('three devices');
    await world.fleet.bind(full, app, { ...ledBinding, ...many });
    const id = await start(release, [full, a, b], { maxInFlight: 1 });
    for (const next of [a, b]) {
      await world.fleet.tick();
      expect(await statesOf(id, [full, next])).toEqual(['waiting', 'offered']);
      await answer(world, { id, device: next, release });
    }
    await tickLater();
    expect(await at(id, full)).toMatchObject({ state: 'waiting', attempt: null, reasonCode: 'device.document-too-large' });
    expect([(await rolloutAt(id))?.state, await assigned(full)]).toEqual(['completed', undefined]);
    await bind(full);
    await tickLater();
    expect(await at(id, full)).toMatchObject({ state: 'offered', reasonCode: null });
  });

  test('is left out of a roll back, and an offer to it is taken back all the same', async () => {
    const [before, release] = [await newRelease(), await newRelease()];
    const [a, b] = await newDevices(2, { lastGood: before });
    if (!a || !b) throw new Error('two devices');
    const id = await start(release, [], { waves: [{ devices: [a] }, { devices: [b] }] });
    await world.fleet.tick();
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    expect(await statesOf(id, [a, b])).toEqual(['proven', 'offered']);
    for (const one of [a, b]) await world.fleet.bind(one, app, { ...ledBinding, ...many });
    await world.act(id, { verb: 'roll_back' });
    await world.fleet.tick();
    expect([(await rolloutAt(id))?.state, await statesOf(id, [a, b])]).toEqual(['rolled_back', ['excluded', 'cancelled']]);
    expect((await at(id, a))?.reasonCode).toBe('device.document-too-large');
    expect(await assigned(b)).toMatchObject({ releaseId: null });
    // Bound past the manager: what desired says of it is not left for the invariants.
    for (const one of [a, b]) await bind(one);
  });
});

test('a rollout whose devices were all taken over is over', async () => {
  const [one, release] = [await newDevice({ online: false }), await newRelease()];
  const id = await start(release, [one]);
  await world.act(id, { verb: 'exclude', devices: [one], remark: 'broken' });
  await world.fleet.tick();
  expect(await rolloutAt(id)).toMatchObject({ state: 'aborted', reasonCode: 'superseded' });
});

test('a tick that is repeated, and a report that is repeated, change nothing', async () => {
  const [[a, b], release] = [await newDevices(2), await newRelease()];
  if (!a || !b) throw new Error('two devices');
  const id = await start(release, [], { waves: [{ devices: [a] }, { devices: [b] }] });
  await world.fleet.tick();
  const message = { gen: 1, boot: 3, seq: 1, rev: 0, desired: null, policy: 7, apps: { blink: { digest: release.digest, attempt: 1, state: 'proven' } } };
  await world.fleet.say(a, 'reported', message);
  await world.fleet.tick();
  const look = async () => [await rolloutAt(id), await world.fleet.db.select().from(deployment).where(eq(deployment.rolloutId, id)), (await auditOf(`rollout:${id}`)).length];
  const before = await look();
  await world.fleet.say(a, 'reported', message);
  await world.fleet.say(b, 'presence', presence({ seq: 1 }));
  await world.fleet.tick();
  const [now, ...rest] = await look();
  expect([{ ...(now as object), nextTickAt: 0 }, ...rest]).toEqual([{ ...(before[0] as object), nextTickAt: 0 }, ...before.slice(1)]);
});

test('reports of many devices at once move each its own', async () => {
  const [devices, release] = [await newDevices(6), await newRelease()];
  const id = await start(release, devices);
  await world.fleet.tick();
  await Promise.all(devices.map(async (one, n) => report(one, release, { attempt: 1, state: n % 2 ? 'soaking' : 'downloading' })));
  expect(await statesOf(id, devices)).toEqual(['downloading', 'soaking', 'downloading', 'soaking', 'downloading', 'soaking']);
});
