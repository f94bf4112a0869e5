/** Each standing, really caused: by what persons do, what devices say, and what the engine makes of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eq, sql } from 'drizzle-orm';
import { AppName, type DeviceId } from '@pier/shared/core';
import { type Device, Device as DeviceSchema, DeviceStanding, routes, whyCodes } from '@pier/shared/api';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { deployment, device, deviceLive } from '../db/index.ts';
import type { SpeakingDevice } from '../why/testing/speaking-device.ts';
import { type WhyWorld, openWhyWorld } from '../why/testing/why-world.ts';
import { countOfDevices, fleetOf } from './fleet.ts';
import { standingOrder } from './order.ts';
import { pageOfDevices, readDevice } from './query.ts';
import { showDeployment } from './view.ts';

let world: WhyWorld;
beforeAll(async () => {
  world = await openWhyWorld(await openTestDatabase());
  await world.trust();
}, 120_000);
afterAll(async () => world?.[Symbol.asyncDispose](), 60_000);

const queryOf = (query: Record<string, string>) => routes.listDevices.query.parse(query);
const count = async (query: Record<string, string> = {}) => countOfDevices(world.db, routes.countDevices.query.parse(query));

/** All pages of a list, one after the other. */
async function walk(query: Record<string, string>): Promise<Device[]> {
  const seen: Device[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: Awaited<ReturnType<typeof pageOfDevices>> = await pageOfDevices(world.db, queryOf({ limit: '3', ...query, ...(cursor ? { cursor } : {}) }));
    seen.push(...page.items.map((item) => DeviceSchema.parse(item)));
    cursor = page.next;
  }
  return seen;
}

/** An app of its own, with a release, and devices that are online and bound. */
async function scene(name: string, devices = 1) {
  const app = AppName.parse(name);
  const first = await world.release(app);
  const all: SpeakingDevice[] = [];
  for (let n = 1; n <= devices; n += 1) all.push(await (await world.addDevice(`${name}-${n}`)).comesOnline());
  for (const { id } of all) await world.bind(id, app);
  const [one, two = one] = all as [SpeakingDevice, SpeakingDevice?];
  const ids = all.map(({ id }) => id) as [DeviceId, ...DeviceId[]];
  const start = async (plan: Parameters<WhyWorld['start']>[1] = {}, release = first.id) => {
    const { id } = await world.start(release, { devices: ids, ...plan });
    await world.tick();
    return id;
  };
  const prove = async (release = first.id) => {
    await start({}, release);
    for (const each of all) await each.reports(app, 'proven');
    await world.tick();
  };
  return { app, first, one, two, start, prove };
}

/** How a device stands, and by which code; where "why not?" has an answer to the same question, it must be this one. */
async function standingOf({ id }: { readonly id: DeviceId }, app?: AppName): Promise<readonly [DeviceStanding, string | null]> {
  const { standing, why } = await readDevice(world.db, id);
  expect((await walk({ search: id, standing })).map((one) => one.id)).toContain(id);
  const [answer] = app === undefined ? [] : await world.whyDevice(id, app);
  const words: readonly string[] = whyCodes;
  const sameQuestion = answer !== undefined && why !== null && words.includes(why.code);
  expect(sameQuestion ? answer.code : why?.code).toBe(why?.code);
  expect(answer?.updated === true && standing !== 'in_step' && standing !== 'held').toBe(false);
  expect(why === null).toBe(standing === 'in_step');
  return [standing, why?.code ?? null];
}

