import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Clock, silentLog, systemClock } from '@pier/shared/core';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { apiToken, session, userAccount } from '../db/index.ts';
import type { Visit } from '../http/index.ts';
import { type AccessControl, type Credentials, openAccess } from './index.ts';
import { hashOf, newApiToken } from './secrets.ts';

let world: Awaited<ReturnType<typeof openTestDatabase>>;
let access: AccessControl;
let admin: Credentials;
let aheadMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs, monotonicMs: () => systemClock.monotonicMs() + aheadMs };

beforeAll(async () => {
  world = await openTestDatabase();
  access = openAccess({ db: world.db, clock, log: silentLog });
  const made = await access.firstAdmin();
  if (made === undefined) throw new Error('the first start made no administrator');
  admin = made;
});
afterAll(() => world[Symbol.asyncDispose]());

const bearer = (token: string) => access.actorOf({ method: 'GET', authorization: `Bearer ${token}`, session: undefined, secFetchSite: undefined });
const browser = (secret: string, method = 'GET', secFetchSite?: string) => access.actorOf({ method, authorization: undefined, session: secret, secFetchSite });
const logIn = (password: string, user = 'admin', address = '127.0.0.1') => access.logIn({ user, password, address });

const basic = (user: string, password: string, address = '127.0.0.1') => access.basicAuth(user, password, address);
const codeOf = (one: PromiseSettledResult<unknown>) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'let in');

async function tokenOf(user: string, role: 'viewer' | 'operator' | 'admin'): Promise<string> {
  const token = newApiToken();
  await world.db.insert(userAccount).values({ name: user, password: 'none', role }).onConflictDoNothing();
  await world.db.insert(apiToken).values({ id: token.id, hash: token.hash, userName: user, role });
  return token.text;
}

test('the first start makes one administrator, a second one makes none', async () => {
  expect(admin).toMatchObject({ user: 'admin', password: expect.stringMatching(/^[a-z2-9-]{30}$/), token: expect.stringMatching(/^pier_/) });
  expect(await access.firstAdmin()).toBeUndefined();
});

test('neither password nor token stand in the database', async () => {
  const stored = JSON.stringify([await world.db.select().from(userAccount), await world.db.select().from(apiToken)]);
  expect(stored).not.toContain(admin.password);
  expect(stored).not.toContain(admin.token);
  expect(stored).toMatch(/scrypt\$ln=15,r=8,p=1\$/);
});

test('an API token tells who asks', async () => {
  expect(await bearer(admin.token)).toEqual({ name: 'admin', role: 'admin' });
});

test('a token may never more than its user', async () => {
  const token = await tokenOf('vera', 'admin');
  await world.db.update(userAccount).set({ role: 'viewer' }).where(eq(userAccount.name, 'vera'));
  expect(await bearer(token)).toEqual({ name: 'vera', role: 'viewer' });
});

