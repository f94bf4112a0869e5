import { describe, expect, test } from 'vitest';
import { and, eq, inArray } from 'drizzle-orm';
import type { DeviceId } from '@pier/shared/core';
import { Deployment, Rollout, RolloutPlan } from '@pier/shared/api';
import { openFleet } from '../../../test/support/fleet.ts';
import { checkInvariants, invariants } from '../../../test/support/invariants.ts';
import { assignment, deployment, device, deviceLive, rollout, wave } from '../db/index.ts';
import { answer, faultOf, useRollouts } from '../../../test/support/rollouts.ts';

const world = useRollouts();
const { at, start, newDevice, newDevices, newRelease, act, preview } = world;
const actor = { name: 'ada', role: 'operator' } as const;
const none = { params: undefined, query: undefined, body: undefined, actor };
const get = async (id: string) => world.fleet.handlers.getRollout({ ...none, params: { id } });

describe('what is shown', () => {
  test('one rollout, with its waves, their gates and counts, and what it waits for', async () => {
    const [a, b, away] = [await newDevice(), await newDevice(), await newDevice({ online: false })];
    const release = await newRelease();
    const id = await start(release, [], { name: 'spring', horizonS: 60, waves: [{ devices: [a], gate: { failurePercent: 5 } }, { devices: [b, away] }] });
    await world.fleet.tick();
    expect(Rollout.parse(await get(id))).toMatchObject({
      id, name: 'spring', release: release.id, app: 'blink', version: release.version, digest: release.digest, state: 'running', cause: null, revision: 1, horizonS: 60, createdBy: 'ada', decidedBy: null, finishedAt: null,
      reason: { code: 'gate.proving', reason: 'wave 1: 0 of 1 present devices are proven; 1 not finished yet' },
      waves: [
        { n: 1, state: 'active', total: 1, counts: { offered: 1 }, absent: 0, plan: { gate: { failurePercent: 5, successPercent: 100 } }, openedAt: expect.any(String), passedAt: null },
        { n: 2, state: 'pending', total: 2, counts: { waiting: 2 }, absent: 0, openedAt: null },
      ],
    });
    await answer(world, { id, device: a, release });
    await world.fleet.tick();
    expect(await get(id)).toMatchObject({ revision: 2, waves: [{ state: 'passed', passedAt: expect.any(String) }, { state: 'active', absent: 1, counts: { waiting: 1, offered: 1 } }] });
  });

  test('what was made by the plan is what is shown', async () => {
    const [devices, release] = [await newDevices(3), await newRelease()];
    const body = RolloutPlan.parse({ release: release.id, devices, waves: [{ take: { by: 'count', count: 1 } }] });
    const shown = Rollout.parse(await world.fleet.handlers.createRollout({ ...none, body }));
    expect(shown).toMatchObject({ state: 'running', waves: [{ total: 1, state: 'active' }, { total: 2, state: 'pending' }] });
    await world.fleet.tick();
    expect((await get(shown.id)).waves).toMatchObject([{ counts: { offered: 1 } }, { counts: { waiting: 2 } }]);
  });

  test('rollouts are listed newest first, page by page, each once, also of one app', async () => {
    await start(await newRelease({ name: 'pump' }), [await newDevice()]);
    const idsOf = async (query: { app?: never } | { app: 'pump' }) => {
      const seen: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await world.fleet.handlers.listRollouts({ ...none, query: { limit: 2, ...(query as object), ...(cursor === undefined ? {} : { cursor }) } });
        seen.push(...page.items.map((item) => Rollout.parse(item).id));
        if (page.next === null) return seen;
        cursor = page.next;
      }
    };
    const rows = await world.fleet.db.select().from(rollout);
    expect(await idsOf({})).toEqual(rows.map((row) => row.id).toSorted().toReversed());
    expect(await idsOf({ app: 'pump' })).toEqual(rows.filter((row) => row.app === 'pump').map((row) => row.id));
  });

  test('rollouts are listed by what they bring, and by whether anything is still to come of them', async () => {
    const [release, other] = [await newRelease(), await newRelease()];
    const states = ['running', 'awaiting_approval', 'paused', 'aborting', 'rolling_back', 'completed', 'denied', 'aborted', 'rolled_back'] as const;
    const ids: string[] = [];
    for (const state of states) {
      const id = await start(release, [await newDevice()]);
      await world.fleet.db.update(rollout).set({ state, ...(state === 'paused' ? { cause: 'operator' } : {}) }).where(eq(rollout.id, id));
      ids.push(id);
    }
    const stray = await start(other, [await newDevice()]);
    const list = async (query: { release?: string; live?: boolean; cursor?: string; limit?: number }) => world.fleet.handlers.listRollouts({ ...none, query: { limit: 50, ...query } });
    const idsIn = async (query: Parameters<typeof list>[0]) => (await list(query)).items.map(({ id }) => id);
    expect(await idsIn({ release: release.id })).toEqual(ids.toReversed());
    expect(await idsIn({ release: release.id, live: true })).toEqual(ids.slice(0, 5).toReversed());
    expect(await idsIn({ release: release.id, live: false })).toEqual(ids.slice(5).toReversed());
    expect(await idsIn({ release: other.id, live: true })).toEqual([stray]);
    expect(await idsIn({ release: 'rel-nobody' })).toEqual([]);
    const first = await list({ release: release.id, live: true, limit: 3 });
    const second = await list({ release: release.id, live: true, limit: 3, cursor: first.next ?? '' });
    expect([[...first.items, ...second.items].map(({ id }) => id), second.next]).toEqual([ids.slice(0, 5).toReversed(), null]);
    expect(await faultOf(list({ release: 'a\0b' }))).toMatchObject({ code: 'input-invalid' });
    // They were put into their states by hand, which breaks what must hold.
    for (const table of [deployment, wave]) await world.fleet.db.delete(table).where(inArray(table.rolloutId, ids));
    await world.fleet.db.delete(rollout).where(inArray(rollout.id, ids));
  });

  test('deployments are listed by device, page by page, and by wave and state', async () => {
    const [[a = '', b = '', c = ''], release] = [await newDevices(3), await newRelease()];
    const id = await start(release, [], { waves: [{ devices: [c, a] }, { devices: [b] }] });
    await world.fleet.tick();
    const list = (query: object) => world.fleet.handlers.listDeployments({ ...none, params: { id }, query: { limit: 2, ...query } });
    const first = await list({});
    const second = await list({ cursor: first.next ?? '' });
    expect([[...first.items, ...second.items].map((item) => Deployment.parse(item).device), second.next]).toEqual([[a, b, c], null]);
    expect((await list({ wave: 1 })).items.map((item) => item.device)).toEqual([a, c]);
    expect((await list({ state: 'waiting' })).items).toMatchObject([{ device: b, wave: 2, reason: { code: 'rollout.wave-pending' } }]);
    expect((await list({ state: 'waiting', wave: 1 })).items).toEqual([]);
  });

  test.each(['nothing', 'a\0b', "'; drop table rollout; --"])('a rollout %j is not found', async (id) => {
    const { handlers } = world.fleet;
    const asked = [async () => get(id), async () => handlers.listDeployments({ ...none, params: { id }, query: { limit: 1 } }), async () => handlers.previewRollout({ ...none, params: { id }, query: {} }), async () => handlers.actOnRollout({ ...none, params: { id }, body: { verb: 'pause' }, ifMatch: 1 })];
    for (const one of asked) expect(await faultOf(one())).toMatchObject({ code: 'not-found' });
  });
});

