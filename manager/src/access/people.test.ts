import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, silentLog, systemClock } from '@pier/shared/core';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { apiToken, audit, idempotency, session, userAccount } from '../db/index.ts';
import type { Actor, RequestOf, Role } from '../http/index.ts';
import { type AccessControl, openAccess } from './index.ts';
import { hashOf } from './secrets.ts';

let world: Awaited<ReturnType<typeof openTestDatabase>>;
let access: AccessControl;
let aheadMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
const root: Actor = { name: 'admin', role: 'admin' };
const password = 'a password long enough';

beforeAll(async () => {
  world = await openTestDatabase();
  access = openAccess({ db: world.db, clock, log: silentLog });
});
beforeEach(async () => {
  for (const table of [session, apiToken, idempotency, userAccount, audit]) await world.db.delete(table);
  aheadMs = 0;
  await access.firstAdmin();
});
afterAll(() => world[Symbol.asyncDispose]());

const none = { params: undefined, query: undefined, body: undefined } as const;
const add = (name: string, role: Role = 'viewer', actor = root) => access.handlers.createUser({ ...none, body: { name, role, password }, actor });
const change = (user: string, body: RequestOf<'changeUser'>['body'], actor = root) => access.handlers.changeUser({ ...none, params: { user }, body, actor });
const remove = (user: string, actor = root) => access.handlers.removeUser({ ...none, params: { user }, actor });
const users = async (query: { limit?: number; cursor?: string } = {}) => access.handlers.listUsers({ ...none, query: { limit: 50, ...query }, actor: root });
const makeToken = (actor: Actor, body: Partial<RequestOf<'createApiToken'>['body']> = {}) => access.handlers.createApiToken({ ...none, body: { name: 'ci', role: 'viewer', ...body }, actor });
const tokens = async (actor: Actor, query: { limit?: number; cursor?: string } = {}) => access.handlers.listApiTokens({ ...none, query: { limit: 50, ...query }, actor });
const revoke = (id: string, actor: Actor) => access.handlers.revokeApiToken({ ...none, params: { id }, actor });
const bearer = (token: string) => access.actorOf({ method: 'GET', authorization: `Bearer ${token}`, session: undefined, secFetchSite: undefined });
const browser = (secret: string) => access.actorOf({ method: 'GET', authorization: undefined, session: secret, secFetchSite: undefined });
const logIn = (user: string, secret = password) => access.logIn({ user, password: secret, address: '127.0.0.1' });
const records = async (object: string) => (await world.db.select().from(audit).where(eq(audit.object, object)).orderBy(audit.id)).map(({ actor, action }) => `${actor} ${action}`);

