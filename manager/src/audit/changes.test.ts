import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ChangeEvent } from '@pier/shared/api';
import { silentLog, systemClock } from '@pier/shared/core';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { type Db, audit, inTransaction, storeAudit } from '../db/index.ts';
import { until } from '../testing/index.ts';
import { type Changes, openChanges } from './index.ts';
import { lastPosition, readTail, start } from './tail.ts';

let world: Awaited<ReturnType<typeof openTestDatabase>>;
let changes: Changes;
beforeAll(async () => {
  world = await openTestDatabase();
});
beforeEach(() => {
  changes = openChanges({ db: world.db, clock: systemClock, log: silentLog });
});
afterEach(() => changes[Symbol.asyncDispose]());
afterAll(() => world[Symbol.asyncDispose]());

type Told = { readonly id?: string; readonly data: ChangeEvent };
type Hearing = { readonly told: Told[]; readonly batches: number[]; ids(): string[]; lastId(): string } & Disposable;

function hear(after?: string): Hearing {
  const [told, batches]: [Told[], number[]] = [[], []];
  const send = (events: readonly Told[]): void => {
    told.push(...events);
    batches.push(events.length);
  };
  const subscription = changes.streams.streamChanges({ send }, after);
  return { told, batches, ids: () => told.flatMap(({ data }) => data.ids), lastId: () => told.findLast(({ id }) => id !== undefined)?.id ?? '', [Symbol.dispose]: () => subscription[Symbol.dispose]() };
}
async function heard(): Promise<Hearing> {
  const hearing = hear();
  await until(() => hearing.told.length > 0, { what: 'the first event came' });
  return hearing;
}
const record = (tx: Db, ...objects: string[]) => storeAudit(tx, objects.map((object) => ({ actor: 'ada', action: 'test', object })), systemClock.nowMs());
const commit = async (...objects: string[]): Promise<void> => {
  await inTransaction(world.db, async (tx) => record(tx, ...objects));
  changes.wake();
};