test.each(['', 'pier_', 'pier_000000000000_', `pier_000000000000_${'a'.repeat(43)}`, `pier_000000000000_${'\0'.repeat(43)}`, 'x'.repeat(100_000)])('what is no token of ours is refused: %#', async (text) => {
  await expect(bearer(text)).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('another scheme than Bearer is refused', async () => {
  await expect(access.actorOf({ method: 'GET', authorization: `Basic ${admin.token}`, session: undefined, secFetchSite: undefined })).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('who brings nothing is nobody', async () => {
  expect(await access.actorOf({ method: 'GET', authorization: undefined, session: undefined, secFetchSite: undefined })).toBeUndefined();
});

test('a session is known by the hash of its cookie, until it is ended', async () => {
  const { secret } = await logIn(admin.password);
  const actor = await browser(secret);
  expect(actor).toEqual({ name: 'admin', role: 'admin', session: hashOf(secret) });
  expect(JSON.stringify(await world.db.select().from(session))).not.toContain(secret);
  if (actor === undefined) throw new Error('no session');
  const kept: unknown[] = [];
  const visit: Visit = { address: '127.0.0.1', cookie: { keep: (...what) => kept.push(what), drop: () => kept.push('dropped') } };
  await access.handlers.logout({ actor, params: undefined, query: undefined, body: undefined, visit });
  expect(kept).toEqual(['dropped']);
  expect(await browser(secret)).toBeUndefined();
});

test('a session ends by itself', async () => {
  const { secret, maxAgeS } = await logIn(admin.password);
  aheadMs += (maxAgeS + 1) * 1_000;
  expect(await browser(secret)).toBeUndefined();
});

test('a session changes something only from a page of our own', async () => {
  const { secret } = await logIn(admin.password);
  for (const site of [undefined, 'none', 'cross-site', 'same-site']) await expect(browser(secret, 'POST', site)).rejects.toMatchObject({ code: 'forbidden' });
  expect(await browser(secret, 'POST', 'same-origin')).toMatchObject({ name: 'admin' });
});

test('a wrong password and an unknown user get the same answer', async () => {
  const answers = await Promise.all([logIn('wrong').catch(String), logIn('wrong', 'stranger').catch(String), logIn('wrong', 'nul\0').catch(String)]);
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).toContain('wrong user name or password');
});

test('after ten failures a minute has to pass, also for the right password', async () => {
  for (let tries = 0; tries < 10; tries += 1) await expect(logIn('wrong', 'admin', '192.0.2.1')).rejects.toMatchObject({ code: 'unauthenticated' });
  await expect(logIn(admin.password, 'admin', '192.0.2.1')).rejects.toMatchObject({ code: 'too-many-requests' });
  expect(await logIn(admin.password, 'admin', '192.0.2.2')).toMatchObject({ secret: expect.any(String) });
  aheadMs += 61_000;
  expect(await logIn(admin.password, 'admin', '192.0.2.1')).toMatchObject({ secret: expect.any(String) });
});

test('a flood of sign-ins is turned away instead of kept waiting', async () => {
  const all = await Promise.allSettled(Array.from({ length: 60 }, (_, index) => logIn('wrong', `user-${index}`)));
  expect(new Set(all.map(codeOf))).toEqual(new Set(['unauthenticated', 'too-many-requests']));
});

test('of two hundred guesses at once no more than ten are looked at', async () => {
  const all = await Promise.allSettled(Array.from({ length: 200 }, (_, index) => logIn(`guess-${index}`, 'admin', `192.0.2.${10 + (index % 2)}`)));
  const codes = all.map(codeOf);
  expect(codes.filter((code) => code === 'unauthenticated').length).toBeLessThanOrEqual(20);
  expect(new Set(codes)).toEqual(new Set(['unauthenticated', 'too-many-requests']));
  for (const address of ['192.0.2.10', '192.0.2.11']) await expect(logIn(admin.password, 'admin', address)).rejects.toMatchObject({ code: 'too-many-requests' });
}, 60_000);

test('a flood of strangers at the registry holds up neither sign-in at the page nor other addresses', async () => {
  const flood = Promise.allSettled(Array.from({ length: 200 }, (_, index) => basic(`stranger-${index}`, 'x', '198.51.100.1')));
  expect(await logIn(admin.password)).toMatchObject({ secret: expect.any(String) });
  expect(await basic('admin', admin.password, '192.0.2.30')).toMatchObject({ kind: 'user', user: 'admin' });
  const codes = (await flood).map((one) => (one.status === 'fulfilled' ? (one.value as { kind: string }).kind : codeOf(one)));
  expect(new Set(codes)).toEqual(new Set(['anonymous', 'too-many-requests']));
}, 60_000);

test('who guesses at the registry shuts out that address, and nobody elsewhere', async () => {
  aheadMs += 61_000;
  for (let tries = 0; tries < 10; tries += 1) expect(await basic('admin', `wrong-${tries}`, '198.51.100.2')).toEqual({ kind: 'anonymous' });
  await expect(basic('admin', admin.password, '198.51.100.2')).rejects.toMatchObject({ code: 'too-many-requests' });
  expect(await basic('admin', admin.password, '192.0.2.31')).toMatchObject({ user: 'admin' });
  expect(await logIn(admin.password, 'admin', '198.51.100.2')).toMatchObject({ secret: expect.any(String) });
}, 60_000);

test('a client that sends its password with many requests at once is let in with all of them', async () => {
  aheadMs += 61_000;
  const all = await Promise.all(Array.from({ length: 50 }, () => basic('admin', admin.password, '192.0.2.32')));
  expect(all.every(({ kind }) => kind === 'user')).toBe(true);
});

test('the registry knows people by password and machines by token; operators push, viewers pull', async () => {
  expect(await basic('admin', admin.password)).toEqual({ kind: 'user', user: 'admin', may: 'push' });
  expect(await basic('token', admin.token)).toEqual({ kind: 'user', user: 'admin', may: 'push' });
  expect(await basic('token', await tokenOf('otto', 'operator'))).toEqual({ kind: 'user', user: 'otto', may: 'push' });
  expect(await basic('token', await tokenOf('vic', 'viewer'))).toEqual({ kind: 'user', user: 'vic', may: 'pull' });
});

test.each([['admin', 'wrong'], ['token', 'pier_nonsense'], ['', ''], ['token', ''], ['nul\0', 'x']])('the registry takes %j with %j for a stranger', async (user, password) => {
  expect(await basic(user, password)).toEqual({ kind: 'anonymous' });
});