test('a thousand devices pass three waves, more than one batch in the last, and go back', async () => {
  const fleet = world.fleet;
  const ids = Array.from({ length: 1_000 }, (_, n) => `many-${String(n).padStart(5, '0')}`) as DeviceId[];
  const { model, profile } = (await fleet.db.select().from(device).limit(1))[0] ?? { model: '', profile: {} };
  await fleet.db.insert(device).values(ids.map((id) => ({ id, name: id, model, profile, keyId: id })));
  await fleet.db.insert(deviceLive).values(ids.map((id) => ({ deviceId: id, online: true, conn: 'c', agent: '1', gen: 1, boot: 1, seq: 1, rev: 0, lastSeenAt: new Date() })));
  const release = await newRelease({ asks: { gpio: [], serial: [] } as never });
  const id = await start(release, [], { maxInFlight: 10_000, waves: [{ devices: ids.slice(0, 10) }, { devices: ids.slice(10, 300) }, { devices: ids.slice(300) }] });
  for (const [from, to] of [[0, 10], [10, 300], [300, 1_000]] as const) {
    await fleet.tick();
    const wanted = ids.slice(from, to);
    expect((await get(id)).waves.reduce((sum, { counts }) => sum + (counts.offered ?? 0), 0)).toBe(wanted.length);
    await Promise.all(wanted.map(async (one, n) => fleet.say(one, 'reported', { gen: 1, boot: 1, seq: 1 + n, rev: 0, desired: null, policy: 7, apps: { blink: { digest: release.digest, attempt: 1, state: 'proven' } } })));
  }
  await fleet.tick();
  expect(await get(id)).toMatchObject({ state: 'completed', waves: [{ counts: { proven: 10 } }, { counts: { proven: 290 } }, { counts: { proven: 700 } }] });
  expect((await preview(id)).get('roll_back')).toMatchObject({ possible: true, devices: 1_000 });
  await act(id, { verb: 'roll_back' });
  await fleet.tick();
  expect((await get(id)).waves[2]?.counts).toEqual({ rolling_back: 700 });
  expect((await at(id, ids[0] ?? ''))?.state).toBe('proven');
}, 180_000);

