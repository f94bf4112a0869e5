/** Each reason, really caused: by what persons do, what devices say, and what the engine makes of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type WhyCode, whyCodes } from '@pier/shared/api';
import { AppName, type DeviceId, silentLog } from '@pier/shared/core';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { awaitDevices, openIdentityAlarm } from '../device/index.ts';
import type { SpeakingDevice } from './testing/speaking-device.ts';
import { type WhyWorld, openWhyWorld } from './testing/why-world.ts';

let world: WhyWorld;
const seen = new Set<string>();

beforeAll(async () => {
  world = await openWhyWorld(await openTestDatabase());
  await world.trust();
});
afterAll(async () => world?.[Symbol.asyncDispose]());

type SceneOptions = { readonly devices?: number; readonly bound?: number; readonly online?: number };

/** An app of its own, with a release, and devices of its own: the first `online` are there, the first `bound` are bound. */
async function scene(name: string, { devices: count = 1, bound = count, online = count }: SceneOptions = {}) {
  const app = AppName.parse(name);
  const first = await world.release(app);
  const devices: SpeakingDevice[] = [];
  for (let n = 1; n <= count; n += 1) {
    const one = await world.addDevice(`${name}-${n}`);
    if (n <= bound) await world.bind(one.id, app);
    devices.push(n <= online ? await one.comesOnline() : one);
  }
  const ids = devices.map(({ id }) => id) as [DeviceId, ...DeviceId[]];
  const [one, two = one] = devices as [SpeakingDevice, SpeakingDevice?];
  return {
    app, first, devices, ids, one, two,
    start: (plan: Parameters<WhyWorld['start']>[1] = {}, release = first.id) => world.start(release, { devices: ids, ...plan }),
    /** Brings all devices to a release, proven. */
    prove: async (release = first.id) => {
      const { id } = await world.start(release, { devices: ids });
      await world.tick();
      for (const device of devices) await device.reports(app, 'proven');
      await world.tick();
      return id;
    },
  };
}

/** What both answers say of a device; the counts of its rollout must add up at this very moment. */
async function codeOf(device: SpeakingDevice, app: AppName): Promise<string> {
  const [why] = await world.whyDevice(device.id, app);
  if (!why) throw new Error('no answer');
  seen.add(why.code);
  const counted = why.rollout === null ? why.code : ((await codeIn(why.rollout, device)) ?? 'proven');
  expect(counted).toBe(why.code);
  return why.code;
}

async function codeIn(rollout: string, device: SpeakingDevice): Promise<string | undefined> {
  const counts = await world.whyRollout(rollout);
  expect(counts.reasons.reduce((sum, { count }) => sum + count, 0)).toBe(counts.total - counts.proven);
  for (const { code } of counts.reasons) seen.add(code);
  return counts.reasons.find(({ devices }) => devices.includes(device.id))?.code;
}

const waves = (...takes: readonly object[]) => takes.map((more) => ({ take: { by: 'count', count: 1 }, ...more }));

