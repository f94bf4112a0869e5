import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault, silentLog, systemClock } from '@pier/shared/core';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { idempotency } from '../db/index.ts';
import { keysPerUserMax } from './answers.ts';
import { type KeptAnswers, openKeptAnswers } from './index.ts';

let world: Awaited<ReturnType<typeof openTestDatabase>>;
let kept: KeptAnswers;
let aheadMs = 0;
const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
const skip = (ms: number): void => void (aheadMs += ms);
beforeAll(async () => {
  world = await openTestDatabase();
  kept = openKeptAnswers({ db: world.db, clock, log: silentLog });
});
afterAll(async () => {
  kept[Symbol.dispose]();
  await world[Symbol.asyncDispose]();
});

let keys = 0;
const asked = (change: Partial<Parameters<KeptAnswers['once']>[0]> = {}) => ({ user: 'ada', key: `k-${(keys += 1)}`, route: 'POST /rollouts', hash: 'h', status: 201, mayKeep: () => true, ...change });
const counted = () => {
  const done = { times: 0 };
  const act = async () => ({ n: (done.times += 1), nested: { list: [1, null, 'ä'] } });
  return { done, act };
};

test('the same request again gets the same answer, and is done once', async () => {
  const [one, { done, act }] = [asked(), counted()];
  const first = await kept.once(one, act);
  expect(await kept.once({ ...one }, act)).toEqual(first);
  expect(done.times).toBe(1);
});

test('of twenty at once one is done, and all get its answer', async () => {
  const [one, { done, act }] = [asked(), counted()];
  const slow = async () => {
    await clock.sleep(300);
    return act();
  };
  const all = await Promise.all(Array.from({ length: 20 }, () => kept.once(one, slow)));
  expect(done.times).toBe(1);
  expect(new Set(all.map((answer) => JSON.stringify(answer))).size).toBe(1);
});

test('another body, or another route, under the same key is a conflict that names it', async () => {
  const [one, { done, act }] = [asked(), counted()];
  await kept.once(one, act);
  await expect(kept.once({ ...one, hash: 'other' }, act)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(`${one.key} was used for another POST /rollouts`) });
  await expect(kept.once({ ...one, route: 'POST /releases' }, act)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('POST /rollouts') });
  expect(done.times).toBe(1);
});

test('the keys of one user are not those of another', async () => {
  const [one, { done, act }] = [asked(), counted()];
  await kept.once(one, act);
  await kept.once({ ...one, user: 'bob', hash: 'other' }, act);
  expect(done.times).toBe(2);
});

test.each(['input-invalid', 'conflict', 'internal'] as const)('a failure (%s) is not kept: the same request is tried again', async (code) => {
  const [one, { act }] = [asked(), counted()];
  await expect(kept.once(one, async () => Promise.reject(new Fault(code, 'no')))).rejects.toMatchObject({ code });
  expect(await kept.once(one, act)).toMatchObject({ n: 1 });
});

test('while the first is at work the second waits a little, and is then told so', async () => {
  const [one, { act }] = [asked(), counted()];
  const [begun, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = kept.once(one, async () => {
    begun.resolve();
    await release.promise;
    return act();
  });
  await begun.promise;
  await expect(kept.once(one, act)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('still at work') });
  release.resolve();
  expect(await first).toMatchObject({ n: 1 });
}, 30_000);

test('a manager that died at work blocks the key for a minute; who was overtaken keeps nothing over the one that came after', async () => {
  const [one, { act }] = [asked(), counted()];
  const [begun, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const stuck = kept.once(one, async () => {
    begun.resolve();
    await release.promise;
    return { late: true };
  });
  await begun.promise;
  skip(61_000);
  expect(await kept.once(one, act)).toMatchObject({ n: 1 });
  release.resolve();
  await stuck;
  expect(await kept.once(one, act)).toMatchObject({ n: 1 });
});

test('an answer with a secret lies nowhere; asked again it is said to be done', async () => {
  const one = asked({ mayKeep: () => false });
  expect(await kept.once(one, async () => ({ token: 'pier_secret' }))).toEqual({ token: 'pier_secret' });
  expect(JSON.stringify(await world.db.select().from(idempotency))).not.toContain('pier_secret');
  await expect(kept.once(one, async () => ({ token: 'another' }))).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('shown only once') });
});

test('an answer that cannot be stored is given all the same', async () => {
  expect(await kept.once(asked(), async () => ({ text: 'a\0b' }))).toEqual({ text: 'a\0b' });
});

test('after a day a key is free again, and what is expired is deleted', async () => {
  const [one, { done, act }] = [asked(), counted()];
  await kept.once(one, act);
  skip(24 * 3_600_000 - 10_000);
  await kept.once(one, act);
  expect(done.times).toBe(1);
  skip(11_000);
  await kept.once({ ...one, hash: 'other' }, act);
  expect(done.times).toBe(2);
  await kept.dropExpired();
  expect(await world.db.select({ key: idempotency.key }).from(idempotency)).toEqual([{ key: one.key }]);
});

test('nobody fills the table: a user with too many keys is told to wait, and others are not held up', async () => {
  const rows = Array.from({ length: keysPerUserMax }, (_, n) => ({ userName: 'flood', key: `f-${n}`, route: 'r', requestHash: 'h', status: 201, expiresAt: new Date(clock.nowMs() + 1_000_000) }));
  for (let n = 0; n < rows.length; n += 1_000) await world.db.insert(idempotency).values(rows.slice(n, n + 1_000));
  const { act } = counted();
  await expect(kept.once(asked({ user: 'flood' }), act)).rejects.toMatchObject({ code: 'too-many-requests' });
  expect(await kept.once(asked({ user: 'bob' }), act)).toMatchObject({ n: 1 });
  await world.db.delete(idempotency).where(eq(idempotency.userName, 'flood'));
});
