import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const manager = fileURLToPath(new URL('../..', import.meta.url));
const kit = fileURLToPath(new URL('../../../node_modules/drizzle-kit/bin.cjs', import.meta.url));
const migrations = join(manager, 'migrations');

test('the migrations make exactly the tables of the schema', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'pier-migrations-'));
  try {
    await cp(migrations, copy, { recursive: true });
    const args = [kit, 'generate', '--dialect', 'postgresql', '--schema', 'src/db/schema.ts', '--out', relative(manager, copy)];
    await promisify(execFile)(process.execPath, args, { cwd: manager });
    // A file more? The schema was changed: npx drizzle-kit generate, in manager/.
    expect(await readdir(copy)).toEqual(await readdir(migrations));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});

test('each migration is later than the one before: an earlier one would never be applied', async () => {
  const journal: { entries: { when: number; tag: string }[] } = JSON.parse(await readFile(join(migrations, 'meta/_journal.json'), 'utf8'));
  const times = journal.entries.map((entry) => entry.when);
  expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
  const files = (await readdir(migrations)).filter((name) => name.endsWith('.sql'));
  expect(files).toEqual(journal.entries.map((entry) => `${entry.tag}.sql`));
});
