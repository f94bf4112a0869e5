import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asc, eq, inArray, sql } from 'drizzle-orm';
import { AppName } from '@pier/shared/core';
import { openTestDatabase } from '../../../../test/support/postgres.ts';
import { audit, deployment, rollout, wave } from '../../db/index.ts';
import { createRollout } from '../create.ts';
import { forecastRollout } from './forecast.ts';
import { faultOf, planOf, planWorld } from './toy-plan.ts';

let opened: Awaited<ReturnType<typeof openTestDatabase>>;
let world: ReturnType<typeof planWorld>;
beforeAll(async () => {
  opened = await openTestDatabase();
  world = planWorld(opened.db);
}, 120_000);
afterAll(async () => opened[Symbol.asyncDispose](), 60_000);

const start = async (of: Record<string, unknown>, by = 'ada') => createRollout(world.deps, planOf(of), by);
const rolloutAt = async (id: string) => (await world.db.select().from(rollout).where(eq(rollout.id, id)))[0];
const deploymentsOf = async (id: string) => world.db.select().from(deployment).where(eq(deployment.rolloutId, id)).orderBy(asc(deployment.wave), asc(deployment.deviceId));
const stateAt = async (id: string, one: string) => (await deploymentsOf(id)).find((row) => row.deviceId === one);
const wavesOf = async (id: string) => world.db.select().from(wave).where(eq(wave.rolloutId, id)).orderBy(asc(wave.n));
const site = async (name: string, devices: Parameters<typeof world.addDevices>[0]) => world.addDevices(devices.map((one) => ({ ...one, tags: { site: name, ...one.tags } })));

describe('a rollout is stored', () => {
  test('as it was planned: waves, their devices, the first one open, and an audit row', async () => {
    await site('one', ['e', 'a', 'd', 'c', 'b'].map((id) => ({ id: `one-${id}` })));
    const release = await world.addRelease();
    const woken = world.woken.count;
    const id = await start({ release: release.id, selector: 'site=one', waves: [{ take: { by: 'count', count: 1 }, advance: 'manual' }, { take: { by: 'percent', percent: 40 } }], maxInFlight: 3, horizonS: 9, onFailure: 'roll_back' });
    expect(await rolloutAt(id)).toMatchObject({ name: 'blink 1.0.1', state: 'running', reasonCode: null, selector: 'site=one', mode: 'static', maxInFlight: 3, horizonS: 9, onFailure: 'roll_back', revision: 1, createdBy: 'ada' });
    expect(await wavesOf(id)).toMatchObject([
      { n: 1, state: 'active', openedAt: expect.any(Date) as Date, plan: { take: { by: 'count', count: 1 }, advance: 'manual', gate: { successPercent: 100 } } },
      { n: 2, state: 'pending', openedAt: null },
      { n: 3, state: 'pending', openedAt: null, plan: { take: { by: 'rest' } } },
    ]);
    expect((await deploymentsOf(id)).map((row) => [row.deviceId, row.wave, row.state, row.reasonCode])).toEqual([
      ['one-a', 1, 'waiting', null],
      ['one-b', 2, 'waiting', 'rollout.wave-pending'],
      ['one-c', 2, 'waiting', 'rollout.wave-pending'],
      ['one-d', 3, 'waiting', 'rollout.wave-pending'],
      ['one-e', 3, 'waiting', 'rollout.wave-pending'],
    ]);
    const rows = await world.db.select().from(audit).where(eq(audit.object, `rollout:${id}`));
    expect(rows).toMatchObject([{ actor: 'ada', action: 'rollout.created', detail: { release: release.id, devices: 5, waves: [1, 2, 2], selector: 'site=one', superseded: 0 } }]);
    expect(world.woken.count).toBe(woken + 1);
  });

  test('with its name, and once for a device that is listed twice', async () => {
    await site('named', [{ id: 'named-a' }]);
    const id = await start({ release: (await world.addRelease()).id, devices: ['named-a', 'named-a'], name: "Robert'); drop table device; --" });
    expect(await rolloutAt(id)).toMatchObject({ name: "Robert'); drop table device; --", selector: null });
    expect(await deploymentsOf(id)).toHaveLength(1);
  });
});

