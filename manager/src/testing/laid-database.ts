/** The database of a manager as its first start leaves it, for tests whose subject is not the first start: a copy costs a fifth of what making one does. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { silentLog, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { openDatabase } from '../db/index.ts';

const made = fileURLToPath(new URL('../../../.pier/cache/database', import.meta.url));
/** What decides how a first start leaves it: the schema, and how PostgreSQL is called. */
const sources = ['../../migrations', '../db/embedded'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** Lays an empty database with today's schema into the data folder of a manager that has not started yet. */
export async function layDatabase(dataDir: string): Promise<void> {
  const model = join(made, await keyOf());
  if (!existsSync(model)) await makeModel(model);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await copy(join(model, 'postgres'), dataDir);
}

/** Made beside and renamed when whole; of several that make it at once the first counts. */
async function makeModel(model: string): Promise<void> {
  await mkdir(made, { recursive: true });
  const beside = await mkdtemp(join(made, 'new-'));
  try {
    const database = await openDatabase({ dataDir: beside, clock: systemClock, log: silentLog });
    // Stopped, so that what is copied needs no recovery.
    await database[Symbol.asyncDispose]();
    await rename(beside, model).catch((error: unknown) => {
      if (!existsSync(model)) throw error;
    });
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** With its owner: where PostgreSQL runs as a user of its own, the files are that user's. */
async function copy(folder: string, into: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', '--', folder, into]);
}

async function keyOf(): Promise<string> {
  const files = await Promise.all(sources.map(async (folder) => (await readdir(folder)).filter((name) => /\.(sql|ts)$/.test(name)).toSorted().map((name) => join(folder, name))));
  const texts = await Promise.all(files.flat().map((file) => readFile(file, 'utf8')));
  return digestOf(texts.join('\0')).replace(/.*:/, '').slice(0, 16);
}