describe('a device stands as', () => {
  test('pending until a person lets it in, never heard until it speaks, then in step, offline, and revoked', async () => {
    const id = await world.asksToBeLetIn('asker');
    expect(await standingOf({ id })).toEqual(['pending', 'device.pending']);
    await world.approve(id);
    expect(await standingOf({ id })).toEqual(['never_heard', 'device.offline']);
    const one = await world.addDevice('speaker');
    await one.comesOnline();
    expect(await standingOf(one)).toEqual(['in_step', null]);
    await one.goesOffline();
    expect(await standingOf(one)).toEqual(['offline', 'device.offline']);
    await world.revoke(one.id);
    expect(await standingOf(one)).toEqual(['revoked', 'device.revoked']);
  });

  test('waiting, updating, soaking and in step, as a release comes to it', async () => {
    const { app, one, start } = await scene('journey');
    const id = await start({ waves: [{ take: { by: 'count', count: 1 }, gate: { presentPercent: 0 } }] });
    const steps = [await standingOf(one, app)];
    for (const state of ['accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven'] as const) {
      await one.reports(app, state);
      steps.push(await standingOf(one, app));
    }
    expect(steps).toEqual([
      ['updating', 'at-work.offered'], ['updating', 'at-work.accepted'], ['updating', 'at-work.downloading'], ['updating', 'at-work.verifying'], ['updating', 'at-work.applying'],
      ['soaking', 'at-work.soaking'], ['in_step', null],
    ]);
    expect((await pageOfDevices(world.db, queryOf({ rollout: id }))).items.map((item) => item.id)).toEqual([one.id]);
  });

  test('waiting for approval, for its wave, for a person who opens it, and while the rollout is paused', async () => {
    const { app, one, two, start } = await scene('queue', 2);
    const id = await start({ waves: [{ take: { by: 'count', count: 1 }, advance: 'manual' }, { take: { by: 'rest' } }] });
    const codes = [await standingOf(two, app)];
    await one.reports(app, 'proven');
    await world.tick();
    codes.push(await standingOf(two, app));
    await world.act(id, { verb: 'pause' });
    codes.push(await standingOf(two, app));
    expect(codes).toEqual([['waiting', 'rollout.wave-pending'], ['waiting', 'rollout.wave-manual'], ['waiting', 'rollout.paused-operator']]);
    const unbound = await world.addDevice('unbound-1');
    await unbound.comesOnline();
    const asked = await world.start((await world.release(AppName.parse('unbound'))).id, { devices: [unbound.id] });
    expect([asked.state, await standingOf(unbound, AppName.parse('unbound'))]).toEqual(['awaiting_approval', ['waiting', 'rollout.approval']]);
    await world.act(asked.id, { verb: 'approve' });
    await world.tick();
    expect(await standingOf(unbound, AppName.parse('unbound'))).toEqual(['waiting', 'capability.unbound']);
    await world.act(asked.id, { verb: 'abort' });
    await world.tick();
    expect(await standingOf(unbound)).toEqual(['in_step', null]);
  });

  test('failed or refused by the newest rollout alone, and no more once it is left out', async () => {
    const { app, first, one, two, start } = await scene('badly', 2);
    const id = await start();
    await one.reports(app, 'failed');
    await two.reports(app, 'refused');
    expect([await standingOf(one, app), await standingOf(two, app)]).toEqual([['failed', 'guest-trapped'], ['refused', 'guest-trapped']]);
    await world.act(id, { verb: 'exclude', devices: [two.id] });
    expect(await standingOf(two)).toEqual(['in_step', null]);
    const next = await world.release(app, 2);
    expect(next.id).not.toBe(first.id);
    await start({}, next.id);
    expect(await standingOf(one, app)).toEqual(['updating', 'at-work.offered']);
    await one.reports(app, 'proven');
    expect(await standingOf(one, app)).toEqual(['in_step', null]);
  });

  test('failed when its time is up, when it could not be brought back, and when it regresses past the horizon', async () => {
    const late = await scene('late');
    await late.start({ deadlineS: 60 });
    await late.one.reports(late.app, 'downloading');
    world.clock.skip(120_000);
    await world.tick();
    expect((await standingOf(late.one, late.app))[0]).toBe('failed');
    const back = await scene('backward');
    await back.prove();
    const id = await back.start({}, (await world.release(back.app, 2)).id);
    await back.one.reports(back.app, 'proven');
    await world.act(id, { verb: 'roll_back' });
    await world.tick();
    expect(await standingOf(back.one, back.app)).toEqual(['updating', 'rolling-back']);
    await back.one.reports(back.app, 'failed');
    expect((await standingOf(back.one, back.app))[0]).toBe('failed');
    const old = await scene('regressing');
    await old.start({ horizonS: 0 });
    await old.one.reports(old.app, 'proven');
    world.clock.skip(60_000);
    await old.one.reports(old.app, 'failed');
    expect(await standingOf(old.one, old.app)).toEqual(['failed', 'app.regressed']);
  });

  test('held, by a person at the device or by one who assigned it, until that ends', async () => {
    const { app, first, one, two, prove } = await scene('holding', 2);
    await prove();
    await one.reports(app, 'proven', { hold: { kind: 'stopped', by: 'ada', forS: 60 } });
    await two.reports(app, 'proven', { hold: { kind: 'deployed', by: 'ada', forS: 60 } });
    expect([await standingOf(one, app), await standingOf(two, app)]).toEqual([['held', 'app.held'], ['held', 'app.deployed-by-hand']]);
    await one.reports(app, 'proven');
    expect(await standingOf(one, app)).toEqual(['in_step', null]);
    await world.assign(one.id, app, first.id);
    expect(await standingOf(one)).toEqual(['held', 'assigned.by-hand']);
    await one.reports(app, 'failed');
    expect(await standingOf(one, app)).toEqual(['held', 'app.failed']);
    await world.giveBack(one.id, app);
    expect((await standingOf(one))[0]).toBe('in_step');
  });

  test('the worst of its apps', async () => {
    const { app, one, start } = await scene('several');
    await start();
    await one.reports(app, 'soaking');
    const other = AppName.parse('several-more');
    await world.bind(one.id, other, { line: 27 });
    const second = await world.start((await world.release(other)).id, { devices: [one.id] });
    await world.tick();
    expect(await standingOf(one)).toEqual(['updating', 'at-work.offered']);
    await one.reports(other, 'failed');
    expect((await standingOf(one))[0]).toBe('failed');
    await world.act(second.id, { verb: 'exclude', devices: [one.id] });
    expect(await standingOf(one)).toEqual(['soaking', 'at-work.soaking']);
  });
});

