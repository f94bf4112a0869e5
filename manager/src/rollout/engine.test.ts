import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { and, eq } from 'drizzle-orm';
import { type DeviceId, type Log, digestOf, silentLog, systemClock } from '@pier/shared/core';
import { Asks } from '@pier/shared/capability';
import { type Fleet, app, ledBinding, openFleet, presence, reported } from '../../../test/support/fleet.ts';
import { checkInvariants } from '../../../test/support/invariants.ts';
import { assignment, audit, binding, deployment, outbox, release, rollout } from '../db/index.ts';
import { deviceHandlers, lockDevices } from '../device/index.ts';
import { createRollout } from './create.ts';
import { tick } from './engine.ts';
import { rolloutHandlers } from './routes.ts';
import { storeMoves } from './store.ts';

let fleet: Fleet;
let made = 0;
const actor = { name: 'ada', role: 'operator' } as const;
const alarms: object[] = [];
const log: Log = { ...silentLog, error: (fields) => void alarms.push(fields) };

beforeAll(async () => {
  fleet = await openFleet({ log });
}, 120_000);
afterEach(async () => {
  expect(await checkInvariants(fleet.db)).toEqual([]);
  expect(alarms.splice(0)).toEqual([]);
});
afterAll(async () => fleet[Symbol.asyncDispose](), 60_000);

type Place = { readonly online?: boolean; readonly bound?: boolean };

async function newDevice({ online = true, bound = true }: Place = {}): Promise<DeviceId> {
  const id = await fleet.addDevice(`dock-${(made += 1)}`);
  if (online) await fleet.say(id, 'presence', presence({ seq: 1 }));
  if (bound) await bind(id);
  return id;
}

async function bind(id: DeviceId): Promise<void> {
  await deviceHandlers(fleet).putBindings({ params: { device: id, app }, query: undefined, body: ledBinding, actor });
}

const releases = {
  get: async (id: string) => {
    const rows = await fleet.db.select().from(release).where(eq(release.id, id));
    const row = rows[0];
    return row && ({ ...row, reason: row.reasonCode === null ? null : { code: row.reasonCode, reason: row.reasonText ?? '' } } as never);
  },
};
const deps = () => ({ db: fleet.db, clock: fleet.clock, random: Math.random, releases, wake: fleet.wake });
let counter = 100;
const newRelease = async (of: Parameters<Fleet['addRelease']>[0] = {}) => fleet.addRelease({ counter: (counter += 1), ...of });
const start = async (of: { id: string }, devices: DeviceId[], more: { soakS?: number; deadlineS?: number } = {}) => createRollout(deps(), { release: of.id, devices, soakS: 1, deadlineS: 60, ...more }, actor.name);
const at = async (id: string, device: string) => {
  const rows = await fleet.db.select().from(deployment).where(and(eq(deployment.rolloutId, id), eq(deployment.deviceId, device)));
  return rows[0];
};
const stateOf = async (id: string) => (await fleet.db.select().from(rollout).where(eq(rollout.id, id)))[0];
const assigned = async (device: string) => (await fleet.db.select().from(assignment).where(eq(assignment.deviceId, device)))[0];
let seq = 10;
const report = async (device: DeviceId, of: { digest: string; version: string; counter: number }, said: Record<string, unknown>) => fleet.say(device, 'reported', reported({ seq: (seq += 1), apps: { blink: { digest: of.digest, ...said } } }));
const onDevice = (of: { digest: string; version: string; counter: number }) => ({ digest: of.digest, version: of.version, counter: of.counter });

/** A device on which a first release is proven. */
async function proven(): Promise<{ device: DeviceId; first: Awaited<ReturnType<typeof newRelease>> }> {
  const [device, first] = [await newDevice(), await newRelease()];
  const id = await start(first, [device]);
  await fleet.tick();
  await report(device, first, { attempt: (await at(id, device))?.attempt, state: 'proven', lastGood: onDevice(first) });
  await fleet.tick();
  expect((await stateOf(id))?.state).toBe('completed');
  return { device, first };
}

