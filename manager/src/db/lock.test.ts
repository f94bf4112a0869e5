import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from './lock.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pier-lock-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const modeOf = async (name: string): Promise<number> => (await stat(join(dir, name))).mode & 0o777;

test('nobody else can open the lock, nor its journal, and so hold the manager out', async () => {
  using lock = lockFolder(dir);
  void lock;
  expect([await modeOf('lock'), await modeOf('lock-journal')]).toEqual([0o600, 0o600]);
});

test('files of an earlier start that stand open are closed', async () => {
  for (const name of ['lock', 'lock-journal']) {
    await writeFile(join(dir, name), '');
    await chmod(join(dir, name), 0o644);
  }
  using lock = lockFolder(dir);
  void lock;
  expect([await modeOf('lock'), await modeOf('lock-journal')]).toEqual([0o600, 0o600]);
});

test('one who tries in vain does not take the lock away from who has it', () => {
  using lock = lockFolder(dir);
  void lock;
  for (let tries = 0; tries < 2; tries += 1) expect(() => lockFolder(dir)).toThrow(new RegExp(`another manager uses ${dir} \\(process ${process.pid}, since 2`));
}, 30_000);

test('a file where the folder should be is refused by its name', async () => {
  await writeFile(join(dir, 'data'), '');
  for (const path of [join(dir, 'data'), join(dir, 'data', 'below')]) expect(() => lockFolder(path)).toThrow(expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining(path) }));
});