test('a deployment tells by when its step has to end, while it is at work and no longer', async () => {
  const { app, one, start } = await scene('deadlines');
  await start({ deadlineS: 90 });
  await one.reports(app, 'downloading');
  const shown = async () => (await world.db.select().from(deployment).where(eq(deployment.deviceId, one.id))).map(showDeployment);
  const [at] = await shown();
  expect(Date.parse(at?.deadlineAt ?? '')).toBeGreaterThan(world.clock.nowMs());
  await one.reports(app, 'proven');
  expect(await shown()).toMatchObject([{ state: 'proven', deadlineAt: null }]);
});

describe('what is wanted of an app', () => {
  const appsOf = async (one: SpeakingDevice) => (await readDevice(world.db, one.id)).apps;

  test('is what a rollout will bring, then what is assigned, also before the device has said a word of it', async () => {
    const { app, first, one, start } = await scene('wanting');
    await start();
    expect(await appsOf(one)).toEqual([{ app, version: null, wanted: '1.0.0', state: null, hold: null }]);
    await one.reports(app, 'proven');
    await one.goesOffline();
    await start({}, (await world.release(app, 2)).id);
    expect(await appsOf(one)).toEqual([{ app, version: '1.0.0', wanted: '2.0.0', state: 'proven', hold: null }]);
    await world.assign(one.id, app, first.id);
    expect((await appsOf(one))[0]?.wanted).toBe('1.0.0');
    await world.assign(one.id, app, null);
    expect((await appsOf(one))[0]?.wanted).toBeNull();
  });
});