describe('the good road', () => {
  test('an online device that is bound is offered the release, goes on by its reports, and completes the rollout', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered', attempt: 1 });
    expect(await fleet.desiredOf(device)).toMatchObject({ device, policy: 7, apps: { blink: { digest: one.digest, attempt: 1, soakS: 1, bindings: ledBinding } } });
    for (const state of ['accepted', 'downloading', 'verifying', 'applying', 'soaking'] as const) {
      await report(device, one, { attempt: 1, state });
      expect((await at(id, device))?.state).toBe(state);
    }
    const woken = fleet.woken.count;
    await report(device, one, { attempt: 1, state: 'proven', lastGood: onDevice(one) });
    expect(await at(id, device)).toMatchObject({ state: 'proven', deadlineAt: null });
    expect(fleet.woken.count).toBeGreaterThan(woken);
    await fleet.tick();
    expect(await stateOf(id)).toMatchObject({ state: 'completed', reasonCode: null });
    expect(await rolloutHandlers(deps()).getRollout({ params: { id }, query: undefined, body: undefined, actor })).toMatchObject({ state: 'completed', waves: [{ n: 1, state: 'passed', total: 1, counts: { proven: 1 } }] });
  });

  test('each step left its audit row, in order', async () => {
    const { device } = await proven();
    const rows = await fleet.db.select().from(audit).orderBy(audit.id);
    expect(rows.filter((row) => row.object.endsWith(`/${device}`)).map((row) => [row.action, row.actor.split(':')[0]])).toEqual([['deployment.offered', 'rollout'], ['deployment.proven', 'device']]);
  });

  test('one that is proven runs on until the last device is done', async () => {
    const [a, b, one] = [await newDevice(), await newDevice(), await newRelease()];
    const id = await start(one, [a, b]);
    await fleet.tick();
    await report(a, one, { attempt: 1, state: 'proven' });
    await fleet.tick();
    expect((await stateOf(id))?.state).toBe('running');
    await report(b, one, { attempt: 1, state: 'failed', reason: { code: 'guest-trapped', reason: 'unreachable' } });
    await fleet.tick();
    expect(await stateOf(id)).toMatchObject({ state: 'failed', reasonText: 'of 2 devices: 1 failed' });
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
    await fleet.tick();
    await report(device, one, said);
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered' });
  });

  test('a step back, a repeated step and a word after the end change nothing', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await fleet.tick();
    await report(device, one, { attempt: 1, state: 'soaking' });
    const soaking = await at(id, device);
    await report(device, one, { attempt: 1, state: 'downloading' });
    await report(device, one, { attempt: 1, state: 'soaking' });
    expect(await at(id, device)).toEqual(soaking);
    await report(device, one, { attempt: 1, state: 'proven' });
    await report(device, one, { attempt: 1, state: 'failed' });
    expect(await at(id, device)).toMatchObject({ state: 'proven' });
    await fleet.tick();
  });

  test('a replayed report moves nothing twice', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await fleet.tick();
    const message = reported({ boot: 2, seq: 1, apps: { blink: { digest: one.digest, attempt: 1, state: 'refused', reason: { code: 'unsigned', reason: 'x' } } } });
    await fleet.say(device, 'reported', message);
    const [after, rows] = [await at(id, device), (await fleet.db.select().from(audit)).length];
    await fleet.say(device, 'reported', message);
    expect([await at(id, device), (await fleet.db.select().from(audit)).length]).toEqual([after, rows]);
  });

  test('another device’s report moves nobody', async () => {
    const [a, b, one] = [await newDevice(), await newDevice(), await newRelease()];
    const id = await start(one, [a]);
    await fleet.tick();
    await report(b, one, { attempt: 1, state: 'proven' });
    expect(await at(id, a)).toMatchObject({ state: 'offered' });
  });
});

describe('consent', () => {
  test('a device whose label is not bound is not offered, says why, and is offered once it is bound', async () => {
    const [device, one] = [await newDevice({ bound: false }), await newRelease()];
    const id = await start(one, [device]);
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'waiting', attempt: null, reasonCode: 'capability.unbound', reasonText: expect.stringMatching(/"led"/) });
    expect(await fleet.desiredOf(device)).toBeUndefined();
    expect(await assigned(device)).toBeUndefined();
    await bind(device);
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered', reasonCode: null });
  });

  test('an ask that is not required does not hold a device up', async () => {
    const asks = Asks.parse({ gpio: [{ label: 'lamp', mode: 'out', safe: 'inactive', optional: true }] });
    const [device, one] = [await newDevice({ bound: false }), await newRelease({ asks })];
    const id = await start(one, [device]);
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered' });
  });

  test('an app from a repository that no scope covers is not offered', async () => {
    const [device, one] = [await newDevice(), await newRelease({ repository: 'elsewhere.example/blink' })];
    const id = await start(one, [device]);
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'waiting', reasonCode: 'scope-unmatched' });
  });

  test('one device without consent does not keep another one waiting', async () => {
    const [no, yes, one] = [await newDevice({ bound: false }), await newDevice(), await newRelease()];
    const id = await start(one, [no, yes]);
    await fleet.tick();
    expect([(await at(id, no))?.state, (await at(id, yes))?.state]).toEqual(['waiting', 'offered']);
  });
});

