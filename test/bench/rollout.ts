import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { Fault, silentLog, systemClock } from '@pier/shared/core';
import type { AnswerOf } from '@pier/shared/api';
import { openPostgres } from '../../manager/src/db/embedded/index.ts';
import { openWorld, until } from '../support/world.ts';
import { wat } from '../support/wat.ts';
import type { Row } from './summary.ts';
import { cpuSecondsOf, watchMemory } from './usage.ts';

/** Asks for nothing, so that it needs no binding; its bytes never leave the registry, as if each device had them. */
const guest = '(module (memory (export "memory") 1) (func (export "_start")))';

/**
 * A rollout to so many simulated devices over mutual TLS: signed desired documents that each verifies, three waves at
 * 100 %, no soak, five reports a device, each stored with an audit row. The generator's own CPU time is a row of its own.
 */
export async function rollout(devices: number): Promise<Row[]> {
  await using database = await openCountingDatabase();
  await using world = await openWorld({ DATABASE_URL: database.url });
  const token = (await world.api.call('createToken', { body: { uses: devices } })).token;
  const enrolMs = systemClock.monotonicMs();
  const fleet = await world.stage.startFleet({ boards: devices, manager: world.manager.device, token });
  const enrolledS = (systemClock.monotonicMs() - enrolMs) / 1_000;
  const pushed = await world.push({ app: 'bench', version: '1.0.0', counter: 1, wasm: await wat(guest) });
  const pids = { manager: world.managerPid, database: database.pid, fleet: fleet.process.child.pid ?? 0 };
  const before = { manager: cpuSecondsOf(pids.manager), database: cpuSecondsOf(pids.database), fleet: cpuSecondsOf(pids.fleet), statements: await database.statements() };
  using memory = watchMemory([pids.manager, pids.database]);
  const fromMs = systemClock.monotonicMs();
  const id = await world.rollOutTo(pushed, { devices: fleet.devices.map((one) => one as Parameters<typeof world.look>[0]), soakS: 0, waves: [{ take: { by: 'percent', percent: 1 } }, { take: { by: 'percent', percent: 10 } }, { take: { by: 'rest' } }], maxInFlight: 10_000 });
  await until('the rollout complete', async () => {
    const seen = await world.api.call('getRollout', { params: { id } });
    if (seen.state === 'paused') throw new Fault('not-proven', seen.reason?.reason ?? 'paused');
    return seen.state === 'completed' ? true : undefined;
  }, 300_000);
  const wallS = (systemClock.monotonicMs() - fromMs) / 1_000;
  const name = (what: string): string => `rollout to ${devices} devices, 3 waves: ${what}`;
  const firstCommandMs = await firstOffer(world, id);
  return [
    { name: `${devices} devices enrol and connect over TLS, one process`, unit: 's', values: [enrolledS] },
    { name: name('wall'), unit: 's', values: [wallS] },
    { name: name('start → first offer committed'), unit: 'ms', values: [firstCommandMs] },
    { name: name('CPU of manager with broker'), unit: 's', values: [cpuSecondsOf(pids.manager) - before.manager] },
    { name: name('CPU of PostgreSQL'), unit: 's', values: [cpuSecondsOf(pids.database) - before.database] },
    { name: name('CPU of the generator'), unit: 's', values: [cpuSecondsOf(pids.fleet) - before.fleet] },
    { name: name('statements a device'), unit: '', values: [((await database.statements()) - before.statements) / devices] },
    { name: name('peak PSS of manager, broker and PostgreSQL'), unit: 'MiB', values: [memory.peakMiB] },
  ];
}

async function firstOffer(world: Awaited<ReturnType<typeof openWorld>>, id: string): Promise<number> {
  const started = await world.api.call('getRollout', { params: { id } });
  let [firstMs, cursor]: [number, string | undefined] = [Number.POSITIVE_INFINITY, undefined];
  do {
    const page: AnswerOf<'listAudit'> = await world.api.call('listAudit', { query: { action: 'deployment.offered', object: `deployment:${id}`, limit: 500, cursor } });
    firstMs = Math.min(firstMs, ...page.items.map((row) => Date.parse(row.at)));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return firstMs - Date.parse(started.createdAt);
}

/** A PostgreSQL of its own that counts statements (pg_stat_statements). */
async function openCountingDatabase() {
  const folder = mkdtempSync(join(tmpdir(), 'pier-bench-db-'));
  const open = () => openPostgres({ folder: join(folder, 'postgres'), clock: systemClock, log: silentLog });
  {
    await using first = await open();
    await query(first.connection, `alter system set shared_preload_libraries = 'pg_stat_statements'`);
  }
  const server = await open();
  await query(server.connection, 'create extension if not exists pg_stat_statements');
  const { host, port, user, password, database } = server.connection;
  return {
    pid: server.pid(),
    url: `postgres://${user}:${password}@${host}:${port}/${database}`,
    statements: async () => Number((await query(server.connection, 'select coalesce(sum(calls), 0)::int8 as calls from pg_stat_statements')).at(0)?.['calls'] ?? 0),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function query(connection: object, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ ...connection });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

