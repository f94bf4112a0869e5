import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pagePaths } from '@pier/shared/api';
import { silentLog, systemClock, systemRandom } from '@pier/shared/core';
import { readConfig } from '../config.ts';
import { type Manager, openManager } from '../manager.ts';
import { readBuilt } from './built.ts';

let folder: string;
let manager: Manager;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-web-'));
  manager = await openManager(readConfig(['start', '--data', folder], {}), { clock: systemClock, random: systemRandom, log: silentLog });
});
afterAll(async () => {
  await manager?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(manager.addresses.http + path, { redirect: 'manual', headers });
const sessionIn = (text: string) => /name="pier-session" content="(\w+)"/.exec(text)?.[1];

test('the page says what is known of the browser: no account at all, nobody signed in, signed in, or a session that is over', async () => {
  expect(sessionIn(await (await get('/')).text())).toBe('setup');
  const admin = await manager.access.firstAdmin();
  const signedIn = await fetch(`${manager.addresses.http}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user: admin?.user, password: admin?.password }) });
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
  const asked = await Promise.all([get('/'), get('/', { cookie }), get('/', { cookie: 'pier_session=made-up' }), get('/', { cookie: '=;;=' })]);
  expect(await Promise.all(asked.map(async (answer) => [answer.status, sessionIn(await answer.text())]))).toEqual([[200, 'none'], [200, 'open'], [200, 'none'], [200, 'none']]);
});

test.each(pagePaths)('%s is answered with the page', async (path) => {
  const answer = await get(path.replaceAll(/:\w+/g, 'x'));
  expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([200, 'text/html; charset=utf-8', 'no-store']);
});

test('each page has a nonce of its own for the styles that its scripts make, and nothing inline', async () => {
  const [one, two] = await Promise.all([get('/'), get('/devices')]);
  const text = await one.text();
  const nonce = /name="csp-nonce" content="([\w-]{22})"/.exec(text)?.[1] ?? 'none';
  expect(one.headers.get('content-security-policy')).toBe(`default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`);
  expect(two.headers.get('content-security-policy')).not.toContain(nonce);
  expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|https?:\/\/|<script(?![^>]*\ssrc="\/)/);
});

test('all that the page wants is there: files whose names change with what is in them, for ever, packed where that helps', async () => {
  const text = await (await get('/')).text();
  const wanted = [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? '');
  expect(wanted.length).toBeGreaterThan(2);
  for (const path of wanted) {
    const file = await get(path, { 'accept-encoding': 'gzip' });
    expect([path, file.status, file.headers.get('x-content-type-options')]).toEqual([path, 200, 'nosniff']);
    expect([path, file.headers.get('content-encoding'), file.headers.get('cache-control')]).toEqual([path, 'gzip', path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-store']);
  }
});

test.each(['/assets/../../package.json', '/assets/%2e%2e/%2e%2e/package.json', '/index.html', '/built-from', '/assets/', '/.git/config'])('%s is nothing that is given away', async (path) => {
  const answer = await get(path, { accept: 'text/html' });
  expect(answer.status).toBe(404);
  expect(await answer.text()).not.toMatch(/"name"|sha256|\[core\]/);
});

test('a person at an unknown path gets a page, a program a problem document, and the API never a page', async () => {
  const page = await get('/<b>nothing</b>', { accept: 'text/html,*/*;q=0.8' });
  expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  const text = await page.text();
  expect(text).toContain('<h1>Not found</h1>');
  expect(text).not.toContain('<b>');
  const problem = 'application/problem+json';
  expect((await get('/nothing')).headers.get('content-type')).toContain(problem);
  expect((await get('/api/v1/nothing', { accept: 'text/html' })).headers.get('content-type')).toContain(problem);
});

test('a folder without a build is told so, with what to run; files of unknown kinds are left out', async () => {
  const empty = join(folder, 'empty');
  await mkdir(join(empty, 'assets'), { recursive: true });
  await expect(readBuilt(empty)).rejects.toThrow(/npm run build:web/);
  await writeFile(join(empty, 'index.html'), '<p>');
  await writeFile(join(empty, 'secret.pem'), 'x');
  await writeFile(join(empty, 'assets', 'a-1.js'), 'x');
  expect((await readBuilt(empty)).files.map(({ path, hashed }) => [path, hashed])).toEqual([['/assets/a-1.js', true]]);
});