describe('who is away', () => {
  test('an offline device waits and says so, and is offered the release once it is back', async () => {
    const [device, one] = [await newDevice({ online: false }), await newRelease()];
    const id = await start(one, [device]);
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'waiting', reasonCode: 'device.offline' });
    expect(await fleet.desiredOf(device)).toBeUndefined();
    await fleet.say(device, 'presence', presence({ seq: 2 }));
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered', reasonCode: null });
  });

  test('the same reason is not written twice', async () => {
    const [device, one] = [await newDevice({ online: false }), await newRelease()];
    const id = await start(one, [device]);
    await fleet.tick();
    const first = await at(id, device);
    fleet.clock.skip(1_000);
    await fleet.tick();
    expect(await at(id, device)).toEqual(first);
  });
});

describe('deadlines', () => {
  test('an offer that nobody takes up is taken back under a new revision and made again under a new attempt', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await fleet.tick();
    const offered = await fleet.desiredOf(device);
    await fleet.say(device, 'presence', { gen: 1, boot: 1, seq: 1, online: false, conn: 'c1' });
    fleet.clock.skip(31_000);
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'waiting', attempt: null, deadlineAt: null });
    const taken = await fleet.desiredOf(device);
    expect(taken?.apps).toEqual({});
    expect(taken?.rev).toBeGreaterThan(offered?.rev ?? 0);
    await report(device, one, { attempt: 1, state: 'proven' });
    expect(await at(id, device)).toMatchObject({ state: 'waiting' });
    await fleet.say(device, 'presence', presence({ boot: 2, seq: 1 }));
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered', attempt: 3 });
  });

  test('an offer that is taken back leaves what runs there assigned', async () => {
    const { device, first } = await proven();
    const second = await newRelease();
    await start(second, [device]);
    await fleet.tick();
    await report(device, first, { running: { ...onDevice(first), restarts: 0, sinceMs: 5 }, lastGood: onDevice(first) });
    await fleet.say(device, 'presence', { gen: 1, boot: 1, seq: 1, online: false, conn: 'c1' });
    fleet.clock.skip(31_000);
    await fleet.tick();
    expect(await assigned(device)).toMatchObject({ releaseId: first.id, attempt: 3 });
  });

  test('work that takes too long is timed out for good, and its assignment stays', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device], { deadlineS: 60 });
    await fleet.tick();
    await report(device, one, { attempt: 1, state: 'downloading' });
    fleet.clock.skip(20_000);
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'downloading' });
    fleet.clock.skip(41_000);
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'timed_out', reasonCode: 'timed-out', reasonText: expect.stringMatching(/downloading/) });
    expect(await stateOf(id)).toMatchObject({ state: 'failed' });
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
    await fleet.tick();
    expect(await assigned(device)).toMatchObject({ releaseId: second.id, attempt: 2 });
    await report(device, second, { attempt: 2, state, reason: { code: 'digest-mismatch', reason: 'x' }, lastGood: onDevice(first) });
    expect(await at(id, device)).toMatchObject({ state, reasonCode: 'digest-mismatch', attempt: 2 });
    expect(await assigned(device)).toMatchObject({ releaseId: first.id, attempt: 3 });
    expect(await fleet.desiredOf(device)).toMatchObject({ apps: { blink: { digest: first.digest, attempt: 3 } } });
    await fleet.tick();
    expect(await stateOf(id)).toMatchObject({ state: 'failed' });
  });

  test('a last good release that this manager does not know, or did not verify, is not gone back to', async () => {
    const bad = await newRelease({ state: 'rejected' });
    for (const digest of [digestOf('unheard of'), bad.digest]) {
      const [device, one] = [await newDevice(), await newRelease()];
      await start(one, [device]);
      await fleet.tick();
      await report(device, one, { attempt: 1, state: 'failed', lastGood: { digest, version: '1', counter: 1 } });
      expect(await assigned(device)).toMatchObject({ releaseId: one.id, attempt: 1 });
    }
  });
});

