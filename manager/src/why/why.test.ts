import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DeploymentState, InFlightState } from '@pier/shared/api';
import { AppName, DeviceId } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { assignment, deployment, device, deviceLive, deviceState } from '../db/index.ts';
import { board } from '../device/testing/device-world.ts';
import { countStatements } from '../device/testing/statements.ts';
import { type WhyWorld, openWhyWorld } from './testing/why-world.ts';
import { whyOfDevices } from './why.ts';

let world: WhyWorld;

beforeAll(async () => {
  world = await openWhyWorld(await openTestDatabase());
  await world.trust();
});
afterAll(async () => world?.[Symbol.asyncDispose]());

const name = (text: string): AppName => AppName.parse(text);

/** Devices by the dozen, half of them online. */
async function crowd(prefix: string, count: number): Promise<DeviceId[]> {
  const ids = Array.from({ length: count }, (_, n) => DeviceId.parse(`${prefix}-${String(n).padStart(5, '0')}`));
  for (let at = 0; at < count; at += 1_000) {
    const some = ids.slice(at, at + 1_000);
    await world.db.insert(device).values(some.map((id) => ({ id, name: id, model: board.model, profile: board, keyId: digestOf(id) })));
    await world.db.insert(deviceLive).values(some.map((id, n) => ({ deviceId: id, online: n % 2 === 0, conn: 'c', agent: '1', gen: 1, boot: 1, seq: 1, rev: 0, lastSeenAt: new Date(world.clock.nowMs()) })));
    await world.db.insert(deviceState).values(some.map((id) => ({ deviceId: id, reported: { rev: 0, desired: null, policy: 1, apps: {} } })));
  }
  return ids;
}

describe('a device is answered for', () => {
  test('every app that is wanted of it, by name; or the one that is named', async () => {
    const [blink, meter, pump] = [name('blink'), name('meter'), name('pump')];
    const one = await (await world.addDevice('apps-1')).comesOnline();
    const { id } = one;
    for (const app of [meter, blink]) {
      await world.bind(id, app, { line: app === meter ? 4 : 17 });
      await world.start((await world.release(app)).id, { devices: [id] });
    }
    await world.release(pump);
    expect((await world.whyDevice(id)).map(({ app, code }) => [app, code])).toEqual([['blink', 'at-work.due'], ['meter', 'at-work.due']]);
    expect(await world.whyDevice(id, meter)).toMatchObject([{ app: 'meter', device: 'apps-1', wanted: '1.0.0', running: null, updated: false }]);
    expect(await world.whyDevice(id, pump)).toMatchObject([{ app: 'pump', code: 'none-wanted', rollout: null, wanted: null }]);
    await world.tick();
    await one.reports(blink, 'proven');
    expect(await world.whyDevice(id, blink)).toMatchObject([{ wanted: '1.0.0', running: '1.0.0', updated: true, code: 'proven', remedy: null }]);
  });

  test('by its newest rollout, and by what a person assigned after that', async () => {
    const app = name('newest');
    const { id } = await world.addDevice('newest-1');
    const [first, second] = [await world.release(app), await world.release(app, 2)];
    await world.start(first.id, { devices: [id] });
    const { id: newest } = await world.start(second.id, { devices: [id] });
    expect(await world.whyDevice(id)).toMatchObject([{ rollout: newest, wanted: '2.0.0' }]);
    await world.assign(id, app, first.id);
    expect(await world.whyDevice(id)).toMatchObject([{ rollout: null, wanted: '1.0.0', code: 'device.offline' }]);
    await world.assign(id, app, null);
    expect(await world.whyDevice(id, app)).toMatchObject([{ wanted: null, code: 'none-wanted', remedy: `pier device release ${id} newest` }]);
  });

  test('by what a roll back took it back to: that is wanted of it, and no more what was rolled back', async () => {
    const app = name('returns');
    const [one, two, late] = [await (await world.addDevice('returns-1')).comesOnline(), await (await world.addDevice('returns-2')).comesOnline(), await world.addDevice('returns-3')];
    const devices = [one, two, late].map(({ id }) => id);
    for (const id of devices) await world.bind(id, app);
    const [old, bad] = [await world.release(app), await world.release(app, 2)];
    await world.start(old.id, { devices: [one.id] });
    await world.tick();
    await one.reports(app, 'proven');
    await world.tick();
    const { id } = await world.start(bad.id, { devices });
    await world.tick();
    for (const each of [one, two]) await each.reports(app, 'proven');
    expect(await world.whyDevice(one.id)).toMatchObject([{ wanted: '2.0.0', running: '2.0.0', updated: true, rollout: id }]);
    await world.act(id, { verb: 'roll_back' });
    await world.tick();
    expect(await world.whyDevice(one.id)).toMatchObject([{ wanted: '1.0.0', running: '2.0.0', updated: false, code: 'rolling-back', rollout: id }]);
    await one.reports(app, 'proven');
    expect(await world.whyDevice(one.id)).toMatchObject([{ wanted: '1.0.0', running: '1.0.0', updated: true, code: 'rollout.rolled-back', rollout: id }]);
    // It ran nothing before, so nothing is wanted; who never got it is left as it is.
    await two.says({ [app]: {} });
    expect(await world.whyDevice(two.id, app)).toMatchObject([{ wanted: null, updated: false, code: expect.stringMatching(/^roll/) }]);
    expect(await world.whyDevice(late.id, app)).toMatchObject([{ wanted: null, updated: false, code: 'rollout.rolled-back' }]);
    // A newer rollout is wanted again.
    const { id: next } = await world.start((await world.release(app, 3)).id, { devices });
    expect(await world.whyDevice(one.id)).toMatchObject([{ wanted: '3.0.0', rollout: next }]);
  });

  test('what the device says of an app that nobody knows here counts as heard of', async () => {
    const one = await (await world.addDevice('heard-1')).comesOnline();
    await one.says({ stray: {} });
    expect(await world.whyDevice(one.id, name('stray'))).toMatchObject([{ code: 'none-wanted' }]);
    expect(await world.whyDevice(one.id)).toEqual([]);
  });

  test('what it reports in a form that cannot be read holds nothing up', async () => {
    const { id } = await world.addDevice('odd-1');
    const { id: release } = await world.release(name('odd'));
    await world.start(release, { devices: [id] });
    await world.db.insert(deviceState).values({ deviceId: id, reported: { apps: { odd: { attempt: 'many' } }, desiredRefused: 7 } });
    expect(await world.whyDevice(id)).toMatchObject([{ code: 'rollout.approval', running: null }]);
  });
});

