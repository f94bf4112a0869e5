import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Clock, Fault, type Log, toFault } from '@pier/shared/core';
import { findBinaries } from './binaries.ts';
import { type Cluster, openCluster } from './cluster.ts';
import { clearOrphan } from './orphan.ts';
import { chooseRunAs, requireSetpriv } from './run-as.ts';
import { type Connection, type Server, startServer } from './server.ts';

const restartsMax = 5;
/** A server that lived this long is counted as well: its next end starts a new series of restarts. */
const steadyMs = 60_000;
/** How often a server is tried whose disk was full. */
const roomAgainMs = 5_000;

/** PostgreSQL beside the manager. `lost` resolves when it died too often to be started again; it never does otherwise. */
export type Postgres = { readonly connection: Connection; readonly pid: () => number; readonly lost: Promise<Fault> } & AsyncDisposable;

/**
 * Starts PostgreSQL in `folder`, on the port of its first start unless that is taken, and starts it again when it dies.
 * The caller holds the lock of the folder. Faults: `platform-unsupported`, `storage-failed`.
 */
export async function openPostgres({ folder, clock, log }: { folder: string; clock: Clock; log: Log }): Promise<Postgres> {
  const binaries = findBinaries();
  requireSetpriv();
  await mkdir(join(folder, '..'), { recursive: true, mode: 0o700 });
  const as = chooseRunAs({ uid: process.getuid?.() ?? 1, dataFolder: join(folder, 'data') });
  const cluster = await openCluster({ folder, as, binaries, log });
  await clearOrphan({ data: cluster.data, clock, log });
  const start = (port: number) => startServer({ cluster, port, as, program: binaries.postgres, clock, log });
  const first = await startOnSomePort(cluster, start);
  log.info({ port: first.connection.port, serverPid: first.pid, as }, 'database.started');
  return supervise({ first, restart: () => restart({ cluster, clock, log, start: () => start(first.connection.port) }), clock, log });
}

async function restart({ cluster, clock, log, start }: { cluster: Cluster; clock: Clock; log: Log; start: () => Promise<Server> }): Promise<Server> {
  await clearOrphan({ data: cluster.data, clock, log });
  return start();
}

function supervise({ first, restart: again, clock, log }: { first: Server; restart: () => Promise<Server>; clock: Clock; log: Log }): Postgres {
  const stopping = new AbortController();
  const lost = Promise.withResolvers<Fault>();
  let server = first;
  const watch = async (): Promise<void> => {
    for (let tries = 0; ; tries += 1) {
      const startedMs = clock.monotonicMs();
      const why = await server.exited;
      if (stopping.signal.aborted) return;
      if (clock.monotonicMs() - startedMs > steadyMs || isForWantOfRoom(why)) tries = 0;
      log.error({ why, tries }, 'database.died');
      if (tries >= restartsMax) throw new Fault('storage-failed', `the database died ${tries + 1} times in a row; it last ${why}`);
      await clock.sleep(Math.min(5_000, 100 * 2 ** tries), stopping.signal);
      server = await onceThereIsRoom(again, { clock, log, signal: stopping.signal });
      if (stopping.signal.aborted) return server[Symbol.asyncDispose]();
      log.warn({ serverPid: server.pid }, 'database.restarted');
    }
  };
  const watching = watch().catch((thrown: unknown) => {
    if (!stopping.signal.aborted) lost.resolve(toFault(thrown));
  });
  return {
    connection: first.connection,
    pid: () => server.pid,
    lost: lost.promise,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await server[Symbol.asyncDispose]();
      await watching;
    },
  };
}

/** What the server says when its disk is full; it stops rather than lose what it has promised to keep. */
const isForWantOfRoom = (why: string): boolean => why.includes('No space left on device');

/** Room comes back by itself or by a person; until then the manager stays, and says why it is not ready. */
async function onceThereIsRoom(start: () => Promise<Server>, { clock, log, signal }: { clock: Clock; log: Log; signal: AbortSignal }): Promise<Server> {
  for (;;) {
    try {
      return await start();
    } catch (thrown) {
      const why = toFault(thrown).message;
      if (signal.aborted || !isForWantOfRoom(why)) throw thrown;
      log.error({ why }, 'database.disk-full');
      await clock.sleep(roomAgainMs, signal);
    }
  }
}

async function startOnSomePort(cluster: Cluster, start: (port: number) => Promise<Server>): Promise<Server> {
  const file = join(cluster.folder, 'port');
  let port = Number(await readFile(file, 'utf8').catch(() => '0')) || (await freePort());
  for (let tries = 0; ; tries += 1) {
    try {
      const server = await start(port);
      await writeFile(file, String(port), { mode: 0o600 });
      return server;
    } catch (thrown) {
      if (toFault(thrown).code !== 'conflict' || tries >= 4) throw thrown;
      port = await freePort();
    }
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await new Promise<number>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      if (address === null || typeof address === 'string') reject(new Fault('internal', 'no port was given'));
      else resolve(address.port);
    });
  });
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
