import { mkdir, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLog, systemClock } from '@pier/shared/core';
import { openAuthority } from '../authority/index.ts';
import { lockFolder, schemaNow, tableNames } from '../db/index.ts';
import { fillAt, schemaTags } from '../testing/index.ts';
import { type Server, startServer, withClient } from '../../../test/support/postgres.ts';
import { createArchive, openArchive } from './archive.ts';
import { backUp } from './backup.ts';
import { restore } from './restore.ts';
import { finishRestore } from './take-over.ts';
import { endOfArchive, headerOf } from './tar.ts';

let server: Server;
let dir: string;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pier-backup-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const newest = schemaTags.at(-1) ?? '';
const world = { clock: systemClock, log: silentLog, say: () => {} };
const at = (...names: string[]): string => join(dir, ...names);
const never = new AbortController().signal;
const save = (over: Partial<Parameters<typeof backUp>[0]> = {}, signal = never) => backUp({ ...world, dataDir: at('data'), url: undefined, to: at('b.tar'), withoutBlobs: false, ...over }, signal);
const putBack = (over: Partial<Parameters<typeof restore>[0]> = {}, signal = never) => restore({ ...world, dataDir: at('again'), url: undefined, from: at('b.tar'), force: false, ...over }, signal);

/** Every row of every table, as text. */
const contents = (url: string) =>
  withClient(url, async (client) => {
    const out: Record<string, string[]> = {};
    for (const name of [...tableNames].toSorted()) {
      if (name === 'outbox') continue;
      const xid = name === 'audit' ? `- 'xid'` : '';
      out[name] = (await client.query<{ row: string }>(`select (to_jsonb(t) ${xid})::text as row from ${name} t order by 1`)).rows.map(({ row }) => row);
    }
    return out;
  });

/** A manager's folder as it is on a database of its own, which is filled. */
async function someData(tag = newest): Promise<string> {
  const url = await server.newDatabase();
  await withClient(url, (client) => fillAt(client, tag));
  await openAuthority({ dir: at('data', 'authority'), clock: systemClock, hosts: [] });
  await writeFile(at('data', 'ports.json'), '{"mqtt":8883}\n', { mode: 0o600 });
  const long = `apps/${'a'.repeat(90)}`;
  for (const [name, text] of Object.entries({ [`registry/repositories/${long}/_manifests/${'f'.repeat(64)}`]: '{}', 'registry/repositories/apps/blink/_blobs/00': '', 'registry/content/00/00': 'wasm', 'registry/uploads/half': 'no' })) {
    await mkdir(join(at('data', name), '..'), { recursive: true });
    await writeFile(at('data', name), text, { mode: 0o600 });
  }
  return url;
}