test('what there is not is said: device, app, rollout', async () => {
  await world.addDevice('lost-1');
  await expect(world.whyDevice('nobody')).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('"nobody"') });
  await expect(world.whyDevice('nobody', name('unheard-of'))).rejects.toMatchObject({ code: 'not-found' });
  await expect(world.whyDevice('lost-1', name('unheard-of'))).rejects.toMatchObject({ code: 'app-unknown', message: expect.stringContaining('"unheard-of"') });
  for (const id of ['nothing', '\0', "' or 1=1"]) await expect(world.whyRollout(id)).rejects.toMatchObject({ code: 'not-found' });
});

describe('a rollout is counted', () => {
  test('with deployments in every state, on devices in every state: the counts add up, and agree with each device', async () => {
    const app = name('mixed');
    // A superseded deployment is answered for by what took over; reasons.test.ts has it.
    const states = DeploymentState.exclude(['superseded']).options;
    const ids = await crowd('mixed', states.length * 6);
    const { id: release } = await world.release(app);
    const { id } = await world.start(release, { devices: ids, waves: [{ take: { by: 'percent', percent: 50 } }, { take: { by: 'rest' } }] });
    const at = new Date(world.clock.nowMs());
    const inFlight: readonly string[] = InFlightState.options;
    for (const [n, deviceId] of ids.entries()) {
      const state = states[n % states.length] ?? 'waiting';
      const row = { state, attempt: 1, updatedAt: at, deadlineAt: inFlight.includes(state) ? at : null, provenAt: n % 5 === 0 ? at : null, retryAt: n % 4 === 0 ? new Date(at.getTime() + 60_000) : null };
      await world.db.insert(deployment).values({ rolloutId: id, deviceId, app, wave: n % 2 === 0 ? 1 : 2, ...row }).onConflictDoUpdate({ target: [deployment.rolloutId, deployment.deviceId], set: row });
      await world.db.insert(assignment).values({ deviceId, app, releaseId: release, attempt: 1, soakS: 0, setBy: 'ada', byHand: false });
      if (n % 7 === 0) await world.setDevice(deviceId, { state: n % 2 === 0 ? 'revoked' : 'pending' });
      if (n % 3 === 0) await world.bind(deviceId, app).catch(() => undefined);
    }
    const counts = await world.whyRollout(id);
    const proven = ids.length / states.length;
    expect(counts).toMatchObject({ total: ids.length, proven });
    expect(counts.reasons.reduce((sum, { count }) => sum + count, 0)).toBe(ids.length - proven);
    expect(counts.reasons.length).toBeGreaterThan(15);
    const answers = new Map([...(await whyOfDevices(world.whyDeps, ids, app))].map(([one, [why]]) => [one, why]));
    const codes = [...answers.values()].map((why) => why?.code ?? '').filter((code) => code !== 'proven');
    const unproven = new Map([...Map.groupBy(codes, (code) => code)].map(([code, those]) => [code, those.length]));
    const rows = await world.db.select({ device: deployment.deviceId }).from(deployment).where(and(eq(deployment.rolloutId, id), eq(deployment.state, 'proven')));
    // A device that is trusted no more is told so, though its deployment counts as proven.
    for (const row of rows) {
      const code = answers.get(DeviceId.parse(row.device))?.code ?? '';
      if (code !== 'proven') unproven.set(code, (unproven.get(code) ?? 0) - 1);
    }
    expect(new Map(counts.reasons.map(({ code, count }) => [code, count]))).toEqual(unproven);
  });

  test('the most frequent reason first, with the first ten devices and a remedy to type', async () => {
    const app = name('many');
    const ids = await crowd('many', 30);
    for (const id of ids.slice(0, 2)) await world.bind(id, app);
    const { id: release } = await world.release(app);
    const { id } = await world.start(release, { devices: ids });
    await world.tick();
    expect(await world.whyRollout(id)).toEqual({
      total: 30,
      proven: 0,
      reasons: [
        expect.objectContaining({ code: 'device.offline', count: 15, devices: ids.filter((_, n) => n % 2 === 1).slice(0, 10) }),
        expect.objectContaining({ code: 'capability.unbound', count: 14, remedy: 'pier binding set <device> many <label=…>' }),
        expect.objectContaining({ code: 'at-work.offered', count: 1, remedy: null }),
      ],
    });
  });

  test('and a device is answered in as many statements for five hundred as for one', async () => {
    const app = name('page');
    const ids = await crowd('page', 500);
    await world.start((await world.release(app)).id, { devices: ids });
    const statementsFor = async (some: readonly DeviceId[]): Promise<number> => {
      using counted = countStatements(world.db);
      const answers = await whyOfDevices(world.whyDeps, some);
      expect(answers.size).toBe(some.length);
      return counted.count;
    };
    const one = await statementsFor(ids.slice(0, 1));
    expect(await statementsFor(ids)).toBe(one);
    expect(one).toBeLessThan(20);
  });
});
