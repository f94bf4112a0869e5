import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { and, eq } from 'drizzle-orm';
import { AppName, DeviceId } from '@pier/shared/core';
import type { DeploymentState } from '@pier/shared/api';
import { openTestDatabase } from '../../../../test/support/postgres.ts';
import { untilLocked } from '../../../../test/support/rollouts.ts';
import { assignment, audit, deployment, outbox, release as releaseTable } from '../../db/index.ts';
import { lockDevices } from '../../device/index.ts';
import { planHandlers } from './index.ts';
import { faultOf, planOf, planWorld } from './toy-plan.ts';

let opened: Awaited<ReturnType<typeof openTestDatabase>>;
let world: ReturnType<typeof planWorld>;
beforeAll(async () => {
  opened = await openTestDatabase();
  world = planWorld(opened.db);
}, 120_000);
afterAll(async () => opened[Symbol.asyncDispose](), 60_000);

const actor = { name: 'ada', role: 'operator' } as const;
const app = AppName.parse('blink');
const place = (device: string) => ({ device: DeviceId.parse(device), app });
const assignBy = async (device: string, release: string | null, more: { remark?: string; soakS?: number } = {}) => planHandlers(world.deps).assignApp({ params: place(device), query: undefined, body: { release, soakS: 5, ...more }, actor });
const giveBack = async (device: string) => planHandlers(world.deps).releaseApp({ params: place(device), query: undefined, body: undefined, actor });
const assigned = async (device: string) => (await world.db.select().from(assignment).where(and(eq(assignment.deviceId, device), eq(assignment.app, app))))[0];
const auditOf = async (object: string) => world.db.select({ actor: audit.actor, action: audit.action, detail: audit.detail }).from(audit).where(eq(audit.object, object)).orderBy(audit.id);

describe('a release assigned by hand', () => {
  test('is what the device should run, at once, and is told', async () => {
    await world.addDevices([{ id: 'hand-1' }]);
    const release = await world.addRelease();
    const woken = world.woken.count;
    expect(await assignBy('hand-1', release.id, { remark: 'try it' })).toEqual({ device: 'hand-1', app, release: release.id, attempt: 1, byHand: true });
    expect(await assigned('hand-1')).toMatchObject({ releaseId: release.id, byHand: true, setBy: 'ada', soakS: 5, attempt: 1 });
    expect(await world.db.select().from(outbox)).toMatchObject([{ topic: 'pier/v1/d/hand-1/down/desired' }]);
    expect(await auditOf('device:hand-1')).toEqual([{ actor: 'ada', action: 'app.assigned', detail: { app, release: release.id, digest: release.digest, attempt: 1, soakS: 5, superseded: 0, remark: 'try it' } }]);
    expect(world.woken.count).toBe(woken + 1);
    expect(await assignBy('hand-1', null)).toMatchObject({ release: null, attempt: 2, byHand: true });
    expect(await assigned('hand-1')).toMatchObject({ releaseId: null, byHand: true });
  });

  test.each<DeploymentState>(['waiting', 'offered', 'soaking', 'rolling_back'])('takes the device out of a rollout in which it is %s', async (state) => {
    const id = `from-${state.replace('_', '-')}`;
    await world.addDevices([{ id }, { id: `${id}-other` }]);
    await world.addRollout(`rollout-${id}`, { release: await world.addRelease(), state: 'running', deployments: { [id]: state, [`${id}-other`]: 'waiting' } });
    await assignBy(id, (await world.addRelease()).id);
    const rows = await world.db.select().from(deployment).where(eq(deployment.rolloutId, `rollout-${id}`)).orderBy(deployment.deviceId);
    expect(rows).toMatchObject([{ state: 'superseded', reasonCode: 'superseded', reasonText: 'assigned by hand by ada', deadlineAt: null, retryAt: null }, { state: 'waiting' }]);
    expect(await auditOf(`deployment:rollout-${id}/${id}`)).toMatchObject([{ actor: 'ada', action: 'deployment.superseded', detail: { from: state, attempt: state === 'waiting' ? null : 1 } }]);
  });

  test('leaves what is over as it is', async () => {
    await world.addDevices([{ id: 'over-1' }]);
    await world.addRollout('rollout-over', { release: await world.addRelease(), state: 'completed', deployments: { 'over-1': 'proven' } });
    await assignBy('over-1', null);
    expect(await world.db.select().from(deployment).where(eq(deployment.rolloutId, 'rollout-over'))).toMatchObject([{ state: 'proven' }]);
  });

  test('keeps the device out of rollouts of the app until it is given back', async () => {
    await world.addDevices([{ id: 'kept-1', tags: { site: 'kept' } }, { id: 'kept-2', tags: { site: 'kept' } }]);
    await assignBy('kept-1', (await world.addRelease()).id);
    const handlers = planHandlers(world.deps);
    const body = planOf({ release: (await world.addRelease()).id, selector: 'site=kept' });
    const ask = { params: undefined, query: undefined, body, actor };
    expect(await handlers.forecastRollout(ask)).toMatchObject({ devices: 1, leftOut: [{ code: 'assigned.by-hand', devices: ['kept-1'] }] });
    expect(await giveBack('kept-1')).toBeNull();
    expect(await assigned('kept-1')).toMatchObject({ byHand: false, attempt: 1 });
    expect((await auditOf('device:kept-1')).at(-1)).toMatchObject({ actor: 'ada', action: 'app.released', detail: { app } });
    expect(await handlers.createRollout(ask)).toMatchObject({ app, state: 'running', waves: [{ n: 1, state: 'active', total: 2, counts: { waiting: 2 } }] });
  });
});

