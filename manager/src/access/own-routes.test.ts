import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { type Clock, type Fault, silentLog, systemClock } from '@pier/shared/core';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { apiToken, audit, savedView, session, userAccount } from '../db/index.ts';
import type { Actor } from '../http/index.ts';
import { type AccessControl, aboutHandlers, openAccess } from './index.ts';

let world: Awaited<ReturnType<typeof openTestDatabase>>;
let access: AccessControl;
let aheadMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
const root: Actor = { name: 'admin', role: 'admin' };
const vera: Actor = { name: 'vera', role: 'viewer' };
const [password, next] = ['a password long enough', 'another password, longer'];
const none = { params: undefined, query: undefined, body: undefined } as const;

beforeAll(async () => {
  world = await openTestDatabase();
  access = openAccess({ db: world.db, clock, log: silentLog });
});
beforeEach(async () => {
  for (const table of [savedView, session, apiToken, userAccount, audit]) await world.db.delete(table);
  aheadMs += 61_000;
  await access.firstAdmin();
  await access.handlers.createUser({ ...none, body: { name: 'vera', role: 'viewer', password }, actor: root });
});
afterAll(() => world[Symbol.asyncDispose]());

const browser = (secret: string) => access.actorOf({ method: 'GET', authorization: undefined, session: secret, secFetchSite: undefined });
const logIn = (secret = password) => access.logIn({ user: 'vera', password: secret, address: '127.0.0.1' });
async function signedIn(): Promise<{ secret: string; actor: Actor }> {
  const { secret } = await logIn();
  const actor = await browser(secret);
  if (actor === undefined) throw new Error('no session');
  return { secret, actor };
}
const changeMe = (actor: Actor, body = { was: password, password: next }) => access.handlers.changeMe({ ...none, body, actor });

describe("one's own password", () => {
  test('is changed with the present one; other sessions end, this one and tokens stay', async () => {
    const [here, there] = [await signedIn(), await signedIn()];
    const token = await access.handlers.createApiToken({ ...none, body: { name: 'ci', role: 'viewer' }, actor: here.actor });
    expect(await access.basicAuth('vera', password, 'a')).toMatchObject({ kind: 'user' });
    expect(await changeMe(here.actor)).toEqual({ user: 'vera', role: 'viewer' });
    expect(await browser(here.secret)).toMatchObject({ name: 'vera' });
    expect(await browser(there.secret)).toBeUndefined();
    await expect(logIn()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await logIn(next)).toMatchObject({ actor: vera });
    expect(await access.basicAuth('vera', password, 'a')).toEqual({ kind: 'anonymous' });
    expect(await access.actorOf({ method: 'GET', authorization: `Bearer ${token.token}`, session: undefined, secFetchSite: undefined })).toMatchObject({ name: 'vera' });
    const [record] = await world.db.select().from(audit).where(eq(audit.action, 'user.changed'));
    expect(record).toMatchObject({ actor: 'vera', object: 'user:vera', detail: { password: 'changed', sessionsEnded: 1 } });
    expect(JSON.stringify(record)).not.toContain(next);
  });

  test('a wrong present one changes and ends nothing, and is no reason to sign in again', async () => {
    const [here, there] = [await signedIn(), await signedIn()];
    for (const was of ['wrong', next, 'nul\0']) await expect(changeMe(here.actor, { was, password: next })).rejects.toMatchObject({ code: 'forbidden' });
    expect([await browser(here.secret), await browser(there.secret)]).toMatchObject([vera, vera]);
    expect(await logIn()).toMatchObject({ actor: vera });
  });

  test('at a browser left open no more than ten are guessed a minute, also at once; signing in elsewhere is not kept from anybody', async () => {
    const { actor } = await signedIn();
    const guesses = await Promise.allSettled(Array.from({ length: 40 }, (_, n) => changeMe(actor, { was: `guess ${n}`, password: next })));
    const codes = guesses.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'changed'));
    expect(new Set(codes)).toEqual(new Set(['forbidden', 'too-many-requests']));
    expect(codes.filter((code) => code === 'forbidden').length).toBeLessThanOrEqual(10);
    for (let tries = 0; tries < 10; tries += 1) await changeMe(actor, { was: 'wrong', password: next }).catch(() => undefined);
    await expect(changeMe(actor)).rejects.toMatchObject({ code: 'too-many-requests' });
    expect(await logIn()).toMatchObject({ actor: vera });
    aheadMs += 61_000;
    expect(await changeMe(actor)).toMatchObject({ user: 'vera' });
  }, 60_000);

  test('of two changes at once one is made; the other hears of it', async () => {
    const { actor } = await signedIn();
    const both = await Promise.allSettled([changeMe(actor), changeMe(actor, { was: password, password: 'a third one, longer still' })]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    // The later one finds the old password gone while it is hashed, or before.
    expect(both.find((one) => one.status === 'rejected')).toMatchObject({ reason: { code: expect.stringMatching(/^(conflict|forbidden)$/) } });
  });
});

