import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog, systemClock } from '@pier/shared/core';
import { type Server, startServer } from '../../../test/support/postgres.ts';
import { holdDatabase } from './holder.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

test('who is told to end while the lock is being taken again ends, and leaves no lock behind', async () => {
  const config = { connectionString: await server.newDatabase() };
  const losing = Promise.withResolvers<void>();
  const log = { ...silentLog, warn: (_: object, event: string) => event === 'database.lock-lost' && losing.resolve() };
  const held = await holdDatabase(config, { clock: systemClock, log });
  const client = new Client(config);
  await client.connect();
  await client.query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'`);
  await losing.promise;
  await held[Symbol.asyncDispose]();
  await client.end();
  await using next = await holdDatabase(config, { clock: systemClock, log: silentLog });
  expect(next).toBeDefined();
});
