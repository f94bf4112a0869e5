import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { type DeviceId, Fault } from '@pier/shared/core';
import { Device, DeviceChange, DeviceEvent, routes } from '@pier/shared/api';
import { audit, device } from '../db/index.ts';
import { assign, deviceHandlers, lockDevices } from './index.ts';
import { type DeviceWorld, app, openDeviceWorld, presence, reported } from './testing/device-world.ts';

let world: DeviceWorld;
const actor = { name: 'ada', role: 'operator' } as const;
const none = { params: undefined, query: undefined, body: undefined, actor };
const faultOf = async (work: Promise<unknown>) => work.then(() => undefined, (error: unknown) => (error instanceof Fault ? { code: error.code, message: error.message } : error));
/** As they come over HTTP: words, read by the route's own schema. */
const list = async (query: Record<string, string> = {}) => deviceHandlers(world).listDevices({ ...none, query: routes.listDevices.query.parse(query) });
const idsOf = async (query: Record<string, string>): Promise<string[]> => (await list(query)).items.map((item) => Device.parse(item).id);
const count = async (query: Record<string, string>) => deviceHandlers(world).countDevices({ ...none, query: routes.countDevices.query.parse(query) });
const change = async (id: string, body: unknown) => deviceHandlers(world).changeDevice({ ...none, params: { device: id as DeviceId }, body: DeviceChange.parse(body) });
const auditOf = async (id: string) => (await world.db.select().from(audit)).filter((row) => row.object === `device:${id}`);

beforeAll(async () => {
  world = await openDeviceWorld();
  await world.addDevices(['crane-1', 'crane-2', 'dock-1', 'dock-2', 'dock-3', 'pump-1']);
  await change('crane-1', { name: 'Große Säule', tags: { site: 'harbour', role: 'crane' } });
  await change('crane-2', { tags: { site: 'yard' } });
  await change('dock-1', { tags: { site: 'harbour' } });
  await world.db.update(device).set({ state: 'pending' }).where(eq(device.id, 'dock-3'));
  await world.db.update(device).set({ state: 'revoked' }).where(eq(device.id, 'pump-1'));
  for (const id of ['crane-1', 'dock-2']) await world.say(id, 'presence', presence({ seq: 1 }));
  const one = await world.addRelease();
  await world.db.transaction(async (tx) => {
    await lockDevices(tx, ['dock-1']);
    await assign(tx, [{ device: 'dock-1' as DeviceId, app, releaseId: one.id, soakS: 5, setBy: 'ada', byHand: true }], { schedulerPem: world.schedulerPem, nowMs: world.clock.nowMs() });
  });
  const running = { digest: one.digest, version: one.version, counter: 1, restarts: 0, sinceMs: 5 };
  await world.say('dock-2', 'reported', reported({ seq: 2, apps: { meter: {}, blink: { attempt: 1, state: 'proven', running, hold: { kind: 'stopped', by: 'ada', forS: 60 } } } }));
}, 120_000);
afterAll(async () => world[Symbol.asyncDispose](), 60_000);

