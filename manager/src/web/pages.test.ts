import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog, systemClock, systemRandom } from '@pier/shared/core';
import type { Credentials } from '../access/index.ts';
import { readConfig } from '../config.ts';
import { type Manager, openManager } from '../manager.ts';
import { html } from './html.ts';

let folder: string;
let manager: Manager;
let admin: Credentials;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-web-'));
  manager = await openManager(readConfig(['start', '--data', folder], {}), { clock: systemClock, random: systemRandom, log: silentLog });
  const made = await manager.access.firstAdmin();
  if (made === undefined) throw new Error('no administrator was made');
  admin = made;
});
afterAll(async () => {
  await manager?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(manager.addresses.http + path, { redirect: 'manual', headers });
const logIn = (fields: Record<string, string>, headers: Record<string, string> = {}) => fetch(`${manager.addresses.http}/login`, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers });

async function cookie(): Promise<string> {
  const answer = await logIn({ user: admin.user, password: admin.password });
  return (answer.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
}

test('who has not signed in is led to the form', async () => {
  const answer = await get('/');
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login']);
  const form = await get('/login');
  expect(form.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await form.text()).toContain('<form method="post" action="/login">');
});

test('signing in gives a cookie that scripts and foreign pages do not get, and it opens page and API', async () => {
  const answer = await logIn({ user: admin.user, password: admin.password }, { 'sec-fetch-site': 'same-origin' });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
  expect(answer.headers.get('set-cookie')).toMatch(/^pier_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax$/);
  const session = { cookie: await cookie() };
  expect(await (await get('/', session)).text()).toContain('<span class="who">admin</span>');
  expect(await (await get('/api/v1/me', session)).json()).toEqual({ user: 'admin', role: 'admin' });
});

test('signing out ends the session, and only a page of our own can ask for it', async () => {
  const session = { cookie: await cookie() };
  const leave = (headers: Record<string, string>) => fetch(`${manager.addresses.http}/api/v1/session`, { method: 'DELETE', headers: { ...session, ...headers } });
  expect((await leave({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await leave({ 'sec-fetch-site': 'same-origin' })).status).toBe(204);
  expect((await get('/', session)).status).toBe(303);
});

test.each([
  ['a wrong password', { user: 'admin', password: 'wrong' }, 401],
  ['markup for a name', { user: '<script>alert(1)</script>', password: 'x' }, 401],
  ['no password', { user: 'admin' }, 400],
  ['a field too many', { user: 'admin', password: 'x', role: 'admin' }, 400],
  ['an endless name', { user: 'x'.repeat(2_000), password: 'x' }, 400],
])('%s is refused on the form, in words', async (_what, fields, status) => {
  const answer = await logIn(fields);
  const text = await answer.text();
  expect(answer.status).toBe(status);
  expect(answer.headers.get('set-cookie')).toBeNull();
  expect(text).toContain('role="alert"');
  expect(text).not.toContain('<script>');
});

test('a foreign page signs nobody in', async () => {
  expect((await logIn({ user: admin.user, password: admin.password }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
});

test('who comes back after the end of a session is told so', async () => {
  expect(await (await get('/login?ended')).text()).toContain('Your session has ended');
  expect(await (await get('/login')).text()).not.toContain('ended');
});

test('the page brings nothing but its own files, all of which lie here, under a policy that allows no others', async () => {
  const session = { cookie: await cookie() };
  const page = await get('/', session);
  expect(page.headers.get('content-security-policy')).toBe("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
  const text = await page.text();
  expect(text).not.toMatch(/<script>|<style|\sstyle=|\son\w+=|https?:\/\//);
  const wanted = linksOf(text);
  expect(wanted).toEqual(expect.arrayContaining(['/pier.css', '/pier.js', '/mark.svg']));
  for (const path of wanted) {
    const file = await get(path);
    expect([path, file.status, file.headers.get('x-content-type-options')]).toEqual([path, 200, 'nosniff']);
    const body = await file.text();
    expect(body.replace('xmlns="http://www.w3.org/2000/svg"', '').replace("'http://www.w3.org/2000/svg'", '')).not.toMatch(/https?:\/\/|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/);
    for (const [, name = ''] of body.matchAll(/from '\.(\/[\w.]+)'/g)) if (!wanted.includes(name)) wanted.push(name);
  }
  expect(wanted).toEqual(expect.arrayContaining(['/dom.js', '/facts.js', '/tree.js', '/views.js']));
});

const linksOf = (text: string): string[] => [...new Set([...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? ''))];

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

test('text is escaped wherever it stands in a page', () => {
  expect(html`<a title="${`"'<&>`}">${'<b>'}</a>${html`<i>${'&'}</i>`}`.text).toBe('<a title="&quot;&#39;&lt;&amp;&gt;">&lt;b&gt;</a><i>&amp;</i>');
});
