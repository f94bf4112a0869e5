import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asc, sql } from 'drizzle-orm';
import { type Selectable, type Selector, matches, parseSelector, selectorText } from '@pier/shared/selector';
import { randomDevice, randomSelector, seeded, tagNames, values } from '../../../shared/src/selector/toy-selectors.ts';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { device, deviceLive } from '../db/index.ts';
import { whereSelector } from './index.ts';

let opened: Awaited<ReturnType<typeof openTestDatabase>>;
const random = seeded(2);
const devices = Array.from({ length: 60 }, (_, n) => randomDevice(random, n));

beforeAll(async () => {
  opened = await openTestDatabase();
  await store(devices);
}, 120_000);
afterAll(async () => opened[Symbol.asyncDispose](), 60_000);

/** Devices that are not online have said so, or were never heard of. */
async function store(these: readonly Selectable[]): Promise<void> {
  await opened.db.insert(device).values(these.map(({ id, name, model, tags }) => ({ id, name, model, tags: { ...tags }, profile: {}, keyId: id })));
  const heard = these.filter(({ online, id }) => online || id.endsWith('1'));
  await opened.db.insert(deviceLive).values(heard.map(({ id, online }) => ({ deviceId: id, online, conn: 'c', agent: '0', gen: 1, boot: 1, seq: 1, rev: 0, lastSeenAt: new Date(0) })));
}

async function idsWhere(selector: Selector): Promise<string[]> {
  const rows = await opened.db.select({ id: device.id }).from(device).where(whereSelector(selector)).orderBy(asc(device.id));
  return rows.map((row) => row.id);
}

const idsMatching = (selector: Selector): string[] => devices.filter((one) => matches(selector, one)).map((one) => one.id).sort();

test('the database selects the devices that the pure function selects', async () => {
  const sizes = new Set<number>();
  for (let n = 0; n < 400; n += 1) {
    const selector = randomSelector(random, n % 5);
    const wanted = idsMatching(selector);
    sizes.add(wanted.length);
    expect({ text: selectorText(selector), ids: await idsWhere(selector) }).toEqual({ text: selectorText(selector), ids: wanted });
  }
  expect(sizes.size).toBeGreaterThan(10);
});

test('every tag with every value, and every value as name and as model', async () => {
  for (const name of tagNames) {
    for (const value of values) {
      const selector: Selector = { kind: 'or', parts: [{ kind: 'equals', key: { of: 'tag', name }, value }, { kind: 'in', key: { of: 'field', name: 'name' }, values: [value] }, { kind: 'equals', key: { of: 'field', name: 'model' }, value }] };
      expect({ name, value, ids: await idsWhere(selector) }).toEqual({ name, value, ids: idsMatching(selector) });
    }
  }
});

describe('what would be more than a value elsewhere is only a value', () => {
  test.each(["'; drop table device; --", '%', '_ock-1', '\\', '\\u0000', '$1', '" or true', "') or (true", '{"a":1}', 'null', '\u{10ffff}', '\n--'])('%j', async (value) => {
    const quoted = `"${value.replace(/["\\]/g, '\\$&')}"`;
    for (const key of ['id', 'name', 'tag:role', 'nowhere']) {
      const selector = parseSelector(`${key}=${quoted} and id=dock-that-is-not-there or ${key} in (${quoted}) and not all`);
      expect(await idsWhere(selector)).toEqual([]);
      expect(await idsWhere(parseSelector(`nowhere!=${quoted}`))).toHaveLength(devices.length);
    }
  });
});

test('every value can be looked for as it was stored', async () => {
  for (const one of devices) expect(await idsWhere(parseSelector(selectorText({ kind: 'and', parts: [{ kind: 'equals', key: { of: 'field', name: 'name' }, value: one.name }, { kind: 'equals', key: { of: 'field', name: 'id' }, value: one.id }] })))).toEqual([one.id]);
});

test('a selector as large as one may be is still answered', async () => {
  const wide = parseSelector(Array.from({ length: 500 }, (_, n) => `site=s${n}`).join(' or '));
  const deep = parseSelector(`${'not '.repeat(32)}id=dock-3`);
  expect(await idsWhere(wide)).toEqual([]);
  expect(await idsWhere(deep)).toEqual(['dock-3']);
});

test('equality of a tag is looked up in the index', async () => {
  await opened.db.transaction(async (tx) => {
    await tx.execute(sql`set local enable_seqscan = off`);
    const plan = await tx.execute(sql`explain select id from ${device} where ${whereSelector(parseSelector('site=harbour and (role=pump or role in (a, b))'))}`);
    expect(JSON.stringify(plan.rows)).toContain('device_tags');
  });
});