describe('what is refused leaves nothing behind', () => {
  beforeAll(async () => {
    await site('mixed', [{ id: 'mixed-active' }, { id: 'mixed-pending', state: 'pending' }, { id: 'mixed-revoked', state: 'revoked' }, { id: 'mixed-hand', byHand: true }]);
    await site('gone', [{ id: 'gone-a', state: 'revoked' }, { id: 'gone-b', byHand: true }]);
  });

  const mixed = ['mixed-active'];
  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ['an unknown release', { release: 'rel-none', devices: mixed }, 'not-found', /no release "rel-none"/],
    ['a release whose name no database could hold', { release: 'rel\0', devices: mixed }, 'input-invalid', /U\+0000/],
    ['a name that no database could hold', { name: 'a\0b', devices: mixed }, 'input-invalid', /U\+0000/],
    ['a selector that matches nothing', { selector: 'site=nowhere' }, 'selection-empty', /the selector "site=nowhere" matches no device/],
    ['a selector that matches only what may not be taken', { selector: 'site=gone' }, 'selection-empty', /matches 2 devices, none of which.*: 1 device\.revoked, 1 assigned\.by-hand$/],
    ['a selector that cannot be read', { selector: 'site=' }, 'input-invalid', /character 6/],
    ['a selector with a NUL', { selector: 'site="\0"' }, 'input-invalid', /NUL/],
    ['an empty wave', { devices: mixed, waves: [{ take: { by: 'selector', selector: 'site=nowhere' } }] }, 'selection-empty', /wave 1 is empty/],
    ['an unknown device', { devices: [...mixed, 'nobody', 'nothing'] }, 'not-found', /no device "nobody", "nothing"/],
    ['devices that are not active', { devices: ['mixed-pending', 'mixed-revoked'] }, 'conflict', /"mixed-pending" \(pending\), "mixed-revoked" \(revoked\)/],
    ['a device that a person holds', { devices: ['mixed-hand'] }, 'conflict', /by hand on device "mixed-hand"/],
  ])('%s', async (_, of, code, why) => {
    const release = await world.addRelease();
    const before = await world.db.$count(rollout);
    const plan = { release: release.id, ...of };
    const fault = await faultOf(start(plan));
    expect(fault).toMatchObject({ code, message: expect.stringMatching(why) as string });
    expect(await faultOf(forecastRollout(world.deps, planOf(plan)))).toEqual(fault);
    expect(await world.db.$count(rollout)).toBe(before);
  });

  test.each([['rejected', 'release-unverified'], ['withdrawn', 'release-withdrawn']] as const)('a release that is %s', async (state, code) => {
    const release = await world.addRelease({ state });
    expect(await faultOf(start({ release: release.id, devices: mixed }))).toMatchObject({ code, message: expect.stringContaining(`is ${state}: nobody signed it`) as string });
  });

  test('anything, before there is a policy', async () => {
    const { policy } = world.trust;
    world.trust.policy = undefined;
    expect(await faultOf(start({ release: (await world.addRelease()).id, devices: mixed }))).toMatchObject({ code: 'policy-missing' });
    world.trust.policy = policy;
  });

  test('but a selector takes those that can be taken', async () => {
    const id = await start({ release: (await world.addRelease()).id, selector: 'site=mixed' });
    expect((await deploymentsOf(id)).map((row) => row.deviceId)).toEqual(mixed);
  });
});

describe('older rollouts of the app', () => {
  test.each(['running', 'paused', 'completed', 'awaiting_approval'])('give up the devices that wait in them: %s', async (state) => {
    const one = `old-${state.replace('_', '-')}`;
    await site(one, [{ id: one }, { id: `${one}-done` }]);
    // Ids sort by the time they were made.
    const older = `rollout-0-${one}`;
    await world.addRollout(older, { release: await world.addRelease(), state, deployments: { [one]: 'waiting', [`${one}-done`]: 'proven' } });
    const id = await start({ release: (await world.addRelease()).id, selector: `site=${one}` });
    expect(await stateAt(older, one)).toMatchObject({ state: 'superseded', reasonCode: 'superseded', reasonText: `the newer rollout ${id} took over this device` });
    expect(await stateAt(older, `${one}-done`)).toMatchObject({ state: 'proven' });
    const rows = await world.db.select().from(audit).where(eq(audit.object, `deployment:${older}/${one}`));
    expect(rows).toMatchObject([{ actor: 'ada', action: 'deployment.superseded', detail: { from: 'waiting', attempt: null, reason: { code: 'superseded' } } }]);
  });

  test.each(['offered', 'downloading', 'soaking', 'rolling_back'])('keep a device that is %s', async (state) => {
    const one = `busy-${state.replace('_', '-')}`;
    await site(one, [{ id: one }, { id: `${one}-free` }]);
    await world.addRollout(`rollout-${one}`, { release: await world.addRelease(), state: 'running', deployments: { [one]: state, [`${one}-free`]: 'waiting' } });
    const plan = { release: (await world.addRelease()).id, selector: `site=${one}` };
    expect(await forecastRollout(world.deps, planOf(plan))).toMatchObject({ devices: 2, leftOut: [], wouldWait: [{ code: 'device.busy', count: 1, devices: [one] }] });
    const id = await start(plan);
    expect([(await stateAt(`rollout-${one}`, one))?.state, (await stateAt(id, one))?.state]).toEqual([state, 'waiting']);
    expect([(await stateAt(`rollout-${one}`, `${one}-free`))?.state, (await stateAt(id, `${one}-free`))?.state]).toEqual(['superseded', 'waiting']);
  });

  test('keep a device that they have yet to roll back', async () => {
    await site('back', [{ id: 'back-a' }]);
    await world.addRollout('rollout-back', { release: await world.addRelease(), state: 'rolling_back', deployments: { 'back-a': 'proven' } });
    const plan = { release: (await world.addRelease()).id, devices: ['back-a'] };
    expect(await forecastRollout(world.deps, planOf(plan))).toMatchObject({ devices: 1, wouldWait: [{ code: 'device.busy', count: 1 }] });
    await start(plan);
    expect(await stateAt('rollout-back', 'back-a')).toMatchObject({ state: 'proven' });
  });

  test('of another app do not matter', async () => {
    await site('apart', [{ id: 'apart-a' }]);
    await world.addRollout('rollout-apart', { release: await world.addRelease({ app: AppName.parse('meter') }), state: 'running', deployments: { 'apart-a': 'soaking' } });
    expect(await rolloutAt(await start({ release: (await world.addRelease()).id, devices: ['apart-a'] }))).toMatchObject({ state: 'running' });
    expect(await stateAt('rollout-apart', 'apart-a')).toMatchObject({ state: 'soaking' });
  });

  test('two that come at once: each device waits in one of them only', async () => {
    await site('twice', Array.from({ length: 30 }, (_, n) => ({ id: `twice-${n}` })));
    const [one, two] = [await world.addRelease(), await world.addRelease()];
    const ids = await Promise.all([one, two].map(async (release) => start({ release: release.id, selector: 'site=twice' })));
    const rows = await world.db.select().from(deployment).where(inArray(deployment.rolloutId, ids));
    expect(rows.filter((row) => row.state === 'waiting')).toHaveLength(30);
    expect(rows.filter((row) => row.state === 'superseded')).toHaveLength(30);
    expect(new Set(rows.filter((row) => row.state === 'waiting').map((row) => row.rolloutId)).size).toBe(1);
  });
});