describe('the device and what is wanted of it', () => {
  test('a device that nobody let in, one that two boards come as, one that is trusted no more, and one of which nothing is wanted', async () => {
    const { app, one, start } = await scene('admission');
    const asking = await world.asksToBeLetIn('asking');
    const answer = async () => (await world.whyDevice(asking, app))[0]?.code ?? '';
    const codes = [await answer()];
    await world.approve(asking);
    codes.push(await answer());
    expect(codes).toEqual(['device.pending', 'none-wanted']);
    for (const code of codes) seen.add(code);
    expect(await codeOf(one, app)).toBe('none-wanted');
    await start();
    await using alarm = await openIdentityAlarm({ db: world.db, clock: world.clock, log: silentLog, onChanged: () => {} });
    alarm.take({ device: one.id, state: 'began', addresses: ['10.0.0.1', '10.0.0.2'] });
    await expect.poll(() => codeOf(one, app)).toBe('identity-conflict');
    await world.revoke(one.id);
    expect(await codeOf(one, app)).toBe('device.revoked');
  });

  test('a device that was excluded, or taken over by a newer rollout', async () => {
    const { app, one, two, start } = await scene('leaving', { devices: 2, online: 0 });
    const { id } = await start();
    await world.act(id, { verb: 'exclude', devices: [one.id] });
    expect(await codeOf(one, app)).toBe('rollout.excluded');
    const newer = await world.start((await world.release(app, 2)).id, { devices: [two.id] });
    expect(await codeIn(id, two)).toBe('rollout.superseded');
    expect(await world.whyDevice(two.id, app)).toMatchObject([{ rollout: newer.id, wanted: '2.0.0', code: 'device.offline' }]);
  });

  test('a rollout that is aborted, and one that is denied', async () => {
    const { app, one, start } = await scene('abort', { online: 0 });
    const { id } = await start();
    await world.act(id, { verb: 'abort' });
    expect(await codeOf(one, app)).toBe('rollout.aborted');
    await world.tick();
    expect(await codeOf(one, app)).toBe('rollout.aborted');
    const denied = await scene('deny', { bound: 0 });
    const asked = await denied.start();
    expect([asked.state, await codeOf(denied.one, denied.app)]).toEqual(['awaiting_approval', 'rollout.approval']);
    await world.act(asked.id, { verb: 'deny' });
    expect(await codeOf(denied.one, denied.app)).toBe('rollout.denied');
  });

  test('a rollout that is rolled back: on the way, back, and not come back', async () => {
    const { app, one, two, prove } = await scene('back', { devices: 2 });
    await prove();
    const id = await prove((await world.release(app, 2)).id);
    await world.act(id, { verb: 'roll_back' });
    await world.tick();
    expect([await codeOf(one, app), await codeOf(two, app)]).toEqual(['rolling-back', 'rolling-back']);
    await one.reports(app, 'proven');
    await two.reports(app, 'failed');
    expect([await codeOf(one, app), await codeOf(two, app)]).toEqual(['rollout.rolled-back', 'rollback-failed']);
  });
});

describe('trust, and whether the rollout goes on', () => {
  test('a release that is withdrawn', async () => {
    const { app, one, first, start } = await scene('withdrawn', { online: 0 });
    await start();
    await world.withdraw(first.id);
    expect(await codeOf(one, app)).toBe('release.withdrawn');
    await world.tick();
    expect(await codeOf(one, app)).toBe('release.withdrawn');
  });

  test('a release that the policy accepts no more, and does again', async () => {
    const { app, one, start } = await scene('trust', { online: 0 });
    await start();
    await world.trust({ by: world.stranger });
    await world.tick();
    expect(await codeOf(one, app)).toBe('release.unverified');
    await world.trust();
    await world.tick();
    expect(await codeOf(one, app)).toBe('rollout.paused-trust');
  });

  test('a person pauses it; a wave fails, and only the canary has failed', async () => {
    const { app, one, start } = await scene('pause', { online: 0 });
    await world.act((await start()).id, { verb: 'pause' });
    expect(await codeOf(one, app)).toBe('rollout.paused-operator');
    const gate = await scene('gate', { devices: 2 });
    await gate.start({ waves: waves({}, {}) });
    await world.tick();
    await gate.one.reports(gate.app, 'failed');
    await world.tick();
    expect([await codeOf(gate.one, gate.app), await codeOf(gate.two, gate.app)]).toEqual(['app.failed', 'rollout.paused-gate']);
  });

  test('a wave that waits for the one before it, and one that waits for a person', async () => {
    const { app, one, two, start } = await scene('waves', { devices: 2 });
    const { id } = await start({ waves: waves({ advance: 'manual' }, {}) });
    await world.tick();
    expect([await codeOf(one, app), await codeOf(two, app)]).toEqual(['at-work.offered', 'rollout.wave-pending']);
    await one.reports(app, 'proven');
    await world.tick();
    expect([await codeOf(one, app), await codeOf(two, app)]).toEqual(['proven', 'rollout.wave-manual']);
    await world.act(id, { verb: 'advance' });
    await world.tick();
    expect(await codeOf(two, app)).toBe('at-work.offered');
  });
});

