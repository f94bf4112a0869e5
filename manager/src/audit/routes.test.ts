import { afterAll, beforeAll, expect, test } from 'vitest';
import { isoTime } from '@pier/shared/core';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { storeAudit } from '../db/index.ts';
import type { RequestOf } from '../http/index.ts';
import { auditHandlers } from './index.ts';

let world: Awaited<ReturnType<typeof openTestDatabase>>;
const base = Date.UTC(2026, 0, 1);
beforeAll(async () => {
  world = await openTestDatabase();
  for (let n = 0; n < 10; n += 1) {
    await storeAudit(world.db, [{ actor: n % 2 === 0 ? 'ada' : 'bob', action: n < 5 ? 'device.enrolled' : 'rollout.paused', object: n < 5 ? `device:dock_${n}` : `rollout:r%${n}`, detail: { n } }], base + n * 1_000);
  }
});
afterAll(() => world[Symbol.asyncDispose]());

type Query = RequestOf<'listAudit'>['query'];
const actor = { name: 'vera', role: 'viewer' } as const;
const list = (query: Partial<Query> = {}) => auditHandlers({ db: world.db }).listAudit({ query: { limit: 50, ...query }, actor, params: undefined, body: undefined });
const numbers = async (query: Partial<Query>) => (await list(query)).items.map(({ detail }) => detail['n']);

test('records come newest first, whole', async () => {
  const { items, next } = await list();
  expect(items).toHaveLength(10);
  expect(next).toBeNull();
  expect(items[0]).toMatchObject({ id: '10', at: isoTime(base + 9_000), actor: 'bob', action: 'rollout.paused', object: 'rollout:r%9', detail: { n: 9 } });
});

test('pages follow one another without gap or overlap, also while records are added', async () => {
  const first = await list({ limit: 4 });
  await storeAudit(world.db, [{ actor: 'late', action: 'late', object: 'late:1' }], base);
  const second = await list({ limit: 4, cursor: first.next ?? '' });
  const third = await list({ limit: 4, cursor: second.next ?? '' });
  expect([...first.items, ...second.items, ...third.items].map(({ detail }) => detail['n'])).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  expect(third.next).toBeNull();
});

test.each([
  [{ actor: 'ada' }, [8, 6, 4, 2, 0]],
  [{ action: 'device.enrolled' }, [4, 3, 2, 1, 0]],
  [{ object: 'device:' }, [4, 3, 2, 1, 0]],
  [{ object: 'device:dock_3' }, [3]],
  [{ object: 'rollout:r%' }, [9, 8, 7, 6, 5]],
  [{ object: '%' }, []],
  [{ object: 'device_dock' }, []],
  [{ since: '2026-01-01T00:00:08Z' }, [9, 8]],
  [{ since: '2026-01-01T02:00:08+02:00' }, [9, 8]],
  [{ actor: 'ada', object: 'rollout:', since: '2026-01-01T00:00:07Z' }, [8]],
  [{ actor: "x' or '1'='1" }, []],
])('filtered by %j they are %j', async (query, expected) => {
  expect((await numbers(query)).filter((n) => n !== undefined)).toEqual(expected);
});

test.each([{ since: 'yesterday' }, { since: '' }, { since: '+275760-09-13T00:00:00.000Z' }, { since: '-000001-01-01T00:00:00Z' }, { cursor: 'x' }, { cursor: Buffer.from('1 or 1=1').toString('base64url') }, { cursor: Buffer.from('9'.repeat(30)).toString('base64url') }])('%j is refused', async (query) => {
  await expect(list(query)).rejects.toMatchObject({ code: 'input-invalid' });
});