describe('a rollout waits for approval', () => {
  test('when no device of its first wave is covered', async () => {
    await site('unbound', [{ id: 'unbound-a', bindings: null }, { id: 'unbound-b' }]);
    const id = await start({ release: (await world.addRelease()).id, selector: 'site=unbound', waves: [{ take: { by: 'count', count: 1 } }] });
    expect(await rolloutAt(id)).toMatchObject({ state: 'awaiting_approval', reasonCode: 'approval.uncovered', reasonText: expect.stringMatching(/the one device of its first wave does not let.*"led".*capability\.unbound/) as string });
  });

  test('but not when one of them is, or where the policy says nothing', async () => {
    const id = await start({ release: (await world.addRelease()).id, selector: 'site=unbound' });
    expect(await rolloutAt(id)).toMatchObject({ state: 'running', reasonCode: null });
  });

  test('when no scope of the policy covers where it comes from', async () => {
    const id = await start({ release: (await world.addRelease({ repository: 'elsewhere/blink' })).id, selector: 'site=unbound' });
    expect(await rolloutAt(id)).toMatchObject({ state: 'awaiting_approval', reasonCode: 'approval.uncovered', reasonText: expect.stringMatching(/none of the 2 devices.*policy\.scope/) as string });
  });

  test.each([[2, 'running', null], [1, 'awaiting_approval', 'approval.second-person']])('of a second person for 2 devices when the policy says above %i: %s', async (above, state, reasonCode) => {
    const { policy } = world.trust;
    if (!policy) throw new Error('the world has a policy');
    world.trust.policy = { ...policy, approvals: { above } };
    expect(await rolloutAt(await start({ release: (await world.addRelease()).id, selector: 'site=unbound' }))).toMatchObject({ state, reasonCode });
    world.trust.policy = policy;
  });
});

test('ten thousand devices are planned as they were forecast, and the statistics know of them', async () => {
  const names = Array.from({ length: 10_000 }, (_, n) => `large-${String(n).padStart(5, '0')}`);
  await site('large', names.map((id, n) => ({ id, online: n % 10 !== 0, ...(n % 4 === 1 ? { bindings: null } : {}) })));
  const release = await world.addRelease();
  await world.addRollout('rollout-large', { release, state: 'paused', deployments: Object.fromEntries(names.slice(0, 1_000).map((id) => [id, 'waiting'])) });
  const plan = { release: release.id, selector: 'site=large', waves: [{ take: { by: 'count', count: 1 } }, { take: { by: 'percent', percent: 10 } }] };
  const forecast = await forecastRollout(world.deps, planOf(plan));
  expect(forecast).toMatchObject({ devices: 10_000, online: 9_000, bytes: 10_000_000, waves: [{ n: 1, devices: 1 }, { n: 2, devices: 1_000 }, { n: 3, devices: 8_999 }], leftOut: [], needsApproval: null });
  expect(forecast.wouldWait.map(({ code, count }) => [code, count])).toEqual([['capability.unbound', 2_500], ['device.offline', 1_000]]);
  const id = await start(plan);
  const counts = Map.groupBy(await deploymentsOf(id), (row) => row.wave);
  expect([...counts].map(([n, rows]) => ({ n, devices: rows.length }))).toEqual(forecast.waves);
  expect(await stateAt('rollout-large', 'large-00999')).toMatchObject({ state: 'superseded' });
  const { rows } = await world.db.execute(sql`select reltuples::int as rows from pg_class where relname = 'deployment'`);
  expect(rows).toMatchObject([{ rows: expect.any(Number) as number }]);
  expect(Number(rows[0]?.['rows'])).toBeGreaterThanOrEqual(10_000);
}, 120_000);