describe('who holds it, and whether it could take an offer', () => {
  test('a device that is offline, and one that goes offline at work', async () => {
    const { app, one, two, start } = await scene('offline', { devices: 2, online: 1 });
    await start();
    await world.tick();
    await one.reports(app, 'downloading');
    await one.goesOffline();
    expect([await codeOf(one, app), await codeOf(two, app)]).toEqual(['device.offline', 'device.offline']);
  });

  test('a device that was online when the manager ended, and has not come back to it yet', async () => {
    const { app, one, start } = await scene('awaited');
    await start();
    await awaitDevices({ db: world.db, clock: world.clock, log: silentLog });
    await world.tick();
    expect(await codeOf(one, app)).toBe('device.awaited');
    await one.comesOnline();
    await world.tick();
    expect(await codeOf(one, app)).toBe('at-work.offered');
  });

  test('an app that a person assigned: rollouts that came later leave it out, also those that it comes to match', async () => {
    const { app, one, first } = await scene('hand', { devices: 2 });
    const newer = await world.release(app, 2);
    await world.assign(one.id, app, first.id);
    expect(await codeOf(one, app)).toBe('at-work.offered');
    await one.reports(app, 'proven');
    expect(await codeOf(one, app)).toBe('proven');
    world.clock.skip(10);
    await world.start(newer.id, { selector: 'scene=hand', mode: 'dynamic' });
    expect(await world.whyDevice(one.id)).toMatchObject([{ code: 'assigned.by-hand', rollout: null, wanted: '1.0.0', running: '1.0.0' }]);
    await world.tick();
    expect(await codeOf(one, app)).toBe('assigned.by-hand');
    await world.giveBack(one.id, app);
    await world.tick();
    expect(await world.whyDevice(one.id)).toMatchObject([{ wanted: '2.0.0', code: 'at-work.offered' }]);
  });

  test('an app that a person stopped, or replaced, at the device', async () => {
    const { app, one, two, start } = await scene('hold', { devices: 2 });
    await one.says({ [app]: { hold: { kind: 'stopped', by: 'bob', forS: 3_600 } } });
    await two.says({ [app]: { hold: { kind: 'deployed', by: 'bob', forS: 3_600 } } });
    await start();
    await world.tick();
    expect([await codeOf(one, app), await codeOf(two, app)]).toEqual(['app.held', 'app.deployed-by-hand']);
  });

  test('another rollout that is at work on it', async () => {
    const { app, one, two, first } = await scene('busy', { devices: 2 });
    const { id } = await world.start(first.id, { devices: [two.id] });
    await world.tick();
    await two.reports(app, 'proven');
    await world.start((await world.release(app, 2)).id, { devices: [one.id, two.id], waves: waves({}, {}) });
    await world.tick();
    await one.reports(app, 'proven');
    await world.act(id, { verb: 'roll_back' });
    await world.tick();
    await world.tick();
    expect(await codeOf(two, app)).toBe('device.busy');
  });

  test('bindings that lack, that allow less, and that a board has come to reserve', async () => {
    const { app, devices, start } = await scene('bindings', { devices: 4, bound: 1 });
    const [, unbound, mode, reserved] = devices as [SpeakingDevice, SpeakingDevice, SpeakingDevice, SpeakingDevice];
    await world.bind(mode.id, app, { modes: ['in'] });
    await world.bind(reserved.id, app);
    const profile = { model: 'Raspberry Pi 4 Model B', onRelease: 'input', chips: [{ label: 'pinctrl-bcm2711', lines: [{ line: 17, name: 'GPIO17', reserved: 'a hat' }] }], serial: [] };
    await world.setDevice(reserved.id, { profile });
    await start();
    await world.tick();
    expect([await codeOf(unbound, app), await codeOf(mode, app), await codeOf(reserved, app)]).toEqual(['capability.unbound', 'capability.mode', 'capability.reserved']);
    expect(await world.whyDevice(unbound.id, app)).toMatchObject([{ remedy: `pier binding set ${unbound.id} ${app} led=<chip>:<line>:out` }]);
    await world.bind(unbound.id, app);
    await world.tick();
    expect(await codeOf(unbound, app)).toBe('at-work.offered');
  });

  test('a policy whose scopes have lost the repository, until the release is judged anew', async () => {
    const { app, one, start } = await scene('scopes', { online: 0 });
    await start();
    world.judging.on = false;
    await world.trust({ scopes: [{ prefix: 'manager/elsewhere' }] });
    await one.comesOnline();
    await world.tick();
    expect(await codeOf(one, app)).toBe('policy.scope');
    await world.trust();
    world.judging.on = true;
    await world.tick();
    expect(await codeOf(one, app)).toBe('at-work.offered');
  });

  test('a policy that gives the app less than it asks for', async () => {
    const { app, one, start } = await scene('withheld', { online: 0 });
    await start();
    await world.trust({ scopes: [{ prefix: 'manager', capabilities: ['storage'] }] });
    await one.comesOnline();
    await world.tick();
    expect(await world.whyDevice(one.id, app)).toMatchObject([{ code: 'capability.mode', remedy: expect.stringContaining('Allow gpio in the scope') as string }]);
    await world.trust();
    await world.tick();
    expect(await codeOf(one, app)).toBe('at-work.offered');
  });

  test('a rollout that is full', async () => {
    const { app, one, two, start } = await scene('full', { devices: 2 });
    await start({ maxInFlight: 1 });
    await world.tick();
    expect([await codeOf(one, app), await codeOf(two, app)]).toEqual(['at-work.offered', 'rollout.capacity']);
  });
});