describe('counts and lists', () => {
  test.each<Record<string, string>>([{}, { online: 'true' }, { search: 'badly' }, { selector: 'scene=queue or scene=holding' }, { app: 'holding' }, { standing: 'failed,refused,held' }])('under %j, the standings add up to the total, and are those of a walk by pages in every order', async (query) => {
    const counted = await count(query);
    expect(Object.values(counted.standings).reduce((sum, n) => sum + n, 0)).toBe(counted.total);
    for (const order of ['id', 'heard', 'standing']) {
      const walked = await walk({ ...query, order });
      expect(Object.fromEntries([...Map.groupBy(walked, ({ standing }) => standing)].map(([standing, those]) => [standing, those.length]))).toEqual(counted.standings);
      expect(new Set(walked.map(({ id }) => id)).size).toBe(counted.total);
      expect(walked.filter(({ online }) => online)).toHaveLength(counted.online);
    }
  });

  test.each(DeviceStanding.options)('those that stand as %s are found and counted by that word', async (standing) => {
    const walked = await walk({ standing });
    expect(walked.every((one) => one.standing === standing)).toBe(true);
    expect(await count({ standing })).toMatchObject({ total: walked.length });
    expect(walked.length).toBe((await count()).standings[standing] ?? 0);
  });

  test('the devices of a rollout are found by what became of them there; a state alone means nothing', async () => {
    const { rows } = await world.db.execute<{ rollout_id: string }>(sql`select rollout_id from deployment where device_id = 'badly-1' order by rollout_id limit 1`);
    const id = rows[0]?.rollout_id ?? '';
    expect((await walk({ rollout: id, deployment: 'failed,excluded' })).map((one) => one.id)).toEqual(['badly-1', 'badly-2']);
    expect((await walk({ rollout: id, deployment: 'excluded' })).map((one) => one.id)).toEqual(['badly-2']);
    expect(await walk({ rollout: id, deployment: 'waiting' })).toEqual([]);
    expect(await walk({ rollout: 'rollout-of-nobody' })).toEqual([]);
    expect(await count({ deployment: 'failed' })).toEqual(await count());
  });

  test('what needs a person comes first, and who was silent longest', async () => {
    const places = (await walk({ order: 'standing' })).map(({ standing, id }) => [standingOrder.indexOf(standing), id] as const);
    expect(places).toEqual(places.toSorted(([a, x], [b, y]) => a - b || (x < y ? -1 : 1)));
    const heard = (await walk({ order: 'heard' })).map(({ lastSeenAt, id }) => `${lastSeenAt ?? ''} ${id}`);
    expect(heard).toEqual(heard.toSorted());
    expect(heard[0]).toMatch(/^ /);
  });

  test('a page goes on after its last row whatever changes meanwhile, also among times that differ by a microsecond', async () => {
    const ids = ['micro-1', 'micro-2', 'micro-3', 'micro-4', 'micro-5'];
    for (const id of ids) await (await world.addDevice(id)).comesOnline();
    await world.db.execute(sql`update device_live set last_seen_at = '2026-01-02T03:04:05.000006Z'::timestamptz + right(device_id, 1)::int * interval '1 microsecond' where device_id like 'micro-%'`);
    const first = await pageOfDevices(world.db, queryOf({ order: 'heard', search: 'micro', limit: '2' }));
    await world.db.update(deviceLive).set({ lastSeenAt: new Date('2026-05-05') }).where(eq(deviceLive.deviceId, 'micro-1'));
    await world.addDevice('micro-0');
    const second = await pageOfDevices(world.db, queryOf({ order: 'heard', search: 'micro', limit: '9', cursor: first.next ?? '' }));
    expect([first.items.map(({ id }) => id), second.items.map(({ id }) => id)]).toEqual([['micro-1', 'micro-2'], ['micro-3', 'micro-4', 'micro-5', 'micro-1']]);
  });

  test.each(['id', 'heard', 'standing'])('a cursor of the order %s is refused in every other', async (order) => {
    const { next } = await pageOfDevices(world.db, queryOf({ order, limit: '1' }));
    for (const other of ['id', 'heard', 'standing'].filter((one) => one !== order)) {
      await expect(pageOfDevices(world.db, queryOf({ order: other, cursor: next ?? '' }))).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining(`"${order}"`) });
    }
  });

  test.each(['heard x dock', 'heard 99999999999999999 dock', 'standing 1', 'standing  dock', 'standing -1 dock', 'standing 1 dock more', 'id x dock', 'id  ', 'crane-1', 'constructor 1 dock'])('%j is no cursor', async (text) => {
    const cursor = Buffer.from(text).toString('base64url');
    for (const order of ['id', 'heard', 'standing']) await expect(pageOfDevices(world.db, queryOf({ order, cursor }))).rejects.toMatchObject({ code: 'input-invalid' });
  });

  test.each([{ rollout: 'a\0b' }, { search: 'a\0b', standing: 'failed' }])('NUL in %j is the asker’s mistake', async (query) => {
    await expect(count(query)).rejects.toMatchObject({ code: 'input-invalid' });
    await expect(walk(query)).rejects.toMatchObject({ code: 'input-invalid' });
  });

  test.each([{ standing: 'gone' }, { standing: '' }, { standing: 'failed,' }, { deployment: 'in_step' }, { order: 'name' }])('%j is refused at the door', (query) => {
    expect(routes.listDevices.query.safeParse(query).success).toBe(false);
  });

  test('a last report that cannot be read takes nobody’s answer away', async () => {
    const one = await (await world.addDevice('unreadable')).comesOnline();
    for (const apps of ['[]', '"x"', '{"blink":{"state":"failed","attempt":"x"}}', '{"blink":{"state":"failed","attempt":1e300,"hold":null}}', 'null']) {
      await world.db.execute(sql`insert into device_state (device_id, reported) values (${one.id}, ${`{"apps":${apps}}`}::jsonb) on conflict (device_id) do update set reported = excluded.reported`);
      expect((await count()).total).toBeGreaterThan(0);
      expect((await fleetOf(world.db, world.clock)).total).toBe((await count()).total);
      expect((await readDevice(world.db, one.id)).apps).toEqual([]);
    }
  });
});

