import { once } from 'node:events';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog, systemClock } from '@pier/shared/core';
import { type Database, inTransaction, openDatabase, userAccount } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-db-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const open = (url?: string): Promise<Database> => openDatabase({ dataDir: folder, clock: systemClock, log: silentLog, ...(url === undefined ? {} : { url }) });
const someone = (name: string) => ({ name, password: 'x', role: 'viewer' });
const namesIn = async ({ db }: Database) => (await db.select({ name: userAccount.name }).from(userAccount)).map((row) => row.name);

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await holds()) return;
    await systemClock.sleep(50);
  }
  throw new Error(`waited in vain until ${what}`);
}

/** A zombie has ended; only who should reap it has not looked yet. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X');
  return !/\) [ZX]/.test(status);
}

test('what was committed is there after the next start, on the same port', async () => {
  {
    await using database = await open();
    await database.db.insert(userAccount).values(someone('ann'));
    await expect(inTransaction(database.db, async (tx) => {
      await tx.insert(userAccount).values(someone('bob'));
      throw new Error('cut short');
    })).rejects.toThrow('cut short');
  }
  const port = await readFile(join(folder, 'postgres/port'), 'utf8');
  await using again = await open();
  expect(await namesIn(again)).toEqual(['ann']);
  expect(await readFile(join(folder, 'postgres/port'), 'utf8')).toBe(port);
});

test('a copy of the folder, whose password and port are those of the original, has a server and rows of its own', async () => {
  await (await open())[Symbol.asyncDispose]();
  const dataDir = `${folder}-copy`;
  try {
    await promisify(execFile)('cp', ['-a', folder, dataDir]);
    await using original = await open();
    await using copy = await openDatabase({ dataDir, clock: systemClock, log: silentLog });
    await original.db.insert(userAccount).values(someone('ann'));
    expect(await namesIn(copy)).toEqual([]);
    expect(await readFile(join(dataDir, 'postgres/port'), 'utf8')).not.toBe(await readFile(join(folder, 'postgres/port'), 'utf8'));
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

test('another port is taken when that of the first start is in use', async () => {
  await (await open())[Symbol.asyncDispose]();
  const port = Number(await readFile(join(folder, 'postgres/port'), 'utf8'));
  const squatter = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  await using database = await open();
  expect(await database.answers()).toBe(true);
  expect(Number(await readFile(join(folder, 'postgres/port'), 'utf8'))).not.toBe(port);
  squatter.close();
});

test('a second manager is kept out of a folder that is in use, and let in afterwards', async () => {
  const first = await open();
  await expect(open()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(folder) });
  expect(await first.answers()).toBe(true);
  await first[Symbol.asyncDispose]();
  await using second = await open();
  expect(await second.answers()).toBe(true);
});

test('a first start that was cut short leaves nothing in the way of the next', async () => {
  await mkdir(join(folder, 'postgres.new/data'), { recursive: true });
  await writeFile(join(folder, 'postgres.new/data/PG_VERSION'), '18\n');
  await mkdir(join(folder, 'postgres/data/base'), { recursive: true });
  await using database = await open();
  expect(await database.answers()).toBe(true);
});

test('a cluster of another major version is refused by its number', async () => {
  await mkdir(join(folder, 'postgres/data'), { recursive: true });
  await writeFile(join(folder, 'postgres/data/PG_VERSION'), '17\n');
  await expect(open()).rejects.toMatchObject({ code: 'storage-failed', message: expect.stringContaining('PostgreSQL 17') });
});

test('a server that dies is started again, and the pool finds it', async () => {
  await using database = await open();
  await database.db.insert(userAccount).values(someone('ann'));
  const before = database.serverPid();
  process.kill(before, 'SIGKILL');
  await until('the server was started again', async () => database.serverPid() !== before && (await database.answers()));
  expect(await namesIn(database)).toEqual(['ann']);
});

test('a connection that is lost in the middle of a transaction fails that transaction, and nothing else', async () => {
  await using database = await open();
  const lost = database.db.transaction(async (tx) => {
    await tx.insert(userAccount).values(someone('eve'));
    const { rows } = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    process.kill(database.serverPid(), 'SIGKILL');
    // The process behind the connection lives until it is woken and sees that its parent is gone; on a busy machine that takes a while.
    await until('the connection is gone', async () => !(await isRunning(rows[0]?.pid ?? 0)));
    await tx.insert(userAccount).values(someone('mallory'));
  });
  // Which statement hears of it first does not matter: not even the way back can be asked for any more.
  await expect(lost).rejects.toThrow(/insert into|rollback|terminat|connection/i);
  await until('the server was started again', () => database.answers());
  expect(await namesIn(database)).toEqual([]);
});

test('a schema that a newer manager made is refused', async () => {
  {
    await using database = await open();
    await database.db.execute(sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 4102444800000)`);
  }
  await expect(open()).rejects.toMatchObject({ code: 'schema-newer' });
});

test('a server that is not there is a fault that says so', async () => {
  await expect(open('postgres://nobody:secret@127.0.0.1:1/none')).rejects.toMatchObject({ code: 'unreachable', message: expect.not.stringContaining('secret') });
});

test('two managers that start on one database of somebody else migrate it in turn', async () => {
  await using server = await open();
  const { rows } = await server.db.execute<{ url: string }>(sql`select current_setting('port') as url`);
  const password = (await readFile(join(folder, 'postgres/password'), 'utf8')).trim();
  await server.db.execute(sql`create database other`);
  const url = `postgres://pier:${password}@127.0.0.1:${rows[0]?.url}/other`;
  const both = await Promise.all(['a', 'b'].map((name) => openDatabase({ dataDir: join(folder, name), url, clock: systemClock, log: silentLog })));
  for (const database of both) expect(await namesIn(database)).toEqual([]);
  for (const database of both) await database[Symbol.asyncDispose]();
});

test('the server ends with its owner, however that ends, and the next start finds what was committed', async () => {
  const owner = startOwner();
  const pid = await pidFrom(owner);
  expect(await isRunning(pid)).toBe(true);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  await until('the server ended', async () => !(await isRunning(pid)));
  await using database = await open();
  expect(await namesIn(database)).toEqual(['owner']);
});

/** A process of its own that opens the database here, writes one row, says the server's pid and stays. */
function startOwner(): ChildProcess {
  const index = fileURLToPath(new URL('index.ts', import.meta.url));
  const core = fileURLToPath(new URL('../../../shared/src/core/index.ts', import.meta.url));
  const program = `
    const { openDatabase, userAccount } = await import(${JSON.stringify(index)});
    const { silentLog, systemClock } = await import(${JSON.stringify(core)});
    const database = await openDatabase({ dataDir: ${JSON.stringify(folder)}, clock: systemClock, log: silentLog });
    await database.db.insert(userAccount).values({ name: 'owner', password: 'x', role: 'viewer' });
    console.log(database.serverPid());
    setInterval(() => {}, 1000);`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function pidFrom(owner: ChildProcess): Promise<number> {
  for await (const line of owner.stdout ?? []) return Number(String(line));
  throw new Error('the owner said nothing');
}
