/** The first account, and what strangers try before there is one. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, type Log, silentLog, systemClock } from '@pier/shared/core';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { apiToken, audit, session, userAccount } from '../db/index.ts';
import type { RequestOf } from '../http/index.ts';
import { type AccessControl, openAccess } from './index.ts';
import { newSetupCode, sameHash, setupCodeHash } from './secrets.ts';
import { storeSetUpUser } from './store.ts';

let world: Awaited<ReturnType<typeof openTestDatabase>>;
let access: AccessControl;
let code: string;
let aheadMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
const logged: object[] = [];
const noted = (fields: object, what: string): number => logged.push({ ...fields, what });
const log: Log = { ...silentLog, info: noted, warn: noted };
const password = 'a password long enough';

beforeAll(async () => {
  world = await openTestDatabase();
});
beforeEach(async () => {
  for (const table of [session, apiToken, userAccount, audit]) await world.db.delete(table);
  logged.length = 0;
  access = openAccess({ db: world.db, clock, log });
  code = (await access.newSetupCode()) ?? '';
});
afterAll(() => world[Symbol.asyncDispose]());

type Cookies = { secret: string; maxAgeS: number }[];
function setUp(body: Partial<RequestOf<'setUp'>['body']> = {}, { address = '192.0.2.1', cookies = [], at = access }: { address?: string; cookies?: Cookies; at?: AccessControl } = {}) {
  const visit = { address, cookie: { keep: (secret: string, maxAgeS: number) => void cookies.push({ secret, maxAgeS }), drop: () => undefined } };
  return at.handlers.setUp({ params: undefined, query: undefined, body: { code, user: 'olga', password, ...body }, actor: undefined, visit });
}
const needed = async () => (await access.handlers.getSetup({ params: undefined, query: undefined, body: undefined, actor: undefined })).needed;
const browser = (secret: string) => access.actorOf({ method: 'GET', authorization: undefined, session: secret, secFetchSite: undefined });
const users = async () => (await world.db.select().from(userAccount)).map(({ name, role }) => `${name} ${role}`);
const codeOf = (one: PromiseSettledResult<unknown>) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'made');

test('a code is three groups of four, never the same, and read however a person types it', () => {
  const codes = Array.from({ length: 200 }, newSetupCode);
  expect(new Set(codes).size).toBe(200);
  for (const one of codes) expect(one).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
  const hash = setupCodeHash('7KQ2-M4XP-90T1');
  for (const typed of ['7kq2m4xp90t1', ' 7KQ2 M4XP 90T1 ', '7kq2-m4xp-9OtI', '7kq2-m4xp-9oTl']) expect(sameHash(setupCodeHash(typed), hash)).toBe(true);
  for (const other of ['', '7KQ2-M4XP-90T2', '7KQ2-M4XP-90T', '7KQ2-M4XP-90T1-0']) expect(sameHash(setupCodeHash(other), hash)).toBe(false);
});

describe('while there is no account', () => {
  test('the code makes one administrator, whose browser is signed in, and leaves a record without the code', async () => {
    expect(await needed()).toBe(true);
    const cookies: Cookies = [];
    expect(await setUp({}, { cookies })).toEqual({ user: 'olga', role: 'admin' });
    expect(await browser(cookies[0]?.secret ?? '')).toMatchObject({ name: 'olga', role: 'admin' });
    expect(await access.logIn({ user: 'olga', password, address: 'a' })).toMatchObject({ actor: { name: 'olga', role: 'admin' } });
    expect(await needed()).toBe(false);
    const records = await world.db.select().from(audit).orderBy(audit.id);
    expect(records[0]).toMatchObject({ actor: 'system', action: 'user.created', object: 'user:olga', detail: { role: 'admin', by: 'setup code', address: '192.0.2.1' } });
    const kept = JSON.stringify([records, logged, await world.db.select().from(userAccount), await world.db.select().from(session)]);
    for (const secret of [code, code.replaceAll('-', ''), password, cookies[0]?.secret ?? code]) expect(kept).not.toContain(secret);
  });

  test('of two with the right code at once, under two names, one is made and the other told that there is an account', async () => {
    const cookies: Cookies = [];
    const both = await Promise.allSettled([setUp({ user: 'ann' }, { cookies }), setUp({ user: 'bob' }, { cookies, address: '192.0.2.2' })]);
    expect(both.map(codeOf).toSorted()).toEqual(['conflict', 'made']);
    expect(await users()).toHaveLength(1);
    expect(cookies).toHaveLength(1);
  });

  test('of twenty that reach the database in the same moment one is first', async () => {
    const [now, expiresAt] = [new Date(clock.nowMs()), new Date(clock.nowMs() + 60_000)];
    const stored = await Promise.all(Array.from({ length: 20 }, (_, n) => storeSetUpUser(world.db, { name: `user-${n}`, password: 'none', session: { hash: `hash-${n}`, expiresAt }, address: '192.0.2.1', now })));
    expect(stored.filter(Boolean)).toHaveLength(1);
    expect([await users(), await world.db.select().from(session)].map((rows) => rows.length)).toEqual([1, 1]);
  });

  test('two managers on one database make one account, each with its own code', async () => {
    const other = openAccess({ db: world.db, clock, log });
    const otherCode = await other.newSetupCode();
    expect(otherCode).not.toBe(code);
    const all = await Promise.allSettled([setUp({ user: 'ann' }), setUp({ user: 'bob', code: otherCode ?? '' }, { at: other }), access.firstAdmin()]);
    expect(await users()).toHaveLength(1);
    const made = all.filter((one) => one.status === 'fulfilled' && one.value !== undefined);
    expect(made).toHaveLength(1);
  });

  test.each(['', ' ', '-', 'x', '0'.repeat(64), 'AAAA-BBBB-CCCC', '\0', '💥', '__proto__', 'undefined'])('what is not the code is refused: %j', async (typed) => {
    await expect(setUp({ code: typed })).rejects.toMatchObject({ code: 'forbidden' });
    expect(await users()).toEqual([]);
  });

  test('a name that means something of the manager’s own is refused, and the code still holds', async () => {
    await expect(setUp({ user: 'token' })).rejects.toMatchObject({ code: 'input-invalid' });
    expect(await setUp()).toMatchObject({ user: 'olga' });
  });

  test('a start writes a new code, after which the old one holds no more', async () => {
    const old = code;
    code = (await access.newSetupCode()) ?? '';
    await expect(setUp({ code: old })).rejects.toMatchObject({ code: 'forbidden' });
    expect(await setUp()).toMatchObject({ user: 'olga' });
  });

  test('before a code was made there is none that would do', async () => {
    const fresh = openAccess({ db: world.db, clock, log });
    for (const typed of ['', code, 'undefined']) await expect(setUp({ code: typed }, { at: fresh })).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('of a thousand guesses at once from one address ten are looked at; the owner elsewhere is not kept out', async () => {
    const codes = (await Promise.allSettled(Array.from({ length: 1_000 }, () => setUp({ code: newSetupCode() })))).map(codeOf);
    expect(codes.filter((one) => one === 'forbidden')).toHaveLength(10);
    expect(codes.filter((one) => one === 'too-many-requests')).toHaveLength(990);
    await expect(setUp()).rejects.toMatchObject({ code: 'too-many-requests' });
    expect(JSON.stringify(logged)).not.toContain(code);
    expect(await setUp({}, { address: '192.0.2.2' })).toMatchObject({ user: 'olga' });
  });

  test('after a minute an address may guess again', async () => {
    for (let tries = 0; tries < 10; tries += 1) await expect(setUp({ code: 'wrong' })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(setUp()).rejects.toMatchObject({ code: 'too-many-requests' });
    aheadMs += 61_000;
    expect(await setUp()).toMatchObject({ user: 'olga' });
  });
});

describe('once there is an account', () => {
  test('everybody hears the same, whatever the code, and no password is hashed for it', async () => {
    await setUp();
    const before = logged.length;
    const answers = await Promise.all([setUp({ user: 'eve' }), setUp({ user: 'eve', code: 'wrong' }), setUp({ user: 'token' }), setUp()].map((one) => one.then(() => 'made', String)));
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('has an account already');
    expect(await users()).toEqual(['olga admin']);
    expect(logged.length).toBe(before);
  });

  test('no code is made any more', async () => {
    await access.firstAdmin();
    expect(await access.newSetupCode()).toBeUndefined();
    await expect(setUp()).rejects.toMatchObject({ code: 'conflict' });
    expect(await needed()).toBe(false);
  });

  test('a code that was made before credentials were printed is worth nothing', async () => {
    expect(await access.firstAdmin()).toMatchObject({ user: 'admin' });
    await expect(setUp()).rejects.toMatchObject({ code: 'conflict' });
    expect(await users()).toEqual(['admin admin']);
  });
});
