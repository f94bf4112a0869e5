/** What comes late: a release that was proven and fails after its soak, and devices that match a rollout after its start. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeviceId } from '@pier/shared/core';
import { trappingGuest } from '../support/guests.ts';
import { type World, deploymentIn, led, openWorld, rolloutIn, until } from '../support/world.ts';

let world: World;
let quay: DeviceId;
let mill: DeviceId;

const forEver = 3_600_000;
/** Longer than any soak here, also on a busy machine: it is proven, and traps then. */
const lateMs = 2_000;
/** One app for a rollout that has ended when it fails, one for a rollout that has not: they wear out side by side. */
const apps = { over: led, underway: { ...led, line: 22 } } as const;

beforeAll(async () => {
  world = await openWorld();
  [{ device: quay }, { device: mill }] = await Promise.all([world.addDevice('quay', { tags: { site: 'quay' } }), world.addDevice('mill', { tags: { site: 'mill' } })]);
  for (const [app, line] of Object.entries(apps)) for (const device of [quay, mill]) await world.bind(device, app, { led: line });
});
afterAll(() => world[Symbol.asyncDispose]());

const appOn = async (device: DeviceId, app: string) => Object.entries((await world.look(device)).reported?.apps ?? {}).find(([name]) => name === app)?.[1];
const push = async (app: string, counter: number, afterMs: number) => world.push({ app, version: `1.0.${counter}`, counter, ...(await trappingGuest(afterMs)) });

describe('a release that was proven and then traps again and again', () => {
  let ended: string;
  let underway: string;

  beforeAll(async () => {
    for (const app of Object.keys(apps)) await rolloutIn(world, await world.rollOutTo(await push(app, 1, forEver), { devices: [quay, mill], soakS: 0 }), ['completed']);
    ended = await world.rollOutTo(await push('over', 2, lateMs), { devices: [quay], soakS: 0 });
    underway = await world.rollOutTo(await push('underway', 2, lateMs), { devices: [quay, mill], soakS: 0, waves: [{ take: { by: 'selector', selector: 'site=quay' }, advance: 'manual' }] });
    await deploymentIn(world, { device: quay, rollout: underway, states: ['proven', 'failed'] });
  });

  test('had completed its rollout, which its gate opens and pauses again', async () => {
    expect(await rolloutIn(world, ended, ['paused'], 120_000)).toMatchObject({ cause: 'gate', reason: { reason: expect.stringContaining('1 of 1') }, waves: [{ n: 1, state: 'reopened', counts: { failed: 1 } }] });
    const { items } = await world.api.call('listAudit', { query: { object: `rollout:${ended}`, limit: 100 } });
    // Of a soak of no time the engine tells only where it looks in the middle of it.
    expect(items.toReversed().map(({ action }) => action).filter((action) => action !== 'wave.soaking')).toEqual(['rollout.created', 'wave.passed', 'rollout.completed', 'wave.reopened', 'rollout.paused']);
  });

  test('reopens the wave of a rollout that is underway; the next wave gets nothing, and cannot be had by resuming', async () => {
    const seen = await rolloutIn(world, underway, ['paused'], 120_000);
    expect(seen).toMatchObject({ cause: 'gate', waves: [{ n: 1, state: 'reopened', counts: { failed: 1 } }, { n: 2, state: 'pending', counts: { waiting: 1 } }] });
    await expect(world.api.call('actOnRollout', { params: { id: underway }, ifMatch: seen.revision, body: { verb: 'resume' } })).rejects.toMatchObject({ code: 'verb-unfit' });
    const { items } = await world.api.call('listAudit', { query: { object: `deployment:${underway}/${mill}` } });
    expect(items).toEqual([]);
    expect(await appOn(mill, 'underway')).toMatchObject({ running: { version: '1.0.1', restarts: 0 } });
  });

  test('has failed for its own reason, after five ends that are told, and the device is back on the one before', async () => {
    for (const app of Object.keys(apps)) {
      const seen = await until(`${app} back on 1.0.1`, async () => {
        const now = await appOn(quay, app);
        return now?.running?.version === '1.0.1' ? now : undefined;
      });
      expect(seen).toMatchObject({ lastGood: { version: '1.0.1' } });
      // Events come beside what is reported, and may come after it.
      const told = async () => (await world.api.call('listEvents', { params: { device: quay }, query: { app, limit: 500 } })).items.map(({ type }) => type).filter((type) => type === 'app.trapped' || type === 'app.rolled-back');
      await expect.poll(told, { timeout: 60_000 }).toHaveLength(6);
      expect((await told()).filter((type) => type === 'app.rolled-back')).toHaveLength(1);
    }
    const { items } = await world.api.call('whyDevice', { params: { device: quay }, query: { app: 'over' } });
    expect(items).toMatchObject([{ code: 'app.regressed', running: '1.0.1', updated: false }]);
  });

  test('each state is told once: proven, then failed', async () => {
    const { items } = await world.api.call('listAudit', { query: { object: `deployment:${ended}/${quay}`, limit: 100 } });
    const steps = items.toReversed().map((one) => one.action.replace('deployment.', ''));
    expect(steps.filter((one) => one === 'proven' || one === 'failed')).toEqual(['proven', 'failed']);
  });
});

describe('a dynamic rollout', () => {
  let rollout: string;

  beforeAll(async () => {
    rollout = await world.rollOutTo(await push('over', 3, forEver), { selector: 'site=quay', mode: 'dynamic', soakS: 0 });
    await rolloutIn(world, rollout, ['completed']);
  });

  test('takes a device that is enrolled after it has completed, once its line is bound, and nobody whom it does not select', async () => {
    const { device } = await world.enrol({ name: 'late', token: await world.token({ tags: { site: 'quay' } }) });
    expect(await deploymentIn(world, { device, rollout, states: ['waiting'] })).toMatchObject({ wave: 1, state: 'waiting' });
    await world.bind(device, 'over', { led });
    await deploymentIn(world, { device, rollout, states: ['proven'] });
    await expect.poll(() => world.api.call('getRollout', { params: { id: rollout } }), { timeout: 60_000 }).toMatchObject({ state: 'completed', waves: [{ total: 2, counts: { proven: 2 } }] });
    expect((await world.look(mill)).deployments.filter((one) => one.rollout === rollout)).toEqual([]);
  });

  test('takes a device whose tags match only later, and takes nothing from one whose tags match no longer', async () => {
    await world.api.call('changeDevice', { params: { device: mill }, body: { tags: { site: 'quay' } } });
    await deploymentIn(world, { device: mill, rollout, states: ['proven'] });
    await world.api.call('changeDevice', { params: { device: mill }, body: { tags: {} } });
    await until('three proven', async () => (await world.api.call('getRollout', { params: { id: rollout } })).waves[0]?.counts.proven === 3 || undefined);
    expect(await appOn(mill, 'over')).toMatchObject({ state: 'proven', running: { version: '1.0.3' } });
  });
});