describe('what is refused changes nothing', () => {
  beforeAll(async () => {
    await world.addDevices([{ id: 'fine' }, { id: 'waits', state: 'pending' }, { id: 'gone', state: 'revoked' }]);
    await world.addRollout('rollout-fine', { release: await world.addRelease(), state: 'running', deployments: { fine: 'soaking' } });
  });

  test.each<[string, string, () => Promise<string | null>, readonly [string, RegExp]]>([
    ['an unknown device', 'nobody', async () => (await world.addRelease()).id, ['not-found', /no device "nobody"/]],
    ['a pending device', 'waits', async () => (await world.addRelease()).id, ['device-pending', /waits for a person/]],
    ['a revoked device', 'gone', async () => null, ['device-revoked', /is revoked/]],
    ['an unknown release', 'fine', async () => 'rel-none', ['not-found', /no release "rel-none"/]],
    ['a release that no database could hold', 'fine', async () => 'rel\0', ['input-invalid', /U\+0000/]],
    ['a release of another app', 'fine', async () => (await world.addRelease({ app: AppName.parse('meter') })).id, ['input-invalid', /is of app meter, not of blink/]],
    ['a release that is not verified', 'fine', async () => (await world.addRelease({ state: 'rejected' })).id, ['release-unverified', /is rejected/]],
    ['a release that was withdrawn', 'fine', async () => (await world.addRelease({ state: 'withdrawn' })).id, ['release-withdrawn', /is withdrawn/]],
  ])('%s', async (_, device, release, [code, why]) => {
    expect(await faultOf(assignBy(device, await release()))).toMatchObject({ code, message: expect.stringMatching(why) as string });
    expect(await assigned(device)).toBeUndefined();
    expect(await world.db.select().from(deployment).where(eq(deployment.rolloutId, 'rollout-fine'))).toMatchObject([{ state: 'soaking' }]);
  });

  test('a release that is withdrawn while the assignment waits for the device', async () => {
    const release = await world.addRelease();
    let later: Promise<unknown> = Promise.resolve();
    await world.db.transaction(async (tx) => {
      await lockDevices(tx, ['fine']);
      later = faultOf(assignBy('fine', release.id));
      await untilLocked(world.db);
      await world.db.update(releaseTable).set({ state: 'withdrawn', reasonCode: 'release-withdrawn', reasonText: 'burns lamps' }).where(eq(releaseTable.id, release.id));
    });
    expect(await later).toMatchObject({ code: 'release-withdrawn', message: expect.stringMatching(/burns lamps/) as string });
    expect(await assigned('fine')).toBeUndefined();
  });

  test('a remark that no database could hold', async () => {
    expect(await faultOf(assignBy('fine', null, { remark: 'a\0b' }))).toMatchObject({ code: 'input-invalid' });
  });

  test('giving back what nobody holds', async () => {
    for (const device of ['fine', 'nobody']) expect(await faultOf(giveBack(device))).toMatchObject({ code: 'not-found', message: expect.stringContaining('nothing to give back') as string });
  });
});