describe('users', () => {
  test('an administrator makes one, who signs in; the password stands nowhere', async () => {
    expect(await add('vera')).toMatchObject({ name: 'vera', role: 'viewer', createdAt: expect.stringMatching(/Z$/) });
    expect(await browser((await logIn('vera')).secret)).toMatchObject({ name: 'vera', role: 'viewer' });
    expect(JSON.stringify([await world.db.select().from(userAccount), await world.db.select().from(audit)])).not.toContain(password);
    expect(await records('user:vera')).toEqual(['admin user.created', 'vera session.created']);
  });

  test('a name is given once, also to two who ask at once', async () => {
    const both = await Promise.allSettled([add('twin'), add('twin', 'admin')]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await expect(add('twin')).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('"twin"') });
  });

  test.each(['token', 'system'])('the name %s has a meaning of its own', async (name) => {
    await expect(add(name)).rejects.toMatchObject({ code: 'input-invalid' });
  });

  test('they are listed by name, page by page', async () => {
    for (const name of ['zoe', 'ann', 'kim']) await add(name);
    const first = await users({ limit: 3 });
    expect(first.items.map(({ name }) => name)).toEqual(['admin', 'ann', 'kim']);
    expect((await users({ limit: 3, cursor: first.next ?? '' })).items.map(({ name }) => name)).toEqual(['zoe']);
    expect(JSON.stringify(first)).not.toContain('scrypt');
  });

  test('a lesser role ends sessions, and the tokens above it', async () => {
    await add('otto', 'operator');
    const otto: Actor = { name: 'otto', role: 'operator' };
    const [{ secret }, high, low] = [await logIn('otto'), await makeToken(otto, { role: 'operator' }), await makeToken(otto, { role: 'viewer' })];
    expect(await change('otto', { role: 'viewer' })).toMatchObject({ role: 'viewer' });
    expect(await browser(secret)).toBeUndefined();
    await expect(bearer(high.token)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await bearer(low.token)).toMatchObject({ role: 'viewer' });
    await change('otto', { role: 'operator' });
    await expect(bearer(high.token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('a higher role ends nothing', async () => {
    await add('otto', 'viewer');
    const { secret } = await logIn('otto');
    await change('otto', { role: 'operator' });
    expect(await browser(secret)).toMatchObject({ role: 'operator' });
  });

  test('a new password ends all sessions but the one in which it was changed, and opens the registry to it alone', async () => {
    await add('root2', 'admin');
    const [mine, other] = [(await logIn('root2')).secret, (await logIn('root2')).secret];
    expect(await access.basicAuth('root2', password, 'a')).toMatchObject({ kind: 'user' });
    await change('root2', { password: 'another password now' }, { name: 'root2', role: 'admin', session: hashOf(mine) });
    expect(await browser(mine)).toMatchObject({ name: 'root2' });
    expect(await browser(other)).toBeUndefined();
    await expect(logIn('root2')).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await logIn('root2', 'another password now')).toMatchObject({ secret: expect.any(String) });
    expect(await access.basicAuth('root2', password, 'a')).toEqual({ kind: 'anonymous' });
    expect(await records('user:root2')).toContain('root2 user.changed');
  });

  test('a change of nothing changes nothing', async () => {
    await add('vera');
    const { secret } = await logIn('vera');
    expect(await change('vera', {})).toMatchObject({ name: 'vera', role: 'viewer' });
    expect(await change('vera', { role: 'viewer' })).toMatchObject({ role: 'viewer' });
    expect(await browser(secret)).toBeDefined();
    expect(await records('user:vera')).not.toContain('admin user.changed');
  });

  test('who is removed is out at once, everywhere, and leaves nothing to a namesake', async () => {
    await add('vera');
    const [{ secret }, made] = [await logIn('vera'), await makeToken({ name: 'vera', role: 'viewer' })];
    expect(await access.basicAuth('vera', password, 'a')).toMatchObject({ kind: 'user' });
    await world.db.insert(idempotency).values({ userName: 'vera', key: 'k', route: 'r', requestHash: 'h', status: 201, expiresAt: new Date(clock.nowMs() + 60_000) });
    await remove('vera');
    expect(await browser(secret)).toBeUndefined();
    await expect(bearer(made.token)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await access.basicAuth('vera', password, 'a')).toEqual({ kind: 'anonymous' });
    expect(await world.db.select().from(idempotency)).toEqual([]);
    await expect(remove('vera')).rejects.toMatchObject({ code: 'not-found' });
    expect(await records('user:vera')).toContain('admin user.removed');
  });

  test('the last administrator stays', async () => {
    for (const act of [() => remove('admin'), () => change('admin', { role: 'viewer' })]) await expect(act()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('last administrator') });
    expect(await change('admin', { password: 'yet another password' })).toMatchObject({ role: 'admin' });
    await add('second', 'admin');
    expect(await change('admin', { role: 'viewer' })).toMatchObject({ role: 'viewer' });
  });

  test('of two administrators who remove one another one stays', async () => {
    for (let round = 0; round < 5; round += 1) {
      await add('second', 'admin');
      const both = await Promise.allSettled([remove('second', root), change('admin', { role: 'viewer' }, { name: 'second', role: 'admin' })]);
      expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect((await users()).items.filter(({ role }) => role === 'admin')).toHaveLength(1);
      await world.db.update(userAccount).set({ role: 'admin' }).where(eq(userAccount.name, 'admin'));
      await remove('second').catch(() => {});
    }
  });

  test('a flood of new passwords is turned away instead of kept waiting', async () => {
    const all = await Promise.allSettled(Array.from({ length: 40 }, (_, n) => add(`flood-${n}`)));
    const codes = new Set(all.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'made')));
    expect(codes).toEqual(new Set(['made', 'too-many-requests']));
  });

  test('there is nobody called nobody', async () => {
    await expect(change('nobody', { role: 'viewer' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(remove('nobody')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('API tokens', () => {
  const vera: Actor = { name: 'vera', role: 'viewer' };
  const otto: Actor = { name: 'otto', role: 'operator' };
  beforeEach(async () => {
    await add('vera', 'viewer');
    await add('otto', 'operator');
  });

  test('one is shown once, and lets its holder in', async () => {
    const made = await makeToken(otto, { name: 'pipeline', role: 'operator' });
    expect(made).toMatchObject({ name: 'pipeline', user: 'otto', role: 'operator', expiresAt: null, lastUsedAt: null, token: expect.stringMatching(/^pier_/) });
    expect(await bearer(made.token)).toEqual({ name: 'otto', role: 'operator' });
    expect(JSON.stringify([await tokens(otto), await world.db.select().from(apiToken), await world.db.select().from(audit)])).not.toContain(made.token);
    expect(await records(`api-token:${made.id}`)).toEqual(['otto api-token.created']);
  });

  test('nobody makes a token for more than one may: neither a person nor a lesser token of an administrator', async () => {
    await expect(makeToken(vera, { role: 'operator' })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(makeToken({ name: 'admin', role: 'viewer' }, { role: 'admin' })).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('a token ends on time, and makes none that outlives it', async () => {
    const short = await makeToken(otto, { role: 'operator', expiresInS: 600 });
    const actor = await bearer(short.token);
    if (actor === undefined) throw new Error('nobody');
    const child = await makeToken(actor, { expiresInS: 86_400 });
    expect([child.expiresAt, (await makeToken(actor)).expiresAt]).toEqual([short.expiresAt, short.expiresAt]);
    aheadMs += 601_000;
    for (const { token } of [short, child]) await expect(bearer(token)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await access.basicAuth('token', short.token, 'a')).toEqual({ kind: 'anonymous' });
  });

  test('when it was last used is noted, at most once a minute', async () => {
    const made = await makeToken(vera);
    const usedAt = async () => (await tokens(vera)).items[0]?.lastUsedAt;
    await bearer(made.token);
    const first = await usedAt();
    expect(first).toEqual(expect.any(String));
    aheadMs += 30_000;
    await bearer(made.token);
    expect(await usedAt()).toBe(first);
    aheadMs += 31_000;
    await bearer(made.token);
    expect(await usedAt()).not.toBe(first);
  });

  test('everybody sees and ends one’s own; an administrator all', async () => {
    const [ofVera, ofOtto] = [await makeToken(vera), await makeToken(otto, { role: 'operator' })];
    expect((await tokens(vera)).items.map(({ id }) => id)).toEqual([ofVera.id]);
    expect((await tokens(root)).items.map(({ id }) => id)).toEqual(expect.arrayContaining([ofVera.id, ofOtto.id]));
    await expect(revoke(ofOtto.id, vera)).rejects.toMatchObject({ code: 'not-found' });
    // A lesser token of the same person, leaked, does not disarm the better one.
    await expect(revoke(ofOtto.id, { ...otto, role: 'viewer' })).rejects.toMatchObject({ code: 'forbidden' });
    await revoke(ofVera.id, vera);
    await revoke(ofOtto.id, root);
    for (const { token } of [ofVera, ofOtto]) await expect(bearer(token)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(revoke(ofVera.id, vera)).rejects.toMatchObject({ code: 'not-found' });
    expect(await records(`api-token:${ofOtto.id}`)).toEqual(['otto api-token.created', 'admin api-token.revoked']);
  });

  test('one that is ended opens the registry no more, also when it was just used there', async () => {
    const made = await makeToken(otto, { role: 'operator' });
    expect(await access.basicAuth('token', made.token, 'a')).toMatchObject({ may: 'push' });
    await revoke(made.id, otto);
    expect(await access.basicAuth('token', made.token, 'a')).toEqual({ kind: 'anonymous' });
  });

  test('they are listed newest first, page by page, also those of one moment', async () => {
    const made: string[] = [];
    for (let n = 0; n < 7; n += 1) {
      aheadMs += n % 3 === 0 ? 10_000 : 0;
      made.push((await makeToken(vera)).id);
    }
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await tokens(vera, { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next;
    }
    expect(seen.toSorted()).toEqual(made.toSorted());
    expect(seen[0]).toBe(made[6]);
  });

  test.each(['x', '1 2', `${'9'.repeat(40)} abcdefabcdef`, "1 abc' or 1=1"])('a cursor %j that no page gave is refused', async (key) => {
    await expect(tokens(vera, { cursor: Buffer.from(key).toString('base64url') })).rejects.toMatchObject({ code: 'input-invalid' });
  });

  test('nobody has more than two hundred; those that have expired do not count', async () => {
    const rows = Array.from({ length: 200 }, (_, n) => ({ id: `t${n}`, hash: `h${n}`, userName: 'vera', role: 'viewer', ...(n === 0 && { expiresAt: new Date(clock.nowMs() + 60_000) }) }));
    await world.db.insert(apiToken).values(rows);
    await expect(makeToken(vera)).rejects.toMatchObject({ code: 'conflict' });
    aheadMs += 61_000;
    expect(await makeToken(vera)).toMatchObject({ user: 'vera' });
    await expect(makeToken(vera)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('who was removed meanwhile makes none', async () => {
    await remove('vera');
    await expect(makeToken(vera)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
