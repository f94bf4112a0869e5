/** The whole manager, asked nonsense in every field of every route: it refuses, it never breaks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Route, type RouteName, apiClient, routes } from '@pier/shared/api';
import { Asks } from '@pier/shared/capability';
import { DeviceId, type Log, silentLog, systemClock, systemRandom } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { BoardProfile } from '@pier/shared/hardware';
import { TrustPolicy, generateKeyPair, payloadTypes, signEnvelope } from '@pier/shared/signing';
import { layDatabase } from '../testing/laid-database.ts';
import { openAuthority } from '../authority/index.ts';
import { readConfig } from '../config.ts';
import { connectionKept, device, deviceLive, deviceState, event, openDatabase, pendingDevice, policy, release, telemetry } from '../db/index.ts';
import { type Manager, openManager } from '../manager.ts';
import { askNonsense, isFit, spoiledRequests } from './testing/spoiled.ts';

let folder: string;
let manager: Manager;
let token: string;
const failures: object[] = [];
const log: Log = { ...silentLog, error: (fields, what) => failures.push({ ...fields, what }) };

const board = BoardProfile.parse({ model: 'test', onRelease: 'input', chips: [{ label: 'pinctrl-bcm2711', lines: [{ line: 17, name: 'GPIO17' }] }] });

/** A little of everything, so that requests that are sound but for one thing reach the bottom of each room. */
async function seed(dataDir: string): Promise<void> {
  const { scheduler } = await openAuthority({ dir: join(dataDir, 'authority'), clock: systemClock, hosts: [] });
  await layDatabase(dataDir);
  await using database = await openDatabase({ dataDir, clock: systemClock, log: silentLog });
  const { db } = database;
  const root = generateKeyPair();
  const trust = TrustPolicy.parse({ number: 7, root: { id: root.id, pem: root.publicPem }, keys: [{ id: scheduler.id, name: 'manager', role: 'scheduler', pem: scheduler.publicPem }], scopes: [], bindings: 'manager', permits: 'optional', unsignedCommands: 'readOnly' });
  await db.insert(policy).values({ number: 7, rootId: root.id, envelope: signEnvelope({ payloadType: payloadTypes.policy, payload: JSON.stringify(trust), privatePem: root.privatePem }), setBy: 'admin' });
  for (const [id, state] of [['nobody', 'active'], ['leaver', 'active'], ['waiter', 'pending']] as const) {
    await db.insert(device).values({ id, name: id, model: board.model, profile: board, tags: { site: 'a' }, state, keyId: digestOf(id) });
    await db.insert(deviceState).values({ deviceId: id });
  }
  await db.insert(pendingDevice).values({ deviceId: 'waiter', tokenId: 'token-1' });
  await db.insert(deviceLive).values({ deviceId: 'nobody', online: false, conn: 'c', agent: '1', gen: 1, boot: 1, seq: 1, rev: 0, lastSeenAt: new Date(systemClock.nowMs()) });
  await db.insert(event).values({ deviceId: 'nobody', gen: 1, boot: 1, seq: 1, type: 'refused', app: 'blink', code: 'unsigned', reason: 'nobody signed it' });
  await db.insert(telemetry).values({ deviceId: 'nobody', app: 'blink', gen: 1, boot: 1, n: 1, series: 'power', value: 1.5, at: new Date(systemClock.nowMs()) });
  const asks = Asks.parse({ gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] });
  for (const [counter, id] of ['none', 'spare'].entries()) {
    await db.insert(release).values({ id, app: 'blink', version: `1.0.${counter}`, counter: counter + 1, repository: 'apps/blink', digest: digestOf(id), sizeBytes: 1_000, asks, limits: {}, state: 'verified', signedBy: { ids: [] }, policyNumber: 7, createdBy: 'dev' });
  }
}

/** Whom a manager takes for online, it has heard since its start; this one an hour from now, so that it stays so however long all of this takes. */
async function comeOnline(dataDir: string): Promise<void> {
  const client = new Client(await connectionKept(join(dataDir, 'postgres')));
  await client.connect();
  const { rowCount } = await client.query(`update device_live set online = true, last_seen_at = now() + interval '1 hour' where device_id = 'nobody'`);
  await client.end();
  if (rowCount !== 1) throw new Error('there is no such device');
}

/** What is there, for each route whose sound request should meet it; what ends something meets a thing of its own. */
let rolloutId: string;
function thereFor(name: RouteName): Record<string, string> {
  if (routes[name].path.startsWith('/rollouts/')) return { id: rolloutId };
  if (name === 'revokeDevice') return { device: 'leaver' };
  if (name === 'approveDevice') return { device: 'waiter' };
  return name === 'withdrawRelease' ? { id: 'spare' } : {};
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-nonsense-'));
  await seed(folder);
  manager = await openManager(readConfig(['start', '--data', folder], {}), { clock: systemClock, random: systemRandom, log });
  await comeOnline(folder);
  token = (await manager.access.firstAdmin())?.token ?? '';
  const api = apiClient({ baseUrl: manager.addresses.http, token });
  rolloutId = (await api.call('createRollout', { body: { release: 'none', devices: [DeviceId.parse('nobody')] } })).id;
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
  for (const request of spoiledRequests(name, thereFor(name))) {
    const answer = await askNonsense(request, { baseUrl: manager.addresses.http, token });
    refused += answer.status >= 400 ? 1 : 0;
    if (!isFit(answer)) broken.push(`${JSON.stringify(request).slice(0, 300)} gave ${answer.status} ${answer.text.slice(0, 300)}`);
  }
  expect(broken).toEqual([]);
  expect(failures).toEqual([]);
  expect(refused).toBeGreaterThan(hasParts(routes[name]) ? 10 : -1);
}, 300_000);

test('after all that it still answers, and everything it needs does too', async () => {
  const health = await askNonsense({ method: 'GET', path: '/api/v1/health' }, { baseUrl: manager.addresses.http, token });
  expect(JSON.parse(health.text)).toEqual({ ok: true, database: true, broker: true });
});
