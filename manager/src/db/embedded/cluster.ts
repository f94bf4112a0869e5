/** One PostgreSQL cluster in a folder of ours: `data/`, the `password` of its one user, and the `port` it listens on. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Bounded, Fault, type Log } from '@pier/shared/core';
import type { Binaries } from './binaries.ts';
import { type RunAs, bareEnvironment, commandFor, nobodyUid } from './run-as.ts';

export const databaseUser = 'pier';

export type Cluster = { readonly folder: string; readonly data: string; readonly password: string };

/**
 * Opens the cluster, making it first where there is none. It is made beside and renamed when whole, so that a start
 * that was cut short leaves nothing half-made in the way. Faults: `storage-failed` with what initdb said.
 */
export async function openCluster({ folder, as, binaries, log }: { folder: string; as: RunAs; binaries: Binaries; log: Log }): Promise<Cluster> {
  const data = join(folder, 'data');
  if (!(await exists(join(data, 'PG_VERSION')))) await makeCluster({ folder, as, binaries, log });
  await checkVersion(data);
  const password = (await readFile(join(folder, 'password'), 'utf8')).trim();
  return { folder, data, password };
}

/** Whether a cluster was made in this folder. */
export async function hasCluster(folder: string): Promise<boolean> {
  return exists(join(folder, 'data', 'PG_VERSION'));
}

/** How to reach the server of a cluster that another process of ours runs. */
export async function connectionKept(folder: string): Promise<{ host: string; port: number; user: string; password: string; database: string }> {
  const [password, port] = await Promise.all(['password', 'port'].map((name) => readFile(join(folder, name), 'utf8')));
  return { host: '127.0.0.1', port: Number(port), user: databaseUser, password: (password ?? '').trim(), database: 'postgres' };
}

const majorVersion = '18';

async function checkVersion(data: string): Promise<void> {
  const version = (await readFile(join(data, 'PG_VERSION'), 'utf8')).trim();
  if (version === majorVersion) return;
  throw new Fault('storage-failed', `the database in ${data} was made by PostgreSQL ${version}; this manager brings ${majorVersion}, which does not read it`);
}

async function makeCluster({ folder, as, binaries, log }: { folder: string; as: RunAs; binaries: Binaries; log: Log }): Promise<void> {
  const beside = `${folder}.new`;
  await rm(beside, { recursive: true, force: true });
  await mkdir(beside, { recursive: true, mode: 0o700 });
  const passwordFile = join(beside, 'password');
  await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (as === 'nobody') await chownAll(beside);
  const args = ['-D', join(beside, 'data'), '-U', databaseUser, '--locale=C', '--encoding=UTF8', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--wal-segsize=4'];
  await run(commandFor({ as, diesWithParent: true, program: binaries.initdb, args }), { what: 'initdb', folder: beside });
  // A folder without a cluster in it can only be what is left of a failed first start.
  await rm(folder, { recursive: true, force: true });
  await rename(beside, folder);
  log.info({ folder }, 'database.made');
}

async function run({ file, args, ...owner }: ReturnType<typeof commandFor>, { what, folder }: { what: string; folder: string }): Promise<void> {
  const said = new Bounded<string>(20);
  const child = spawn(file, args, { ...owner, env: bareEnvironment, stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const status = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'gone'));
  });
  if (status === 0) return;
  const output = [...said].join('').trim();
  const hint = owner.uid === nobodyUid ? ` It was started as user ${nobodyUid}, because the kernel lets root make no user namespace: that user must be able to enter every folder above it.` : '';
  throw new Fault('storage-failed', `${what} could not make a database in ${folder} (${status}): ${output.slice(-1_500)}${hint}`);
}

async function chownAll(folder: string): Promise<void> {
  await chown(folder, nobodyUid, nobodyUid);
  for (const entry of await readdir(folder)) await chown(join(folder, entry), nobodyUid, nobodyUid);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    // Absent or unreadable: making it anew says which.
    return false;
  }
}