/** The files below a folder, with what is in them. */
async function files(root: string): Promise<Record<string, string>> {
  const found = (await readdir(root, { withFileTypes: true, recursive: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).toSorted();
  return Object.fromEntries(await Promise.all(found.map(async (path) => [path.slice(root.length + 1), await readFile(path, 'latin1')] as const)));
}

describe('what was backed up comes back', () => {
  test('row for row and file for file, in another place', async () => {
    const url = await someData();
    const other = await server.newDatabase();
    const before = await contents(url);
    for (const name of tableNames) expect([name, name === 'outbox' || (before[name]?.length ?? 0) > 0]).toEqual([name, true]);
    const made = await save({ url });
    expect(made).toMatchObject({ schema: schemaNow(), blobs: true, registryFiles: 3 });
    expect((await stat(at('b.tar'))).mode & 0o777).toBe(0o600);
    const back = await putBack({ url: other });
    expect(back).toMatchObject({ aside: null, registryFiles: 3, madeAt: made.madeAt });
    const after = await contents(other);
    expect({ ...after, audit: after['audit']?.filter((row) => !row.includes('"manager.restored"')) }).toEqual(before);
    const { 'registry/uploads/half': _, ...whole } = await files(at('data'));
    expect(await files(at('again'))).toEqual({ ...whole, lock: '' });
    expect((await stat(at('again/authority/scheduler.key'))).mode & 0o777).toBe(0o600);
    expect((await stat(at('again/authority/ca.crt'))).mode & 0o777).toBe(0o644);
    await openAuthority({ dir: at('again', 'authority'), clock: systemClock, hosts: [] });
    // New rows get numbers of their own, and those of the audit come after all that was restored.
    await withClient(other, async (client) => {
      const { rows } = await client.query<{ last: boolean }>(`insert into audit (actor, action, object) values ('a', 'b', 'c') returning id > (select max(id) from audit) and xid > (select max(xid) from audit) as last`);
      expect(rows).toEqual([{ last: true }]);
    });
  });

  test.each(schemaTags.slice(0, -1))('from the schema %s, which the next start brings up to date', async (tag) => {
    const url = await someData(tag);
    const other = await server.newDatabase();
    await save({ url });
    await putBack({ url: other });
    await withClient(other, async (client) => expect((await client.query('select count(*)::int as n from device')).rows).toEqual([{ n: tag === '0000_spine' ? 9 : 10 }]));
  });

  test('into a folder with a PostgreSQL of its own, from which it can be backed up again while it is stopped', async () => {
    const url = await someData();
    const first = await save({ url });
    await putBack();
    const second = await backUp({ ...world, dataDir: at('again'), url: undefined, to: at('c.tar'), withoutBlobs: false }, never);
    // One row more: that it was restored.
    expect({ ...second, file: '', madeAt: '', sizeBytes: 0 }).toEqual({ ...first, rows: first.rows + 1, file: '', madeAt: '', sizeBytes: 0 });
    const tables = async (path: string) => {
      await using archive = await openArchive(path);
      return Promise.all(archive.entries.filter((entry) => entry.name.startsWith('database/')).map(async (entry) => [entry.name, (await archive.read(entry)).toString().split('\n').filter((row) => !row.includes('"manager.restored"')).join('\n')]));
    };
    expect(await tables(at('c.tar'))).toEqual(await tables(at('b.tar')));
  });

  test('in parts that fit in memory, whatever is in a row', async () => {
    const url = await someData();
    await withClient(url, (client) => client.query(`insert into audit (actor, action, object, detail) select 'a', 'b', 'c', to_jsonb(repeat('x', 1000000)) from generate_series(1, 12)`));
    await save({ url });
    await using archive = await openArchive(at('b.tar'));
    const sizes = archive.entries.filter(({ name }) => name.includes('-audit/')).map(({ sizeBytes }) => sizeBytes);
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThan(6_000_000);
  });

  test('without the registry where that was left out, beside the one that is there', async () => {
    const url = await someData();
    expect(await save({ url, withoutBlobs: true })).toMatchObject({ blobs: false, registryFiles: 0 });
    expect(await putBack({ url, dataDir: at('data'), force: true })).toMatchObject({ blobs: false, aside: expect.stringContaining('replaced-') });
    expect(await files(at('data', 'registry', 'content'))).toEqual({ '00/00': 'wasm' });
  });
});

describe('the audit has', () => {
  const traces = (url: string) => withClient(url, async (client) => (await client.query(`select actor, action, object, detail, at from audit where id > (select max(id) from audit where actor = 'ada') order by id`)).rows);
  const actor = `local:${userInfo().username}`;

  test('who took a backup, when, where to and how large it is; and who restored it, before all that comes after', async () => {
    const [url, other] = [await someData(), await server.newDatabase()];
    const beforeMs = systemClock.nowMs();
    const made = await save({ url });
    const { sizeBytes, tables, rows, registryFiles, madeAt } = made;
    const object = `backup:${madeAt}`;
    const taken = await traces(url);
    expect(taken).toEqual([{ actor, action: 'manager.backed-up', object, detail: { file: at('b.tar'), sizeBytes, tables, rows, registryFiles, blobs: true }, at: expect.any(Date) as Date }]);
    expect((await stat(at('b.tar'))).size).toBe(sizeBytes);
    expect(taken[0]?.at.getTime()).toBeGreaterThanOrEqual(beforeMs);
    await putBack({ url: other });
    expect(await traces(other)).toEqual([{ actor, action: 'manager.restored', object, detail: { file: at('b.tar'), sizeBytes, blobs: true, force: false }, at: expect.any(Date) as Date }]);
  });

  test('nothing of a backup that could not be told of: it is not there either', async () => {
    const url = await someData();
    await withClient(url, (client) => client.query('alter table audit add constraint nobody check (action <> $$manager.backed-up$$)'));
    await expect(save({ url })).rejects.toThrow('nobody');
    expect(await readdir(dir)).toEqual(['data']);
  });
});

test.each(['database', 'keys'])('a backup that is told to stop once it has the %s leaves nothing behind', async (part) => {
  const url = await someData();
  const stop = new AbortController();
  const say = (line: string): void => void (line.startsWith(part) && stop.abort());
  await expect(save({ url, say }, stop.signal)).rejects.toMatchObject({ code: 'interrupted' });
  expect(await readdir(dir)).toEqual(['data']);
});

test.each(['backup of', 'files'])('a restore that is told to stop once it says "%s" has changed nothing', async (word) => {
  const url = await someData();
  await save({ url });
  const before = [await contents(url), await files(at('data'))];
  const stop = new AbortController();
  const say = (line: string): void => void (line.startsWith(word) && stop.abort());
  await expect(putBack({ url, dataDir: at('data'), force: true, say }, stop.signal)).rejects.toMatchObject({ code: 'interrupted' });
  expect([await contents(url), { ...(await files(at('data'))), lock: undefined }]).toEqual([before[0], { ...before[1], lock: undefined }]);
});

describe('a backup is not taken', () => {
  test('over a file that is there', async () => {
    const url = await someData();
    await writeFile(at('b.tar'), 'precious');
    await expect(save({ url })).rejects.toMatchObject({ code: 'conflict' });
    expect(await readFile(at('b.tar'), 'utf8')).toBe('precious');
  });

  test('of a folder without a manager, or without a database; and leaves nothing behind', async () => {
    await expect(save()).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('authority/ca.crt') });
    await someData();
    await expect(save()).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('DATABASE_URL') });
    await expect(save({ url: 'postgres://pier@127.0.0.1:1/none' })).rejects.toMatchObject({ code: 'unreachable' });
    expect(await readdir(dir)).toEqual(['data']);
  });

  test('into a folder that is not there, which is named', async () => {
    const url = await someData();
    await expect(save({ url, to: at('none', 'b.tar') })).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining(at('none')) });
    await expect(save({ url, to: at('data', 'ports.json', 'b.tar') })).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('ports.json') });
    await expect(save({ url, dataDir: at('data', 'ports.json') })).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('no data folder') });
  });
});

