/** Setting up, signing in and out over HTTP, as a browser does it and as strangers try it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '@pier/shared/api';
import { type Log, silentLog, systemClock, systemRandom } from '@pier/shared/core';
import { readConfig } from '../config.ts';
import { type Manager, openManager } from '../manager.ts';

let folder: string;
let manager: Manager;
let code: string;
const logged: string[] = [];
const note = (fields: object, what: string): number => logged.push(JSON.stringify({ ...fields, what }));
const log: Log = { ...silentLog, debug: note, info: note, warn: note, error: note };
const password = 'a password long enough';
const ours = { 'sec-fetch-site': 'same-origin' } as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-session-'));
  manager = await openManager(readConfig(['start', '--data', folder], {}), { clock: systemClock, random: systemRandom, log });
  code = (await manager.access.newSetupCode()) ?? '';
});
afterAll(async () => {
  await manager?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

type Sent = { readonly method?: string; readonly body?: unknown; readonly headers?: Record<string, string> };
async function ask(path: string, { method = 'GET', body, headers = {} }: Sent = {}) {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(`${manager.addresses.http}/api/v1${path}`, { method, headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers }, ...(text === undefined ? {} : { body: text }) });
  const said = await answer.text();
  return { status: answer.status, json: said === '' ? undefined : (JSON.parse(said) as Record<string, unknown>), cookie: answer.headers.get('set-cookie') };
}
const post = (path: string, body: unknown, headers: Record<string, string> = {}) => ask(path, { method: 'POST', body, headers });
const sessionOf = (cookie: string | null): { cookie: string } => ({ cookie: (cookie ?? '').split(';', 1)[0] ?? '' });
const signIn = async () => sessionOf((await post('/session', { user: 'olga', password }, ours)).cookie);
const keptCookie = /^pier_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax$/;
const foreign = ['cross-site', 'same-site', 'none', 'nonsense', 'same-origin, cross-site'];

// In the order of a manager's life: what comes later stands on the account that is made here.
describe('setting up', () => {
  test('is open to everybody who asks whether it is needed', async () => {
    expect(await ask('/setup')).toMatchObject({ status: 200, json: { needed: true } });
  });

  test.each(foreign)('a page of elsewhere (%s) may not, even with the code', async (site) => {
    const answer = await post('/setup', { code, user: 'eve', password }, { 'sec-fetch-site': site });
    expect(answer).toMatchObject({ status: 403, json: { code: 'forbidden' }, cookie: null });
  });

  test.each([
    ['text', { 'content-type': 'text/plain' }, 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['from under a foreign name', { 'content-type': 'application/json', host: 'evil.example' }, 403],
  ])('a body that is sent as %s is not read', async (_what, headers, status) => {
    const { request } = await import('node:http');
    const answered = await new Promise<number>((resolve, reject) => {
      const url = new URL(`${manager.addresses.http}/api/v1/setup`);
      request(url, { method: 'POST', headers }, (response) => resolve(response.resume().statusCode ?? 0)).once('error', reject).end(JSON.stringify({ code, user: 'eve', password }));
    });
    expect(answered).toBe(status);
  });

  test.each(['/setup', '/session'])('of a body for %s no more than 8 KiB is taken, far below what others may send', async (path) => {
    const filler = { user: 'eve', password, filler: 'x'.repeat(9_000) };
    expect(await post(path, { code, ...filler })).toMatchObject({ status: 413, json: { code: 'too-large' } });
    expect((await post(path, `{"user":"${'x'.repeat(1 << 20)}"}`)).status).toBe(413);
  });

  test.each([
    ['a short password', { password: 'short' }],
    ['an odd name', { user: 'Olga!' }],
    ['a long code', { code: 'x'.repeat(65) }],
    ['a role of its own choice', { role: 'viewer' }],
    ['no code', { code: undefined }],
    ['a code that is no text', { code: [code] }],
  ])('with %s nothing is made', async (_what, spoiled) => {
    expect(await post('/setup', { code, user: 'olga', password, ...spoiled })).toMatchObject({ status: 400, json: { code: 'input-invalid' } });
  });

  test('guesses over many connections are counted together; of two with the right code at once one wins, and its browser is in', async () => {
    const guesses = await Promise.all(Array.from({ length: 9 }, (_, n) => post('/setup', { code: `AAAA-BBBB-CCC${n}`, user: 'eve', password })));
    expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([403]));
    const both = await Promise.all(['olga', 'oleg'].map((user) => post('/setup', { code, user, password }, ours)));
    expect(both.map(({ status }) => String(status)).toSorted()).toEqual(['201', '409']);
    const [won, lost] = both[0]?.status === 201 ? both : both.toReversed();
    expect(won?.cookie).toMatch(keptCookie);
    expect(lost).toMatchObject({ json: { code: 'conflict' }, cookie: null });
    const me = won?.json as { user: string };
    expect((await ask('/me', { headers: sessionOf(won?.cookie ?? null) })).json).toEqual({ ...me, role: 'admin' });
    // Whoever won, both have an account from here on.
    const other = me.user === 'olga' ? 'oleg' : 'olga';
    expect((await post('/users', { name: other, role: 'admin', password }, { ...ours, ...sessionOf(won?.cookie ?? null) })).status).toBe(201);
  });

  test('afterwards the right code and a wrong one get the same answer, again and again', async () => {
    const answers = [];
    for (let tries = 0; tries < 24; tries += 1) answers.push(await post('/setup', { code: tries % 2 === 0 ? code : 'wrong', user: 'eve', password }));
    expect(new Set(answers.map(({ status, json, cookie }) => JSON.stringify([status, json, cookie]))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 409, json: { code: 'conflict' }, cookie: null });
    expect((await ask('/setup')).json).toEqual({ needed: false });
  });
});

describe('signing in', () => {
  test('answers who it is, with a cookie that scripts and foreign pages do not get', async () => {
    const answer = await post('/session', { user: 'olga', password }, ours);
    expect(answer).toMatchObject({ status: 201, json: { user: 'olga', role: 'admin' }, cookie: expect.stringMatching(keptCookie) });
    expect((await ask('/me', { headers: sessionOf(answer.cookie) })).json).toEqual({ user: 'olga', role: 'admin' });
  });

  test.each(foreign)('a page of elsewhere (%s) signs nobody in', async (site) => {
    expect(await post('/session', { user: 'olga', password }, { 'sec-fetch-site': site })).toMatchObject({ status: 403, json: { code: 'forbidden' }, cookie: null });
  });

  test('a wrong password and an unknown name get the same answer, without a cookie', async () => {
    const [wrong, unknown] = [await post('/session', { user: 'olga', password: 'wrong' }), await post('/session', { user: 'nobody', password: 'wrong' })];
    expect(wrong).toEqual(unknown);
    expect(wrong).toMatchObject({ status: 401, json: { code: 'unauthenticated' }, cookie: null });
  });

  test('again in the same browser begins a session of its own; a key by which answers are kept keeps none here', async () => {
    const session = await signIn();
    const headers = { ...ours, ...session, 'idempotency-key': 'again' };
    const [first, second] = [await post('/session', { user: 'olga', password }, headers), await post('/session', { user: 'olga', password }, headers)];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(new Set([session.cookie, sessionOf(first.cookie).cookie, sessionOf(second.cookie).cookie]).size).toBe(3);
  });

  test('out ends the session and takes the cookie back; a foreign page cannot do it', async () => {
    const session = await signIn();
    for (const site of foreign) expect((await ask('/session', { method: 'DELETE', headers: { ...session, 'sec-fetch-site': site } })).status).toBe(403);
    expect((await ask('/me', { headers: session })).status).toBe(200);
    const out = await ask('/session', { method: 'DELETE', headers: { ...session, ...ours } });
    expect(out).toMatchObject({ status: 204, cookie: 'pier_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax' });
    expect((await ask('/me', { headers: session })).status).toBe(401);
  });

  test("with a session one's password is changed, and the session stays", async () => {
    const [here, there] = [await signIn(), await signIn()];
    const change = (was: string, next: string, headers: Record<string, string> = { ...here, ...ours }) => ask('/me', { method: 'PATCH', body: { was, password: next }, headers });
    expect((await change(password, 'short')).status).toBe(400);
    expect((await change('wrong', 'a new password, long')).status).toBe(403);
    expect((await change(password, 'a new password, long', here)).status).toBe(403);
    expect(await change(password, 'a new password, long')).toMatchObject({ status: 200, json: { user: 'olga', role: 'admin' } });
    expect((await ask('/me', { headers: here })).status).toBe(200);
    expect((await ask('/me', { headers: there })).status).toBe(401);
    expect((await change('a new password, long', password)).status).toBe(200);
  });
});

test('views are kept under any name that fits into a path, however long it is there', async () => {
  const session = await signIn();
  const headers = { ...session, ...ours };
  for (const name of ['all', 'am Kai, läuft', "x' or '1'='1", '💥'.repeat(32), '水'.repeat(64)]) {
    const path = `/views/${encodeURIComponent(name)}`;
    expect(await ask(path, { method: 'PUT', body: { query: 'standing=offline&tag=a%20b' }, headers })).toMatchObject({ status: 200, json: { name, query: 'standing=offline&tag=a%20b' } });
    expect((await ask(path, { method: 'DELETE', headers })).status).toBe(204);
    expect((await ask(path, { method: 'DELETE', headers })).status).toBe(404);
  }
  for (const name of ['a%2Fb', 'a%3Fb', 'a%23b', 'a%25', 'a%00', '%ff', 'x'.repeat(65)]) expect((await ask(`/views/${name}`, { method: 'PUT', body: { query: '' }, headers })).status).toBe(400);
  expect((await ask('/views/long', { method: 'PUT', body: { query: 'x'.repeat(4_097) }, headers })).status).toBe(400);
  expect((await ask('/views', { headers })).json).toEqual({ items: [] });
});

test('after all that the log holds neither the code, nor a password, nor a session; and the routes say which of their parts are secret', async () => {
  const text = logged.join('\n');
  expect(text).toContain('access.set-up');
  for (const secret of [code, code.replaceAll('-', ''), password, (await signIn()).cookie.slice('pier_session='.length)]) expect(text).not.toContain(secret);
  expect([routes.setUp.secrets, routes.logIn.secrets, routes.changeMe.secrets]).toEqual([['code', 'password'], ['password'], ['was', 'password']]);
});
