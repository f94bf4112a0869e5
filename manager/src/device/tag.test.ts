import { afterAll, beforeAll, expect, test } from 'vitest';
import { desc, eq } from 'drizzle-orm';
import { TagChange } from '@pier/shared/api';
import { audit, device } from '../db/index.ts';
import { deviceHandlers } from './index.ts';
import { type DeviceWorld, openDeviceWorld } from './testing/device-world.ts';
import { countStatements } from './testing/statements.ts';

let world: DeviceWorld;
const actor = { name: 'ada', role: 'operator' } as const;
const tag = async (body: unknown) => deviceHandlers(world).tagDevices({ params: undefined, query: undefined, actor, body: TagChange.parse(body) });
const tagsOf = async (id: string) => (await world.db.select().from(device).where(eq(device.id, id)))[0]?.tags;
const recordsOf = async (id: string) => world.db.select().from(audit).where(eq(audit.object, `device:${id}`)).orderBy(desc(audit.id));
const give = async (id: string, tags: Record<string, string>) => world.db.update(device).set({ tags }).where(eq(device.id, id));

beforeAll(async () => {
  world = await openDeviceWorld();
  await world.addDevices(['crane-1', 'crane-2', 'dock-1', 'dock-2', 'full', 'last']);
}, 120_000);
afterAll(async () => world?.[Symbol.asyncDispose](), 60_000);

test('tags are set and removed on all of a selector, others stay, each change is recorded, and the rollouts are woken once', async () => {
  await give('crane-1', { site: 'harbour', spare: '', bay: '1' });
  await give('crane-2', { site: 'harbour' });
  const woken = world.woken.count;
  expect(await tag({ selector: 'site=harbour', setTags: { ring: 'beta' }, removeTags: ['spare'], remark: 'for the trial' })).toEqual({ devices: 2 });
  expect([await tagsOf('crane-1'), await tagsOf('crane-2'), await tagsOf('dock-1')]).toEqual([{ site: 'harbour', bay: '1', ring: 'beta' }, { site: 'harbour', ring: 'beta' }, {}]);
  expect(await recordsOf('crane-1')).toMatchObject([
    { actor: 'ada', action: 'device.changed', detail: { before: { name: 'crane-1', tags: { site: 'harbour', spare: '', bay: '1' } }, after: { name: 'crane-1', tags: { site: 'harbour', bay: '1', ring: 'beta' } }, remark: 'for the trial' } },
  ]);
  expect(await recordsOf('dock-1')).toEqual([]);
  expect(world.woken.count).toBe(woken + 1);
});

test('what is there already is no change: nothing is recorded, nobody woken', async () => {
  await tag({ devices: ['dock-1'], setTags: { ring: 'alpha' } });
  const [before, woken] = [(await recordsOf('dock-1')).length, world.woken.count];
  expect(await tag({ devices: ['dock-1', 'dock-1'], setTags: { ring: 'alpha' }, removeTags: ['never-there'] })).toEqual({ devices: 0 });
  expect([(await recordsOf('dock-1')).length, world.woken.count]).toEqual([before, woken]);
});

test('all or none: a device that would have too many tags, or that there is not, is named, and nothing is changed', async () => {
  await give('full', Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`t${n}`, ''])));
  await give('last', {});
  await expect(tag({ devices: ['dock-2', 'full', 'last'], setTags: { more: '' } })).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringMatching(/"full" would have 65 tags/) });
  await expect(tag({ devices: ['dock-2', 'nobody', 'last'], setTags: { more: '' } })).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('"nobody"') });
  expect([await tagsOf('dock-2'), await tagsOf('last'), await recordsOf('full')]).toEqual([{}, {}, []]);
  expect(await tag({ devices: ['full'], setTags: { more: '' }, removeTags: ['t0'] })).toEqual({ devices: 1 });
});

test('of many people who tag the same devices at once, all get their way', async () => {
  const keys = Array.from({ length: 8 }, (_, n) => `by-${n}`);
  await Promise.all(keys.map(async (key, n) => (n % 2 ? tag({ devices: ['last', 'dock-2'], setTags: { [key]: '' } }) : tag({ selector: 'id in (dock-2, last)', setTags: { [key]: '' } }))));
  const wanted = Object.fromEntries(keys.map((key) => [key, '']));
  expect([await tagsOf('last'), await tagsOf('dock-2')]).toEqual([wanted, wanted]);
});

test('of so many devices with so many tags that their records would take too much memory, nothing is changed', async () => {
  const ids = await world.addDevices(Array.from({ length: 1_400 }, (_, n) => `heavy-${n}`));
  const heavy = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`t${n}`.padEnd(63, 'x'), 'v'.repeat(128)]));
  await expect(tag({ devices: ids, setTags: heavy })).resolves.toEqual({ devices: ids.length });
  await expect(tag({ devices: ids, setTags: { [`t0`.padEnd(63, 'x')]: 'other' } })).rejects.toMatchObject({ code: 'too-large', message: expect.stringContaining('No device was changed') });
  expect(await tagsOf('heavy-7')).toEqual(heavy);
}, 120_000);

test('a hundred devices take as many statements as one', async () => {
  const ids = await world.addDevices(Array.from({ length: 100 }, (_, n) => `many-${n}`));
  using counted = countStatements(world.db);
  await tag({ devices: ids.slice(0, 1), setTags: { lot: '1' } });
  const forOne = counted.count;
  expect(await tag({ devices: ids, setTags: { lot: '2' } })).toEqual({ devices: 100 });
  expect(counted.count - forOne).toBe(forOne);
  expect(await tagsOf('many-99')).toEqual({ lot: '2' });
});

test.each([
  ['a selector that cannot be read', { selector: 'site=', setTags: { a: '' } }],
  ['a selector with NUL', { selector: 'site="a\0b"', setTags: { a: '' } }],
  ['a tag with NUL', { selector: 'all', setTags: { a: 'x\0' } }],
  ['a remark with NUL', { selector: 'all', setTags: { a: '' }, remark: 'x\0' }],
])('%s is the asker’s mistake', async (_, body) => {
  await expect(tag(body)).rejects.toMatchObject({ code: 'input-invalid' });
});

test.each([
  ['neither selector nor devices', { setTags: { a: '' } }],
  ['both', { selector: 'all', devices: ['dock-1'], setTags: { a: '' } }],
  ['nothing to change', { selector: 'all' }],
  ['a tag both set and removed', { selector: 'all', setTags: { a: '' }, removeTags: ['a'] }],
])('%s is refused at the door', (_, body) => {
  expect(TagChange.safeParse(body).success).toBe(false);
});