describe('a restore changes nothing', () => {
  const untouched = async (expected: object, over: Partial<Parameters<typeof restore>[0]> = {}): Promise<void> => {
    const target = await server.newDatabase();
    await expect(putBack({ url: target, ...over })).rejects.toMatchObject(expected);
    await withClient(target, async (client) => expect((await client.query(`select count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace`)).rows).toEqual([{ n: 0 }]));
    expect(await readdir(at('again')).catch(() => [])).toEqual(over.dataDir === undefined ? [] : expect.anything());
  };

  test('from a file that is missing, empty, cut off, damaged, or of another kind', async () => {
    await untouched({ code: 'not-found' });
    await writeFile(at('b.tar'), '');
    await untouched({ code: 'backup-invalid' });
    await writeFile(at('b.tar'), '{"kind":"pier-manager-backup"}'.padEnd(4_096));
    await untouched({ code: 'backup-invalid', message: expect.stringContaining('no tar header') });
    await untouched({ code: 'backup-invalid' }, { from: dir });
    await rm(at('b.tar'));
    await save({ url: await someData() });
    const whole = await readFile(at('b.tar'));
    for (const length of [512, 513, whole.byteLength >> 1, whole.byteLength - 2_048]) {
      await writeFile(at('b.tar'), whole);
      await truncate(at('b.tar'), length);
      await untouched({ code: 'backup-invalid' });
    }
    // One bit: in the head, in a row, in a key, in the digests.
    for (const mark of ['pier-manager-backup', 'Dock 3', 'PRIVATE KEY', '  ports.json']) {
      const spoilt = Buffer.from(whole);
      const place = spoilt.indexOf(mark) + 2;
      spoilt.writeUInt8(spoilt.readUInt8(place) ^ 1, place);
      await writeFile(at('b.tar'), spoilt);
      await untouched({ code: 'backup-invalid' });
    }
  });

  test.each(['../escape', '/etc/passwd', 'authority/../../escape', 'lock', 'postgres/data/PG_VERSION'])('from one that somebody made with the name %s in it', async (name) => {
    await using archive = await createArchive(at('b.tar'), { madeAt: 'now', schema: schemaNow(), caFingerprint: 'f', blobs: true });
    await archive.add(name, 'x');
    await archive.finish();
    await untouched({ code: 'backup-invalid', message: expect.stringContaining('which no backup has') });
  });

  test('from one that somebody made with a size below zero in it', { timeout: 60_000 }, async () => {
    const head = headerOf({ name: 'pier-backup.json', mode: 0o600, sizeBytes: 0 });
    head.write('-0000001000', 124);
    const sum = head.fill(' ', 148, 156).reduce((all, byte) => all + byte, 0);
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    await writeFile(at('b.tar'), Buffer.concat([head, endOfArchive]));
    await untouched({ code: 'backup-invalid', message: expect.stringContaining('a header that no backup has') });
  });

  test('from one of a newer manager', async () => {
    await using archive = await createArchive(at('b.tar'), { madeAt: 'now', schema: 4_102_444_800_000, caFingerprint: 'f', blobs: true });
    await archive.finish();
    await untouched({ code: 'schema-newer' });
  });

  test('when its rows do not fit: the transaction and the folder are as before', async () => {
    await using archive = await createArchive(at('b.tar'), { madeAt: 'now', schema: schemaNow(), caFingerprint: 'f', blobs: true });
    await archive.add('ports.json', '{}');
    await archive.add('database/00-user_account/000001.ndjson', '{"name":"ada","password":"x","role":"emperor","created_at":"2026-01-01"}\n');
    await archive.finish();
    await expect(putBack()).rejects.toMatchObject({ code: 'backup-invalid', message: expect.stringContaining('user_account_role_known') });
    expect(await readdir(at('again'))).toEqual(['lock']);
    const url = await someData();
    const before = await contents(url);
    await expect(putBack({ url, force: true })).rejects.toThrow('user_account_role_known');
    expect(await contents(url)).toEqual(before);
  });

  test('in a folder that is in use by a manager, or holds one, or beside a database that does', async () => {
    const url = await someData();
    await save({ url });
    {
      using _running = lockFolder(at('data'));
      await expect(putBack({ dataDir: at('data'), url, force: true })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('another manager uses') });
    }
    await expect(putBack({ dataDir: at('data'), url })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('--force') });
    await expect(putBack({ url })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('DATABASE_URL') });
  });
});

test('a restore that was cut off while files changed places is finished by the next start', async () => {
  const beside = at('data', 'restore.new');
  await mkdir(join(beside, 'authority'), { recursive: true });
  await writeFile(join(beside, 'authority/ca.crt'), 'new');
  await writeFile(join(beside, 'ready.json'), JSON.stringify({ aside: 'replaced-2026' }));
  // The ports had their turn already, of the keys only the old ones had.
  await writeFile(at('data', 'ports.json'), 'new');
  await mkdir(at('data', 'replaced-2026', 'authority'), { recursive: true });
  expect(await finishRestore(at('data'))).toBe(at('data', 'replaced-2026'));
  expect(await files(at('data'))).toEqual({ 'authority/ca.crt': 'new', 'ports.json': 'new' });
  expect(await finishRestore(at('data'))).toBeUndefined();
});

test('one that was cut off before is not begun', async () => {
  await mkdir(at('data', 'restore.new', 'authority'), { recursive: true });
  expect(await finishRestore(at('data'))).toBeUndefined();
  expect(await readdir(at('data'))).toEqual(['restore.new']);
});
