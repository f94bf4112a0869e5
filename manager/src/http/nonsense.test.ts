/** The whole manager, asked nonsense in every field of every route: it refuses, it never breaks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Route, type RouteName, routes } from '@pier/shared/api';
import { type Log, silentLog, systemClock, systemRandom } from '@pier/shared/core';
import { readConfig } from '../config.ts';
import { type Manager, openManager } from '../manager.ts';
import { askNonsense, isFit, spoiledRequests } from './testing/spoiled.ts';

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

const hasParts = ({ params, query, body }: Route): boolean => [params, query, body].some((part) => part !== undefined);

test.each(Object.keys(routes) as RouteName[])('%s', async (name) => {
  failures.length = 0;
  const broken: string[] = [];
  let refused = 0;
  for (const request of spoiledRequests(name)) {
    const answer = await askNonsense(request, { baseUrl: manager.addresses.http, token });
    refused += answer.status >= 400 ? 1 : 0;
    if (!isFit(answer)) broken.push(`${JSON.stringify(request).slice(0, 300)} gave ${answer.status} ${answer.text.slice(0, 300)}`);
  }
  expect(broken).toEqual([]);
  expect(failures).toEqual([]);
  expect(refused).toBeGreaterThan(hasParts(routes[name]) ? 10 : -1);
});

test('after all that it still answers, and everything it needs does too', async () => {
  const health = await askNonsense({ method: 'GET', path: '/api/v1/health' }, { baseUrl: manager.addresses.http, token });
  expect(JSON.parse(health.text)).toEqual({ ok: true, database: true, broker: true });
});
