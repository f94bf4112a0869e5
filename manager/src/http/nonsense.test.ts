/** The whole manager, asked nonsense in every field of every route: it refuses, it never breaks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Route, Problem, apiPrefix, routes } from '@pier/shared/api';
import { type Log, silentLog, systemClock, systemRandom } from '@pier/shared/core';
import { readConfig } from '../config.ts';
import { type Manager, openManager } from '../manager.ts';

let folder: string;
let manager: Manager;
let token: string;
const failures: object[] = [];
const log: Log = { ...silentLog, error: (fields, event) => failures.push({ ...fields, event }) };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-nonsense-'));
  manager = await openManager(readConfig(['start', '--data', folder], {}), { clock: systemClock, random: systemRandom, log });
  token = (await manager.access.firstAdmin())?.token ?? '';
});
afterAll(async () => {
  await manager?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const texts = ['', ' ', '\0', '..', '../../etc/passwd', "x' or '1'='1", '💥', 'x'.repeat(10_000), '-1', '1e999', 'null', '__proto__', 'constructor', '%00', '\n'];
const values: readonly unknown[] = [...texts, null, true, -1, 0, 1.5, Number.MAX_SAFE_INTEGER, [], [null], ['\0'], {}, { '': '' }, { __proto: 1 }, { a: { b: { c: [] } } }];

/** Bodies that are well-formed, so that one field at a time can be spoiled. Those of other routes are spoiled whole. */
const digest = `sha256:${'0'.repeat(64)}`;
const bodies: Readonly<Record<string, Record<string, unknown>>> = {
  createToken: { uses: 1, expiresInS: 60, tags: { site: 'a' } },
  createRelease: { repository: 'apps/blink', digest },
  createRollout: { release: 'none', devices: ['nobody'], soakS: 0, deadlineS: 60 },
  signOperator: { name: 'ann', csr: 'none' },
  putPolicy: { payloadType: 'application/vnd.pier.policy+json', payload: 'e30=', signatures: [{ sig: 'AA==' }] },
  putBindings: { led: { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17 } },
};
const params: Readonly<Record<string, string>> = { device: 'nobody', app: 'blink', id: 'none' };

async function ask({ method, path, query = {}, body }: { method: string; path: string; query?: Record<string, string>; body?: unknown }) {
  const url = new URL(apiPrefix + path, manager.addresses.http);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  const response = await fetch(url, { method, headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() };
}

function fill(path: string, instead: Readonly<Record<string, string>> = {}): string {
  return path.replace(/:([a-z]+)/g, (_, name: string) => encodeURIComponent(instead[name] ?? params[name] ?? ''));
}

function keysOf(schema: z.ZodType | undefined): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** Either it was taken, or a problem says why not; that the manager broke is neither. */
function isFit({ status, type, text }: Awaited<ReturnType<typeof ask>>): boolean {
  if (status < 400) return true;
  return status < 500 && type.startsWith('application/problem+json') && Problem.parse(JSON.parse(text)).status === status;
}

const hasParts = ({ params: one, query, body }: Route): boolean => [one, query, body].some((part) => part !== undefined);

/** Every request that spoils one thing of a route. */
function* spoiled(name: string, route: Route) {
  const { method, path } = route;
  const body = bodies[name];
  const whole = body === undefined ? {} : { body };
  for (const key of keysOf(route.params)) for (const text of texts) if (text !== '..') yield { method, path: fill(path, { [key]: text }), ...whole };
  for (const key of [...keysOf(route.query), 'unknown']) for (const text of texts) yield { method, path: fill(path), query: { [key]: text }, ...whole };
  if (route.body === undefined) return;
  for (const value of values) yield { method, path: fill(path), body: value };
  for (const key of [...Object.keys(body ?? {}), 'unknown']) for (const value of values) yield { method, path: fill(path), body: { ...body, [key]: value } };
}

test.each(Object.entries(routes as Readonly<Record<string, Route>>))('%s', async (name, route) => {
  failures.length = 0;
  const broken: string[] = [];
  let refused = 0;
  for (const request of spoiled(name, route)) {
    const answer = await ask(request);
    refused += answer.status >= 400 ? 1 : 0;
    if (!isFit(answer)) broken.push(`${JSON.stringify(request).slice(0, 300)} gave ${answer.status} ${answer.text.slice(0, 300)}`);
  }
  expect(broken).toEqual([]);
  expect(failures).toEqual([]);
  expect(refused).toBeGreaterThan(hasParts(route) ? 10 : -1);
});

test('after all that it still answers, and everything it needs does too', async () => {
  expect(JSON.parse((await ask({ method: 'GET', path: '/health' })).text)).toEqual({ ok: true, database: true, broker: true });
});