describe('which devices', () => {
  test.each<[Record<string, string>, string[]]>([
    [{}, ['crane-1', 'crane-2', 'dock-1', 'dock-2', 'dock-3', 'pump-1']],
    [{ selector: 'site=harbour' }, ['crane-1', 'dock-1']],
    [{ selector: 'exists(site) and not role=crane' }, ['crane-2', 'dock-1']],
    [{ state: 'pending' }, ['dock-3']],
    [{ state: 'revoked' }, ['pump-1']],
    [{ online: 'true' }, ['crane-1', 'dock-2']],
    [{ online: 'false', state: 'active' }, ['crane-2', 'dock-1']],
    [{ app: 'blink' }, ['dock-1', 'dock-2']],
    [{ app: 'meter' }, ['dock-2']],
    [{ app: 'nothing' }, []],
    [{ search: 'ock-' }, ['dock-1', 'dock-2', 'dock-3']],
    [{ search: 'CRANE' }, ['crane-1', 'crane-2']],
    [{ search: 'große' }, ['crane-1']],
    [{ search: '%' }, []],
    [{ search: '_' }, []],
    [{ search: "'; drop table device; --" }, []],
    [{ selector: 'site=harbour', online: 'true', search: 'crane' }, ['crane-1']],
  ])('%j are %j, and as many are counted', async (query, expected) => {
    expect(await idsOf(query)).toEqual(expected);
    expect((await count(query)).total).toBe(expected.length);
  });

  test('those that are online are counted apart', async () => {
    expect(await count({})).toEqual({ total: 6, online: 2, standings: { pending: 1, revoked: 1, never_heard: 2, held: 1, in_step: 1 } });
    expect(await count({ selector: 'site=yard' })).toEqual({ total: 1, online: 0, standings: { never_heard: 1 } });
  });

  test('they come page by page, each once, also filtered', async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof list>> = await list({ limit: '2', state: 'active', ...(cursor === '' ? {} : { cursor }) });
      seen.push(...page.items.map((item) => item.id));
      cursor = page.next;
    }
    expect(seen).toEqual(['crane-1', 'crane-2', 'dock-1', 'dock-2']);
  });

  test.each<[string, Record<string, string>]>([
    ['a selector that cannot be read', { selector: 'site=' }],
    ['a selector with NUL', { selector: 'site="a\0b"' }],
    ['a search with NUL', { search: 'a\0b' }],
    ['a cursor that no page gave', { cursor: 'x' }],
    ['a cursor with NUL', { cursor: Buffer.from('a\0').toString('base64url') }],
  ])('%s is the asker’s mistake', async (_, query) => {
    expect(await faultOf(list(query))).toMatchObject({ code: 'input-invalid' });
    const counted = 'cursor' in query ? { code: 'input-invalid' } : await faultOf(count(query));
    expect(counted).toMatchObject({ code: 'input-invalid' });
  });

  test('what a device says of its apps is in the list, as short as it goes', async () => {
    const [shown] = (await list({ search: 'dock-2' })).items;
    expect(shown?.apps).toEqual([{ app: 'blink', version: '1.0.1', wanted: null, state: 'proven', hold: 'stopped' }, { app: 'meter', version: null, wanted: null, state: null, hold: null }]);
  });

  test('who assigned an app, a person or a rollout, is shown', async () => {
    expect((await deviceHandlers(world).getDevice({ ...none, params: { device: 'dock-1' as DeviceId } })).assignments).toMatchObject([{ app: 'blink', setBy: 'ada', byHand: true }]);
  });
});

describe('a change', () => {
  test('names a device and replaces its tags, is recorded with what was before, and wakes the rollouts', async () => {
    const id = await world.addDevice('changed');
    const woken = world.woken.count;
    expect(Device.parse(await change(id, { name: 'North gate', tags: { site: 'north' } }))).toMatchObject({ name: 'North gate', tags: { site: 'north' } });
    expect(await change(id, { tags: {} })).toMatchObject({ name: 'North gate', tags: {} });
    expect(await auditOf(id)).toMatchObject([
      { actor: 'ada', action: 'device.changed', detail: { before: { name: 'changed', tags: {} }, after: { name: 'North gate', tags: { site: 'north' } } } },
      { detail: { before: { tags: { site: 'north' } }, after: { name: 'North gate', tags: {} } } },
    ]);
    expect(world.woken.count).toBe(woken + 2);
  });

  test('that changes nothing is not recorded', async () => {
    const id = await world.addDevice('unchanged');
    const woken = world.woken.count;
    await change(id, {});
    await change(id, { name: 'unchanged', tags: {} });
    expect([await auditOf(id), world.woken.count]).toEqual([[], woken]);
  });

  test.each([{ name: 'a\0b' }, { tags: { site: 'a\0b' } }])('with NUL, %j, is refused', async (body) => {
    expect(await faultOf(change('dock-1', body))).toMatchObject({ code: 'input-invalid', message: expect.stringMatching(/U\+0000/) });
  });

  test('of a device that nobody knows is not found', async () => {
    expect(await faultOf(change('nobody', { name: 'x' }))).toMatchObject({ code: 'not-found' });
  });

  test('by two at once leaves both in the record, one after the other', async () => {
    const id = await world.addDevice('contested');
    await Promise.all([change(id, { name: 'left' }), change(id, { name: 'right' })]);
    const [first, second] = await auditOf(id);
    expect(second?.detail['before']).toEqual(first?.detail['after']);
  });
});

