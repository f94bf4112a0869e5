import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tightenDataDir } from './data-dir.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pier-data-dir-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const make = async (name: string, mode: number): Promise<void> => {
  await mkdir(join(dir, name));
  await chmod(join(dir, name), mode);
};
const modeOf = async (name: string): Promise<number> => (await stat(join(dir, name))).mode & 0o777;

test('folders of ours that stand open are closed; what is not ours, and the folder itself, stay as they are', async () => {
  await make('registry', 0o755);
  await make('postgres', 0o750);
  await make('backups', 0o755);
  await chmod(dir, 0o755);
  await tightenDataDir(dir);
  expect([await modeOf('registry'), await modeOf('postgres'), await modeOf('backups'), await modeOf('.')]).toEqual([0o700, 0o700, 0o755, 0o755]);
});

test('what is closed, missing, or no folder is left alone', async () => {
  await make('registry', 0o500);
  await writeFile(join(dir, 'postgres'), '', { mode: 0o644 });
  await tightenDataDir(dir);
  expect([await modeOf('registry'), await modeOf('postgres')]).toEqual([0o500, 0o644]);
  await tightenDataDir(join(dir, 'nowhere'));
});