test('each of ten thousand devices that are away says so within one tick, in a database that was never analysed', async () => {
  const fleet = world.fleet;
  const ids = Array.from({ length: 10_000 }, (_, n) => `away-${n}`);
  const { model, profile } = (await fleet.db.select().from(device).limit(1))[0] ?? { model: '', profile: {} };
  for (let from = 0; from < ids.length; from += 2_000) await fleet.db.insert(device).values(ids.slice(from, from + 2_000).map((one) => ({ id: one, name: one, model, profile, keyId: one })));
  const id = await start(await newRelease(), [], { waves: [{ devices: ids.slice(0, 6_000) }, { devices: ids.slice(6_000) }] });
  await fleet.tick();
  expect((await get(id)).waves).toMatchObject([{ total: 6_000, absent: 6_000 }, { total: 4_000, absent: 0 }]);
  expect(await fleet.db.$count(deployment, and(eq(deployment.rolloutId, id), eq(deployment.reasonCode, 'rollout.wave-pending')))).toBe(4_000);
}, 180_000);

test('the checks of what must hold find what does not', async () => {
  await using other = await openFleet();
  const [a, b, one] = [await other.addDevice('dock-a'), await other.addDevice('dock-b'), await other.addRelease()];
  const times = { deadlineAt: new Date(0) };
  const row = { releaseId: one.id, app: 'blink', name: 'x', mode: 'static', soakS: 1, deadlineS: 1, onFailure: 'pause', horizonS: 1, createdBy: 'x' };
  await other.db.insert(rollout).values([{ ...row, id: 'r1', state: 'completed', maxInFlight: 1 }, { ...row, id: 'r2', state: 'aborted', maxInFlight: 1, finishedAt: new Date(0) }, { ...row, id: 'r3', state: 'rolling_back', maxInFlight: 1 }]);
  await other.db.insert(wave).values([{ rolloutId: 'r1', n: 1, state: 'failed', plan: {} }, { rolloutId: 'r2', n: 1, state: 'passed', plan: {} }, ...[1, 2].map((n) => ({ rolloutId: 'r3', n, state: 'active', plan: {} }))]);
  await other.db.insert(deployment).values([
    { rolloutId: 'r1', deviceId: a, app: 'blink', wave: 1, state: 'soaking', attempt: 3, ...times },
    { rolloutId: 'r1', deviceId: b, app: 'blink', wave: 1, state: 'soaking', attempt: 3, ...times },
    { rolloutId: 'r2', deviceId: a, app: 'blink', wave: 1, state: 'waiting', ...times },
    { rolloutId: 'r2', deviceId: b, app: 'blink', wave: 2, state: 'rolled_back' },
    { rolloutId: 'r3', deviceId: a, app: 'pump', wave: 1, state: 'rolled_back' },
    { rolloutId: 'r3', deviceId: b, app: 'pump', wave: 2, state: 'proven' },
  ]);
  await other.db.insert(assignment).values({ deviceId: b, app: 'pump', releaseId: one.id, attempt: 1, soakS: 1, setBy: 'x' });
  const broken = (await checkInvariants(other.db)).map((line) => line.split(':')[0]);
  expect(broken).toEqual(expect.arrayContaining([
    'a deployment in flight is what the device is assigned, by no person',
    'a completed rollout has passed all its waves',
    'a rollout that is over has nothing open',
    'a rollout says when it was over, and why it is paused',
    'a wave that failed or no longer holds stops its rollout',
    'a wave that has passed says when',
    'an abort rolls nothing back',
    'every deployment is in a wave of its rollout',
    'every state that a deployment reached has its audit row',
    'every state that a rollout reached has its audit row',
    'no more devices are at work for a rollout than it allows, or allowed when they began',
    'no wave starts before the one before it has passed, by its gate or by a person',
    'the last wave goes back first',
    'what is proven says since when',
    'what waits or is finished has no deadline',
  ]));
  expect(Object.keys(invariants)).toEqual(expect.arrayContaining(broken));
}, 120_000);
