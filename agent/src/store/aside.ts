/**
 * The day this is for: a power cut or a dying card has damaged `state.db`. A device that cannot start is lost; one that starts
 * with an empty memory asks the manager what to run. What must not be forgotten is taken over as far as it can be read.
 */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { AppName, Digest, KeyId, parseJson } from '@pier/shared/core';
import { Envelope } from '@pier/shared/signing';
import { AppRecord, ReleaseRecord } from './apps.ts';
import type { Store } from './store.ts';

const name = 'state.db';
const parts = ['', '-wal', '-shm'] as const;
const keptMax = 2;

/** How many databases were put aside in this folder so far, by the highest number among them. */
export function losses(folder: string): number {
  const numbers = readdirSync(folder).map((file) => Number(/^state\.db\.broken-(\d+)$/.exec(file)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

/** Moves the database out of the way, for whoever wants to look at it; gives its new path. The two newest are kept. */
export function putAside(folder: string): string {
  const n = losses(folder) + 1;
  const path = join(folder, `${name}.broken-${n}`);
  // The file last: if this is cut short, the next start does it again.
  for (const part of parts.toReversed()) if (existsSync(join(folder, name + part))) renameSync(join(folder, name + part), path + part);
  if (!existsSync(path)) writeFileSync(path, '', { mode: 0o600 });
  for (const part of parts) rmSync(join(folder, `${name}.broken-${n - keptMax}${part}`), { force: true });
  return path;
}

const Row = {
  app: z.object({ name: AppName, record: z.string() }),
  release: z.object({ digest: Digest, record: z.string() }),
  floor: z.object({ app: AppName, counter: z.int().min(0), digest: Digest }),
  key: z.object({ key: KeyId, number: z.int().min(0) }),
} as const;
const Setting = { boot: z.int().min(0), policy: Envelope, desired: z.object({ rev: z.int().min(0), policy: z.int().min(0), revs: z.record(KeyId, z.int().min(0)).optional() }) } as const;

type Into = Pick<Store, 'apps' | 'releases' | 'numbers' | 'settings' | 'journal'>;

/**
 * Takes over what the databases put aside still give: the numbers that only rise (counter floors, numbers of keys, revs, the
 * policy and the count of starts), and the apps with their releases, which are judged again from their signatures before any
 * runs. All that a key has signed so far counts as played. Gives the count of starts, 0 when it is lost.
 */
export function salvage(folder: string, into: Into): number {
  const last = losses(folder);
  const paths = Array.from({ length: keptMax }, (_, index) => join(folder, `${name}.broken-${last - index}`));
  return Math.max(...paths.toReversed().map((path) => (existsSync(path) ? salvageFrom(path, into) : 0)));
}

function salvageFrom(path: string, into: Into): number {
  let file: DatabaseSync;
  try {
    file = new DatabaseSync(path, { readOnly: true });
  } catch {
    // What cannot even be opened has nothing to give.
    return 0;
  }
  try {
    for (const { name: app, record } of rows(file, 'select name, record from app', Row.app)) whole(AppRecord, record, (read) => into.apps.set(app, read));
    for (const { digest, record } of rows(file, 'select digest, record from release', Row.release)) whole(ReleaseRecord, record, (read) => into.releases.set(digest, read));
    for (const { app, counter, digest } of rows(file, 'select app, counter, digest from floor', Row.floor)) into.numbers.raiseFloor(app, { counter, digest });
    for (const { key, number } of [...rows(file, 'select key, number from key_number', Row.key), ...rows(file, 'select key, number from key_floor', Row.key)]) {
      into.numbers.raiseKey(key, number);
      into.journal.raiseFloor(key, number);
    }
    const policy = setting(file, 'policy');
    if (policy !== undefined) into.settings.set('policy', policy);
    const desired = setting(file, 'desired');
    if (desired !== undefined && desired.rev > (into.settings.get('desired')?.rev ?? 0)) into.settings.set('desired', { ...desired, hash: null });
    return setting(file, 'boot') ?? 0;
  } finally {
    file.close();
  }
}

function rows<S extends z.ZodType>(file: DatabaseSync, sql: string, schema: S): z.infer<S>[] {
  const out: z.infer<S>[] = [];
  try {
    for (const row of file.prepare(sql).iterate()) {
      const read = schema.safeParse(row);
      if (read.success) out.push(read.data);
    }
  } catch {
    // The rest of this table is what was lost.
  }
  return out;
}

/** Hands on a record that is whole; one that is not was lost. */
function whole<S extends z.ZodType>(schema: S, text: string, take: (record: z.infer<S>) => void): void {
  const read = schema.safeParse(jsonOf(text));
  if (read.success) take(read.data);
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text, { what: 'a record' });
  } catch {
    // As no record at all.
    return undefined;
  }
}

function setting<K extends keyof typeof Setting>(file: DatabaseSync, key: K): z.infer<(typeof Setting)[K]> | undefined {
  try {
    const row = file.prepare('select value from setting where key = ?').get(key);
    return Setting[key].safeParse(jsonOf(String(row?.['value']))).data as z.infer<(typeof Setting)[K]> | undefined;
  } catch {
    // Lost, as above.
    return undefined;
  }
}
