import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchSyncs } from '../../../test/support/syncs.ts';
import { createFile, isErrno, replaceFile } from './durable.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pier-disk-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

test('a replaced file has the new bytes and the mode that was asked for, and nothing is left beside it', async () => {
  const path = join(dir, 'a');
  await writeFile(path, 'old', { mode: 0o644 });
  await replaceFile({ path, bytes: 'new' });
  expect(await readFile(path, 'utf8')).toBe('new');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(dir)).toEqual(['a']);
});

test('of two who create one file the first wins, and the second changes nothing', async () => {
  const path = join(dir, 'a');
  const made = await Promise.all(['one', 'two', 'three'].map((bytes) => createFile({ path, bytes })));
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(await readFile(path, 'utf8')).toBe(['one', 'two', 'three'][made.indexOf(true)]);
  expect(await readdir(dir)).toEqual(['a']);
});

test('a write that fails leaves neither a part nor the file', async () => {
  const error = await replaceFile({ path: join(dir, 'none', 'a'), bytes: 'x' }).catch((thrown: unknown) => thrown);
  expect(isErrno(error, 'ENOENT')).toBe(true);
  await replaceFile({ path: join(dir, 'folder', '..', 'b'), bytes: 'x' }).catch(() => undefined);
  expect((await readdir(dir)).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('whoever writes returns when bytes and name are on disk: the file is synced under its temporary name, its folder after that', async () => {
  using syncs = await watchSyncs(dir);
  await replaceFile({ path: join(dir, 'a'), bytes: 'new' });
  expect(syncs.seen.splice(0)).toEqual([expect.stringMatching(/^a\..*\.part$/), '.']);
  await createFile({ path: join(dir, 'b'), bytes: 'new' });
  expect(syncs.seen).toEqual([expect.stringMatching(/^b\..*\.part$/), '.']);
});
