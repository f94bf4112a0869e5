import { type ChildProcess, spawn } from 'node:child_process';
import { Client } from 'pg';
import { Bounded, type Clock, Fault, type Log } from '@pier/shared/core';
import { type Cluster, databaseUser } from './cluster.ts';
import { type RunAs, bareEnvironment, commandFor } from './run-as.ts';

export type Connection = { readonly host: string; readonly port: number; readonly user: string; readonly password: string; readonly database: string };

/** A running PostgreSQL process. `exited` resolves with its last words, wanted or not. */
export type Server = { readonly pid: number; readonly connection: Connection; readonly exited: Promise<string> } & AsyncDisposable;

const startTimeoutMs = 60_000;
const stopTimeoutMs = 15_000;

const settings = (port: number): readonly string[] =>
  Object.entries({
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    // Segments of /dev/shm would be left behind by a kill, under users that nobody can clean up after.
    dynamic_shared_memory_type: 'mmap',
    io_method: 'sync',
    shared_buffers: '64MB',
    max_connections: 40,
    wal_level: 'minimal',
    max_wal_senders: 0,
    max_logical_replication_workers: 0,
    min_wal_size: '16MB',
    max_wal_size: '256MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    password_encryption: 'scram-sha-256',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/** Starts PostgreSQL on the cluster and waits until it answers. Faults: `conflict` when the port is taken, else `storage-failed`. */
export async function startServer({ cluster, port, as, program, clock, log }: { cluster: Cluster; port: number; as: RunAs; program: string; clock: Clock; log: Log }): Promise<Server> {
  const { file, args, ...owner } = commandFor({ as, diesWithParent: true, program, args: ['-D', cluster.data, ...settings(port)] });
  // A session of its own: Ctrl-C in a terminal reaches the manager alone, which stops the database last.
  const child = spawn(file, args, { ...owner, env: bareEnvironment, stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', detached: true });
  const words = listen(child, log);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(`ended with ${code ?? signal}: ${[...words].join('\n').slice(-1_500)}`));
  });
  const connection = { host: '127.0.0.1', port, user: databaseUser, password: cluster.password, database: 'postgres' };
  const server = { pid: child.pid ?? 0, connection, exited, [Symbol.asyncDispose]: () => stop({ child, exited, clock }) };
  try {
    await untilAnswers({ server, data: cluster.data, clock });
  } catch (fault) {
    await server[Symbol.asyncDispose]();
    throw fault;
  }
  return server;
}

function listen(child: ChildProcess, log: Log): Bounded<string> {
  const words = new Bounded<string>(12);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      words.push(line.slice(0, 400));
      log.debug({ line: line.slice(0, 400) }, 'database.said');
    }
  });
  return words;
}

async function untilAnswers({ server, data, clock }: { server: Server; data: string; clock: Clock }): Promise<void> {
  let ended: string | undefined;
  void server.exited.then((why) => (ended = why));
  const giveUpMs = clock.monotonicMs() + startTimeoutMs;
  for (;;) {
    const folder = await folderOfWhoAnswers(server.connection);
    if (folder === data) break;
    if (folder !== undefined) throw new Fault('conflict', `127.0.0.1:${server.connection.port} is answered by the database in ${folder}, a copy of the one in ${data}`);
    if (ended !== undefined) throw new Fault(/could not bind|already in use/i.test(ended) ? 'conflict' : 'storage-failed', `the database ${ended}`);
    if (clock.monotonicMs() > giveUpMs) throw new Fault('storage-failed', `the database did not answer on 127.0.0.1:${server.connection.port} within ${startTimeoutMs / 1_000} s`);
    await clock.sleep(25);
  }
}

/** The data folder of the server that knows our password: one that was copied from ours does too. Nothing while none answers. */
async function folderOfWhoAnswers(connection: Connection): Promise<string | undefined> {
  const client = new Client({ ...connection, ssl: false, options: '', connectionTimeoutMillis: 5_000 });
  client.on('error', () => {
    // A connection cut while starting is "not yet"; the next round asks again.
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string }>(`select current_setting('data_directory') as folder`);
    return rows[0]?.folder;
  } catch {
    // Not yet.
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function stop({ child, exited, clock }: { child: ChildProcess; exited: Promise<string>; clock: Clock }): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) break;
    child.kill(signal);
    const timeout = new AbortController();
    const late = clock.sleep(stopTimeoutMs, timeout.signal).catch(() => undefined);
    await Promise.race([exited, late]);
    timeout.abort();
  }
  await exited;
}