const put = (name: string, query = 'sort=heard', actor = vera) => access.handlers.putView({ ...none, params: { name }, body: { query }, actor });
const views = async (actor = vera) => (await access.handlers.listViews({ ...none, actor })).items;
const remove = (name: string, actor = vera) => access.handlers.removeView({ ...none, params: { name }, actor });

describe('saved views', () => {
  test('are listed by name, and saving again changes the query, not the time', async () => {
    const first = await put('offline at the quay');
    await put('all');
    aheadMs += 5_000;
    expect(await put('offline at the quay', 'standing=offline')).toEqual({ ...first, query: 'standing=offline' });
    expect((await views()).map(({ name, query }) => `${name}: ${query}`)).toEqual(['all: sort=heard', 'offline at the quay: standing=offline']);
  });

  test("are each one's own, and go with their user", async () => {
    await put('mine');
    await put('mine', 'sort=id', root);
    expect(await views(root)).toMatchObject([{ query: 'sort=id' }]);
    await remove('mine', root);
    expect(await views()).toMatchObject([{ query: 'sort=heard' }]);
    await access.handlers.removeUser({ ...none, params: { user: 'vera' }, actor: root });
    expect(await world.db.select().from(savedView)).toEqual([]);
    await expect(put('mine')).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('are at most 50, also when many are saved at once; one that is there can still be changed, and one removed makes room', async () => {
    const all = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => put(`view ${n}`)));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
    const refusals = all.filter((one) => one.status === 'rejected').map(({ reason }) => (reason as Fault).code);
    expect(refusals).toEqual(Array.from({ length: 10 }, () => 'conflict'));
    const [{ name } = { name: 'none' }] = await views();
    expect(await put(name, 'changed')).toMatchObject({ query: 'changed' });
    await remove(name);
    expect(await put('one more')).toMatchObject({ name: 'one more' });
    expect(await put('hers', 'sort=id', root)).toMatchObject({ name: 'hers' });
  });

  test('that are not there cannot be removed', async () => {
    await expect(remove('nothing')).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('nothing') });
    await put('hers', 'sort=id', root);
    await expect(remove('hers')).rejects.toMatchObject({ code: 'not-found' });
  });
});

test('the manager says what it is and since when', async () => {
  const startedAt = clock.nowMs();
  const handlers = await aboutHandlers({ db: world.db, clock: { ...clock, nowMs: () => startedAt }, embedded: true, replica: 'main', simulator: true });
  const about = await handlers.getAbout({ ...none, actor: vera });
  expect(about).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+/), node: process.versions.node, database: { version: expect.stringMatching(/^\d+\.\d+$/), embedded: true }, replica: 'main', startedAt: new Date(startedAt).toISOString(), simulator: true, policy: null });
});