describe('the fleet', () => {
  test('is told by standings and sites that add up, and by the versions that devices report', async () => {
    await world.db.update(device).set({ tags: { site: 'harbour' } }).where(eq(device.id, 'micro-0'));
    await world.db.update(device).set({ tags: { site: 'yard' } }).where(eq(device.id, 'micro-5'));
    const fleet = routes.getFleet.response.parse(await fleetOf(world.db, world.clock));
    const counted = await count();
    expect(fleet).toMatchObject({ ...counted, pending: counted.standings.pending ?? 0 });
    expect(Date.parse(fleet.at)).toBeLessThanOrEqual(world.clock.nowMs());
    expect(fleet.sites.reduce((sum, { devices }) => sum + devices, 0)).toBe(fleet.total);
    expect(fleet.sites.reduce((sum, { online }) => sum + online, 0)).toBe(fleet.online);
    expect(fleet.sites).toEqual([expect.objectContaining({ site: null }), { site: 'harbour', devices: 1, online: 0 }, { site: 'yard', devices: 1, online: 1 }]);
    expect(fleet.apps.find(({ app }) => app === 'holding')).toEqual({ app: 'holding', devices: 2, versions: [{ version: '1.0.0', devices: 2 }] });
  });

  test('counts no version of a device that is trusted no more', async () => {
    await world.revoke('holding-2' as DeviceId);
    expect((await fleetOf(world.db, world.clock)).apps.find(({ app }) => app === 'holding')).toEqual({ app: 'holding', devices: 1, versions: [{ version: '1.0.0', devices: 1 }] });
  });
});
