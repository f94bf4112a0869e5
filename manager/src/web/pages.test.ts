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

test('the page brings nothing but its own two files, and what it loads lies here', async () => {
  const text = await (await get('/', { cookie: await cookie() })).text();
  const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(loaded).toEqual(['/mark.svg', '/pier.css', '/mark.svg', '/pier.js']);
  expect(text).not.toMatch(/<script>|<style|\son\w+=/);
  for (const path of loaded) {
    const file = await get(path);
    expect(file.status).toBe(200);
    expect(await file.text()).not.toMatch(/https?:\/\/|innerHTML|insertAdjacentHTML|eval\(/);
  }
});

test('text is escaped wherever it stands in a page', () => {
  expect(html`<a title="${`"'<&>`}">${'<b>'}</a>${html`<i>${'&'}</i>`}`.text).toBe('<a title="&quot;&#39;&lt;&amp;&gt;">&lt;b&gt;</a><i>&amp;</i>');
});