test('a device that would have too much to run, until fewer labels are bound', async () => {
  const { app, one, start } = await scene('crammed');
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`folder-${n}`, { kind: 'storage', maxBytes: 1_000_000 }]));
  await world.bindUnchecked(one.id, app, many);
  await start();
  await world.tick();
  expect(await codeOf(one, app)).toBe('device.document-too-large');
  await world.bind(one.id, app);
  await world.tick();
  expect(await codeOf(one, app)).toBe('at-work.offered');
});

describe('from the offer to the proof', () => {
  test('an offer that is due, made, not taken up, and made again', async () => {
    const { app, one, start } = await scene('offers');
    await start();
    expect(await codeOf(one, app)).toBe('at-work.due');
    await world.tick();
    expect(await codeOf(one, app)).toBe('at-work.offered');
    world.clock.skip(31_000);
    await world.tick();
    expect(await codeOf(one, app)).toBe('device.silent');
    world.clock.skip(31_000);
    await world.tick();
    expect(await codeOf(one, app)).toBe('at-work.offered');
  });

  test('a device that does not take the document', async () => {
    const { app, one, start } = await scene('document');
    await start();
    await world.tick();
    await one.says({}, { desiredRefused: { code: 'desired-unsigned', reason: 'no scheduler key of my policy signed it' } });
    expect(await codeOf(one, app)).toBe('desired.refused');
    world.clock.skip(31_000);
    await world.tick();
    expect(await codeOf(one, app)).toBe('desired.refused');
  });

  test('work, step by step, to the proof; and a failure after it', async () => {
    const { app, one, start } = await scene('steps');
    const { id } = await start();
    await world.tick();
    const codes: string[] = [];
    for (const state of ['accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven'] as const) {
      await one.reports(app, state);
      codes.push(await codeOf(one, app));
    }
    expect(codes).toEqual(['at-work.accepted', 'at-work.downloading', 'at-work.verifying', 'at-work.applying', 'at-work.soaking', 'proven']);
    await one.reports(app, 'failed');
    expect(await codeOf(one, app)).toBe('app.regressed');
    await world.tick();
    expect(await codeIn(id, one)).toBe('app.regressed');
  });

  test('bad ends: out of time, refused, failed', async () => {
    const { app, devices, start } = await scene('ends', { devices: 3 });
    const [slow, refusing, failing] = devices as [SpeakingDevice, SpeakingDevice, SpeakingDevice];
    await start({ deadlineS: 5 });
    await world.tick();
    await slow.reports(app, 'accepted');
    await refusing.reports(app, 'refused');
    await failing.reports(app, 'failed');
    world.clock.skip(6_000);
    await world.tick();
    expect([await codeOf(slow, app), await codeOf(refusing, app), await codeOf(failing, app)]).toEqual(['timed-out', 'device.refused', 'app.failed']);
  });
});

test('every reason of the table was really caused above, and no other was ever given', () => {
  expect([...seen].toSorted()).toEqual(whyCodes.toSorted() satisfies WhyCode[]);
});