/** A transaction that has made its record and is held open until told. */
function openTransaction(object: string): { recorded: Promise<void>; end(): Promise<void> } {
  const [recorded, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const running = inTransaction(world.db, async (tx) => {
    await record(tx, object);
    recorded.resolve();
    await release.promise;
  });
  return { recorded: recorded.promise, end: () => (release.resolve(), running) };
}

describe('the stream of changes', () => {
  test('who comes without an id is told at once to ask for everything, and then what changes', async () => {
    using one = await heard();
    expect(one.told[0]).toMatchObject({ id: expect.stringMatching(/^\d+$/), data: { kind: 'resync', ids: [] } });
    await commit('device:a', 'rollout:r', 'device:b', 'device:a');
    await until(() => one.told.length >= 3, { what: 'both kinds are told' });
    expect(one.told.slice(1).map(({ data }) => data)).toEqual([{ kind: 'device', ids: ['a', 'b'] }, { kind: 'rollout', ids: ['r'] }]);
    // Only the last of a batch has the id: whoever loses the line in between hears the batch again.
    expect(one.told.slice(1).map(({ id }) => id === undefined)).toEqual([true, false]);
  });

  test('a change is told within a beat also when nobody wakes it', async () => {
    using one = await heard();
    await inTransaction(world.db, async (tx) => record(tx, 'device:silent'));
    await until(() => one.ids().includes('silent'), { what: 'the change is told' });
  });

  test('who comes back hears what was missed, once, and goes on', async () => {
    const first = await heard();
    await commit('device:before');
    await until(() => first.ids().includes('before'), { what: 'it was told' });
    first[Symbol.dispose]();
    await commit('device:missed-1');
    await commit('release:missed-2');
    using again = hear(first.lastId());
    await until(() => again.ids().length >= 2, { what: 'what was missed is told' });
    await commit('device:after');
    await until(() => again.ids().includes('after'), { what: 'it goes on' });
    expect(again.ids()).toEqual(['missed-1', 'missed-2', 'after']);
    expect(first.ids()).toEqual(['before']);
  });

  test.each(['999999999', 'x', '-1', '0x1', '1 or 1=1', '9'.repeat(60)])('an id that nobody gave (%s) is answered with: ask for everything', async (after) => {
    using one = hear(after);
    await until(() => one.told.length > 0, { what: 'it is answered' });
    expect(one.told[0]?.data).toEqual({ kind: 'resync', ids: [] });
  });

  test('nothing is skipped when a transaction that recorded first commits last', async () => {
    using one = await heard();
    const slow = openTransaction('device:slow');
    await slow.recorded;
    await commit('device:fast');
    // The faster one has the higher id; telling it now would leave the slower one behind for ever.
    await systemClock.sleep(1_500);
    expect(one.ids()).toEqual([]);
    await slow.end();
    await until(() => one.ids().length === 2, { what: 'both are told' });
    expect(one.ids().toSorted()).toEqual(['fast', 'slow']);
  });

  test('an older transaction whose record has the higher id is not told in place of a younger one that still runs', async () => {
    using one = await heard();
    const [begun, mayRecord] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const older = inTransaction(world.db, async (tx) => {
      await tx.execute(sql`select pg_current_xact_id()`);
      begun.resolve();
      await mayRecord.promise;
      await record(tx, 'device:older');
    });
    await begun.promise;
    const younger = openTransaction('device:younger');
    await younger.recorded;
    mayRecord.resolve();
    await older;
    changes.wake();
    await until(() => one.ids().includes('older'), { what: 'the older one is told' });
    await younger.end();
    await until(() => one.ids().includes('younger'), { what: 'the younger one is told too, though its id is lower' });
    expect(one.ids()).toEqual(['older', 'younger']);
    using again = hear(one.told.find(({ data }) => data.ids.includes('older'))?.id);
    await until(() => again.ids().length > 0, { what: 'a reader that resumes between them hears the younger one' });
    expect(again.ids()).toEqual(['younger']);
  });

  test('a transaction that is rolled back is never told', async () => {
    using one = await heard();
    await inTransaction(world.db, async (tx) => {
      await record(tx, 'device:never');
      throw new Error('changed my mind');
    }).catch(() => {});
    await commit('device:later');
    await until(() => one.ids().length > 0, { what: 'the later one is told' });
    expect(one.ids()).toEqual(['later']);
  });

  test('who is more than 5,000 records behind is told to ask for everything; who is just within hears all', async () => {
    const first = await heard();
    first[Symbol.dispose]();
    const insert = (n: number, prefix: string) => world.db.execute(sql`insert into audit (actor, action, object) select 'ada', 'test', 'device:' || ${prefix}::text || n from generate_series(1, ${n}::int) as n`);
    await insert(5_000, 'w');
    using within = hear(first.lastId());
    await until(() => within.told.length > 0, { what: 'it is answered' });
    expect([within.told[0]?.data.kind, new Set(within.ids()).size, within.told.length]).toEqual(['device', 5_000, 10]);
    await insert(1, 'x');
    using beyond = hear(first.lastId());
    await until(() => beyond.told.length > 0, { what: 'it is answered' });
    expect(beyond.told).toEqual([{ id: expect.any(String), data: { kind: 'resync', ids: [] } }]);
  });

  test('what changes without a record is told without an id, gathered, at most four times a second', async () => {
    using one = await heard();
    const sinceMs = systemClock.monotonicMs();
    for (let n = 0; n < 200; n += 1) {
      changes.changed('device', [`p-${n}`]);
      await systemClock.sleep(5);
    }
    await until(() => one.ids().includes('p-199'), { what: 'the last one is told' });
    expect(new Set(one.ids()).size).toBe(200);
    expect(one.told.slice(1).every(({ id }) => id === undefined)).toBe(true);
    expect(one.batches.length - 1).toBeLessThanOrEqual(Math.ceil((systemClock.monotonicMs() - sinceMs) / 250) + 1);
  });

  test('a hundred writers at once and readers that come and go: each reader hears everything after its id', async () => {
    const first = await heard();
    first[Symbol.dispose]();
    const from = first.lastId();
    const writers = Array.from({ length: 100 }, async (_, n) => {
      await systemClock.sleep(n * 5);
      await commit(`device:busy-${n}`);
    });
    const readers = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        await systemClock.sleep(n * 50);
        return hear(from);
      }),
    );
    await Promise.all(writers);
    const all = Array.from({ length: 100 }, (_, n) => `busy-${n}`).toSorted();
    await until(() => readers.every((reader) => reader.ids().includes('busy-99') && new Set(reader.ids()).size >= 100), { what: 'all are told' });
    for (const reader of readers) {
      expect(reader.ids().toSorted()).toEqual(all);
      reader[Symbol.dispose]();
    }
  });

  test('the database is left alone while nobody listens, and who left hears nothing more', async () => {
    const one = await heard();
    one[Symbol.dispose]();
    const before = one.told.length;
    await commit('device:unheard');
    changes.changed('device', ['unheard']);
    await systemClock.sleep(600);
    expect(one.told).toHaveLength(before);
  });
});

test('the tail ends at what is settled, in an empty table at its start', async () => {
  await using empty = await openTestDatabase();
  expect(await lastPosition(empty.db)).toEqual(start);
  expect(await readTail(empty.db, { from: start, limit: 10 })).toEqual([]);
  await empty.db.insert(audit).values({ actor: 'a', action: 'b', object: 'c:d' });
  expect(await lastPosition(empty.db)).toMatchObject({ id: 1 });
});
