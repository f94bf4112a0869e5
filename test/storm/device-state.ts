/** What a device has on its disk, read beside its agent: its journal, its outbox, its apps, its blobs. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { digestOf } from '@pier/shared/digest';

export type AppOnDisk = { readonly wanted: { readonly digest: string; readonly attempt: number } | null; readonly progress: { readonly state: string; readonly attempt: number } | null; readonly current: string | null };
export type OnDisk = {
  readonly desired: { readonly rev: number; readonly hash: string } | undefined;
  readonly apps: ReadonlyMap<string, AppOnDisk>;
  /** Digests of those whose evidence is kept. */
  readonly releases: ReadonlySet<string>;
  /** Commands by id, each in its last state. */
  readonly commands: ReadonlyMap<string, { readonly state: string; readonly n: number }>;
  readonly waiting: readonly { readonly kind: string; readonly key: string }[];
};

export function readDevice(folder: string): OnDisk {
  using file = open(folder);
  const parse = (column: unknown): never => JSON.parse(String(column)) as never;
  const desired = file.all("select value from setting where key = 'desired'")[0];
  return {
    desired: desired && parse(desired['value']),
    apps: new Map(file.all('select name, record from app').map((row) => [String(row['name']), parse(row['record'])])),
    releases: new Set(file.all('select digest from release').map((row) => String(row['digest']))),
    commands: new Map(file.all('select id, phase, n from journal').map((row) => [String(row['id']).split('/').at(-1) ?? '', { state: String(row['phase']), n: Number(row['n']) }])),
    waiting: file.all('select kind, key from outbox').map((row) => ({ kind: String(row['kind']), key: String(row['key']) })),
  };
}

function open(folder: string): { all(sql: string): Record<string, unknown>[] } & Disposable {
  const file = new DatabaseSync(join(folder, 'state.db'), { readOnly: true, timeout: 5_000 });
  return { all: (sql) => file.prepare(sql).all(), [Symbol.dispose]: () => file.close() };
}

/** Files of the blob store that are not what their names say. */
export function damagedBlobs(folder: string): string[] {
  const blobs = join(folder, 'blobs');
  return readdirSync(blobs).flatMap((name) => {
    if (!name.startsWith('sha256-')) return [`${name} is no blob, and is left behind`];
    try {
      const seen = digestOf(readFileSync(join(blobs, name)));
      return seen === name.replace('-', ':') ? [] : [`blob ${name} holds ${seen}`];
    } catch {
      // Pruned while we looked.
      return [];
    }
  });
}