describe('several at once', () => {
  test('two ticks on two connections offer each device once', async () => {
    const [a, b, c, one] = [await newDevice(), await newDevice(), await newDevice(), await newRelease()];
    const id = await start(one, [a, b, c]);
    await Promise.all([fleet.tick(), fleet.tick(), fleet.tick()]);
    for (const device of [a, b, c]) expect(await at(id, device)).toMatchObject({ state: 'offered', attempt: 1 });
    const documents = (await fleet.db.select().from(outbox)).filter((row) => [a, b, c].some((device) => row.topic.includes(`/${device}/`)));
    expect(documents).toHaveLength(3);
  });

  test('ticks, reports, bindings and new rollouts at the same time end in order, without a deadlock', async () => {
    const devices = await Promise.all(Array.from({ length: 8 }, async () => newDevice()));
    const [one, two] = [await newRelease(), await newRelease()];
    const id = await start(one, devices);
    await Promise.all([
      fleet.tick(),
      fleet.tick(),
      ...devices.map(async (device) => bind(device)),
      ...devices.map(async (device) => report(device, one, { attempt: 1, state: 'soaking' })),
      start(two, devices).catch(() => undefined),
      fleet.tick(),
    ]);
    await fleet.tick();
    const states = await Promise.all(devices.map(async (device) => (await at(id, device))?.state));
    expect(states.filter((state) => state === 'waiting')).toEqual([]);
  });

  test('an offer waits for whoever changes the device, and is judged by what is bound then', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    let later: Promise<void> = Promise.resolve();
    await fleet.db.transaction(async (tx) => {
      await lockDevices(tx, [device]);
      await tx.delete(binding).where(eq(binding.deviceId, device));
      later = fleet.tick();
      await systemClock.sleep(200);
    });
    await later;
    expect(await at(id, device)).toMatchObject({ state: 'waiting', reasonCode: 'capability.unbound' });
  });

  test('an offer is not taken back when the device took it up at the last moment', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await fleet.tick();
    fleet.clock.skip(31_000);
    const offered = await at(id, device);
    if (!offered) throw new Error('it was offered');
    let later: Promise<void> = Promise.resolve();
    await fleet.db.transaction(async (tx) => {
      await lockDevices(tx, [device]);
      await storeMoves(tx, [{ from: offered, to: 'soaking', attempt: offered.attempt, reason: null, deadlineAt: new Date(fleet.clock.nowMs() + 60_000), actor: `device:${device}` }], fleet.clock.nowMs());
      later = fleet.tick();
      await systemClock.sleep(200);
    });
    await later;
    expect(await at(id, device)).toMatchObject({ state: 'soaking', attempt: 1 });
  });

  test('a rollout that another replica works on is left to it', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await fleet.db.transaction(async (tx) => {
      await tx.select().from(rollout).where(eq(rollout.id, id)).for('update');
      await fleet.tick();
    });
    expect(await at(id, device)).toMatchObject({ state: 'waiting' });
    await fleet.tick();
    expect(await at(id, device)).toMatchObject({ state: 'offered' });
  });

  test('a beat leaves a rollout that was looked at just now, a wake-up does not', async () => {
    const [device, one] = [await newDevice({ online: false }), await newRelease()];
    const id = await start(one, [device]);
    await fleet.tick();
    await fleet.say(device, 'presence', presence({ seq: 2 }));
    await fleet.db.update(rollout).set({ nextTickAt: new Date(fleet.clock.nowMs() + 3_600_000) }).where(eq(rollout.id, id));
    await fleet.tick(false);
    expect(await at(id, device)).toMatchObject({ state: 'waiting' });
    await fleet.tick(true);
    expect(await at(id, device)).toMatchObject({ state: 'offered' });
  });
});

describe('trust', () => {
  test('a release that is no longer verified pauses its rollout, with the reason', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await fleet.db.update(release).set({ state: 'rejected', reasonText: 'its key was revoked' }).where(eq(release.id, one.id));
    await fleet.tick();
    expect(await stateOf(id)).toMatchObject({ state: 'paused', reasonCode: 'release-unverified', reasonText: 'its key was revoked' });
    expect(await at(id, device)).toMatchObject({ state: 'waiting' });
  });

  test('without a policy nothing is offered', async () => {
    const [device, one] = [await newDevice(), await newRelease()];
    const id = await start(one, [device]);
    await tick({ ...fleet.engine, policies: { policyInForce: async () => undefined } }, { all: true });
    expect(await at(id, device)).toMatchObject({ state: 'waiting' });
  });
});
