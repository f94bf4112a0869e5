/** Managers on a PostgreSQL of somebody else: whose it is, what comes of one that hangs, and of one that an older or a newer manager left. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiClient } from '@pier/shared/api';
import { DeviceId, systemClock } from '@pier/shared/core';
import { fillAt, schemaTags } from '../../manager/src/testing/index.ts';
import { exampleGuest } from '../support/guests.ts';
import { runPier } from '../support/pier.ts';
import { type Server, startServer, withClient } from '../support/postgres.ts';
import { processesOf, signalAll } from '../support/processes.ts';
import { type ManagerReady, childEnv, openStage } from '../support/stage.ts';
import { button, deploymentIn, led, openWorld, until } from '../support/world.ts';

let server: Server;
let dir: string;
beforeAll(async () => {
  server = await startServer();
  dir = mkdtempSync(join(tmpdir(), 'pier-managers-'));
}, 120_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

/** The server lets go of it a moment after its holder is gone. */
const lockOfThis = `select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`;
/** A start that is expected to fail. */
const start = (url: string, data: string) => runPier(['manager', 'start', '--data', data, '--ready', 'json'], { env: childEnv({ DATABASE_URL: url }) });
const logOf = (folder: string): string => readFileSync(join(folder, 'logs/manager.log'), 'utf8');
const asks = async (http: string, path: string) => {
  const answer = await fetch(`${http}/api/v1${path}`);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

test('a second manager is kept out of a database that one has, also when that one has lost its lock for a moment, and a stranger when nobody has it', async () => {
  const url = await server.newDatabase();
  const [a, b] = [join(dir, 'a'), join(dir, 'b')];
  await using stage = openStage(a, { DATABASE_URL: url });
  await stage.startManager();
  const second = await start(url, b);
  expect([second.status, second.stderr]).toEqual([5, expect.stringMatching(/another manager is running on this database from 127\.0\.0\.1 since 20/)]);
  await withClient(url, (client) => client.query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'`));
  await until('the lock taken again', () => logOf(a).includes('database.lock-retaken') || undefined);
  signalAll(processesOf(join(a, 'manager')).filter(({ program }) => program === 'node'), 'SIGKILL');
  await until('no process of the manager', () => processesOf(join(a, 'manager')).length === 0 || undefined);
  await withClient(url, (client) => until('its lock let go', async () => (await client.query(lockOfThis)).rowCount === 0 || undefined));
  const stranger = await start(url, b);
  expect([stranger.status, stranger.stderr]).toEqual([5, expect.stringContaining('belongs to the installation with the CA')]);
  expect(existsSync(join(b, 'authority'))).toBe(false);
  // What a kill left holds nobody up.
  await stage.startManager();
});

test('a database that a newer manager changed is refused, and not touched', async () => {
  const url = await server.newDatabase();
  await withClient(url, async (client) => {
    await fillAt(client, schemaTags.at(-1) ?? '');
    await client.query(`insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 4102444800000)`);
  });
  const refused = await start(url, join(dir, 'older'));
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/last changed by a newer manager \(schema 4102444800000; this one knows \d+\): start that one, or restore a backup/)]);
});

describe('a database that an older manager left, with rows in every table', () => {
  test.each(schemaTags.slice(0, -1))('is brought up from the schema %s, and served', async (tag) => {
    const url = await server.newDatabase();
    const token = `pier_${'0'.repeat(12)}_${'a'.repeat(43)}`;
    const devices = await withClient(url, async (client) => {
      await fillAt(client, tag);
      // Whose it is stands in the data folder, which is made anew here.
      if (tag >= '0003') await client.query('delete from installation');
      await client.query('update api_token set hash = $1', [createHash('sha256').update(token).digest('hex')]);
      return (await client.query<{ n: number }>('select count(*)::int as n from device')).rows[0]?.n;
    });
    const folder = join(dir, tag);
    await using stage = openStage(folder, { DATABASE_URL: url });
    const { ready } = await stage.startManager();
    expect(ready.admin).toBeUndefined();
    expect((await asks(ready.http, '/ready')).status).toBe(200);
    const api = apiClient({ baseUrl: ready.http, token });
    expect((await api.call('listDevices', {})).items).toHaveLength(devices ?? 0);
    expect((await api.call('getDevice', { params: { device: DeviceId.parse('dock-3') } })).deployments).toMatchObject([{ rollout: 'r1', state: 'soaking', attempt: 3 }]);
    expect((await api.call('listRollouts', {})).items.map(({ id, state }) => `${id} ${state}`).toSorted()).toEqual(['r1 running', 'r2 paused', 'r3 completed', 'r4 aborted', 'r5 aborted']);
    expect((await api.call('listReleases', {})).items).toHaveLength(5);
    expect((await api.call('listAudit', { query: { object: 'device:dock-1' } })).items.length).toBeGreaterThan(0);
    expect((await api.call('createToken', { body: {} })).token).toMatch(/^pier1\./);
    expect(logOf(folder)).not.toMatch(/"level":50/);
  });
});

/** Stops every process of a PostgreSQL. Its first one first, so that it makes no others meanwhile. Gives all of them. */
function freeze(pid: number): { pid: number }[] {
  signalAll([{ pid }], 'SIGSTOP');
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const after = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1) ?? '';
      return Number(after.split(' ')[1]) === pid ? [{ pid: Number(name) }] : [];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
  signalAll(children, 'SIGSTOP');
  return [...children, { pid }];
}

test('a database that hangs is said to, requests are refused at once, devices go on, and what they said meanwhile is stored when it is back', async () => {
  const own = await startServer();
  try {
    await using world = await openWorld({ DATABASE_URL: await own.newDatabase() });
    const blink = await exampleGuest('blink');
    const { device } = await world.enrol();
    await world.bind(device, 'blink', { led, button });
    const rollout = await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...blink }), device, { soakS: 3, deadlineS: 300 });
    await deploymentIn(world, { device, rollout, states: ['applying', 'soaking', 'proven'] });
    const { http }: ManagerReady = world.manager;
    const frozen = freeze(own.pid());
    try {
      const told = await until('a manager that is not ready', async () => {
        const seen = await asks(http, '/ready');
        return seen.status === 503 ? seen.body : undefined;
      });
      expect(told).toMatchObject({ code: 'not-ready', detail: expect.stringContaining('database:') });
      const refused = await until('requests refused', async () => {
        const seen = await asks(http, '/me');
        return seen.status === 503 ? seen.body : undefined;
      });
      expect(refused).toMatchObject({ code: 'unreachable' });
      expect((await asks(http, '/health')).body).toMatchObject({ ok: false, database: false, broker: true, reasons: { database: expect.any(String) } });
      await systemClock.sleep(5_000);
    } finally {
      signalAll(frozen, 'SIGCONT');
    }
    await until('a manager that is ready again', async () => (await asks(http, '/ready')).status === 200 || undefined);
    expect(await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'timed_out'] })).toMatchObject({ state: 'proven' });
    // Its first process is killed with all connections: the server starts again by itself, and the manager goes on.
    const before = logOf(world.dir).length;
    const saidSince = (what: string) => logOf(world.dir).slice(before).includes(what) || undefined;
    process.kill(own.pid(), 'SIGKILL');
    await until('a manager that noticed', () => saidSince('database.connection-lost'));
    await until('a manager that is ready again', async () => (await asks(http, '/ready')).status === 200 || undefined);
    await until('the lock taken again', () => saidSince('database.lock-retaken'));
    await expect.poll(async () => (await world.look(device)).standing, { timeout: 60_000 }).not.toBe('failed');
  } finally {
    await own[Symbol.asyncDispose]();
  }
});