describe('events', () => {
  const events = async (id: string, query: Record<string, string> = {}) => deviceHandlers(world).listEvents({ ...none, params: { device: id as DeviceId }, query: routes.listEvents.query.parse(query) });

  test('are shown newest first, page by page, with an end’s last lines and how fast its outputs were safe', async () => {
    const id = await world.addDevice('eventful');
    for (let seq = 1; seq <= 5; seq += 1) await world.say(id, 'event', { gen: 1, boot: 1, seq, type: 'app.trapped', app: seq % 2 ? 'blink' : 'meter', code: 'guest-trapped', reason: `no ${seq}`, lastOutput: ['one', 'two'], safeMs: seq / 2 });
    await world.say(id, 'event', { gen: 1, boot: 1, seq: 6, type: 'app.held' });
    const first = await events(id, { limit: '2' });
    expect(first.items.map((item) => DeviceEvent.parse(item))).toMatchObject([
      { type: 'app.held', app: null, digest: null, attempt: null, code: null, reason: null, lastOutput: [], safeMs: null },
      { type: 'app.trapped', app: 'blink', code: 'guest-trapped', reason: 'no 5', lastOutput: ['one', 'two'], safeMs: 2.5 },
    ]);
    expect((await events(id, { limit: '9', cursor: first.next ?? '' })).items.map((item) => item.reason)).toEqual(['no 4', 'no 3', 'no 2', 'no 1']);
    expect((await events(id, { app: 'meter' })).items.map((item) => item.reason)).toEqual(['no 4', 'no 2']);
  });

  test('of nobody are not found, and a cursor of elsewhere is refused', async () => {
    expect(await faultOf(events('nobody'))).toMatchObject({ code: 'not-found' });
    expect(await faultOf(events('dock-1', { cursor: Buffer.from('1; drop').toString('base64url') }))).toMatchObject({ code: 'input-invalid' });
  });
});

describe('tags', () => {
  const tagsOf = async (id: string) => (await world.db.select().from(device).where(eq(device.id, id)))[0]?.tags;

  test('some are set and some removed, and the others stay; naming what is there already changes nothing', async () => {
    await change('crane-2', { tags: { site: 'yard', role: 'crane', spare: '' } });
    const before = (await auditOf('crane-2')).length;
    expect(await change('crane-2', { setTags: { site: 'harbour', bay: '4' }, removeTags: ['spare', 'never-there'] })).toMatchObject({ tags: { site: 'harbour', role: 'crane', bay: '4' } });
    await change('crane-2', { setTags: { bay: '4' }, removeTags: ['spare'] });
    expect((await auditOf('crane-2')).slice(before)).toMatchObject([{ action: 'device.changed', detail: { before: { tags: { spare: '' } }, after: { tags: { bay: '4' } } } }]);
  });

  test('of many people who each change one at once, all get their way', async () => {
    await change('crane-2', { tags: { last: 'x' } });
    const keys = Array.from({ length: 12 }, (_, n) => `tag-${n}`);
    await Promise.all([...keys.map(async (key) => change('crane-2', { setTags: { [key]: 'here' } })), change('crane-2', { removeTags: ['last'] })]);
    expect(await tagsOf('crane-2')).toEqual(Object.fromEntries(keys.map((key) => [key, 'here'])));
  });

  test('no more than a device can have, however they come', async () => {
    await change('crane-2', { tags: Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`t${n}`, ''])) });
    await expect(change('crane-2', { setTags: { more: '' } })).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining('at most 64 tags') });
    await expect(change('crane-2', { setTags: { site: 'a\0b' } })).rejects.toMatchObject({ code: 'input-invalid' });
    expect(Object.keys((await change('crane-2', { setTags: { more: '' }, removeTags: ['t0'] })).tags)).toHaveLength(64);
  });

  test.each([
    ['all and some at once', { tags: {}, setTags: { a: '1' } }],
    ['all and some to remove', { tags: { a: '1' }, removeTags: ['a'] }],
    ['one both set and removed', { setTags: { a: '1' }, removeTags: ['a'] }],
    ['a key that no tag has', { removeTags: ['A B'] }],
  ])('%s is refused', (_, body) => {
    expect(DeviceChange.safeParse(body).success).toBe(false);
  });
});
