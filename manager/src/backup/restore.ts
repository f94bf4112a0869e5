import { mkdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Fault, isoTime } from '@pier/shared/core';
import { holdDatabase, lockFolder, openPostgres, refuseUnreachable, schemaNow } from '../db/index.ts';
import { type Archive, openArchive } from './archive.ts';
import { isInUse, loadDatabase } from './load.ts';
import { type World, connect } from './reach.ts';
import type { Trace } from './trace.ts';
import { besideName, finishRestore, isThere, kept, takeOver } from './take-over.ts';

export type RestoreOptions = World & {
  readonly dataDir: string;
  readonly url: string | undefined;
  readonly from: string;
  /** What is there is replaced: files go aside, tables of the external database are dropped. */
  readonly force: boolean;
  readonly say: (line: string) => void;
};
export type RestoreSummary = { readonly dataDir: string; readonly madeAt: string; readonly schema: number; readonly caFingerprint: string; readonly registryFiles: number; readonly blobs: boolean; readonly aside: string | null };

/**
 * Puts a backup back into a data folder, and its database into that folder or into the server at `url`. Until the backup
 * was read to its end and the database is whole, nothing that is there is touched. Faults: `conflict` for a running manager or
 * a place in use, `backup-invalid`, `schema-newer`, `not-found`, `unreachable`, `disk-full`, `interrupted`.
 */
export async function restore({ dataDir, url, from, force, clock, log, say }: RestoreOptions, signal: AbortSignal): Promise<RestoreSummary> {
  await using archive = await openArchive(from, signal);
  const { about } = archive;
  if (about.schema > schemaNow()) throw new Fault('schema-newer', `this backup was made by a newer manager (schema ${about.schema}; this one knows ${schemaNow()}): restore it with that one`);
  say(`backup of ${about.madeAt}, ${archive.entries.length} entries, each as it was written`);
  using _lock = lockFolder(dataDir);
  await finishRestore(dataDir, log);
  if (!force) await refuseInUse(dataDir);
  const beside = join(dataDir, besideName);
  await using unfinished = new AsyncDisposableStack();
  unfinished.defer(() => rm(beside, { recursive: true, force: true }));
  await rm(beside, { recursive: true, force: true });
  // The mode of the folder above: where PostgreSQL runs as another user, that one has to come through.
  await mkdir(beside, { mode: (await stat(dataDir)).mode & 0o777 });
  const registryFiles = await writeFiles(archive, beside);
  say(about.blobs ? `files: keys, ports, ${registryFiles} of the registry` : 'files: keys and ports; the registry was not backed up');
  const trace: Trace = { action: 'manager.restored', madeAt: about.madeAt, atMs: clock.nowMs(), detail: { file: resolve(from), sizeBytes: (await stat(from)).size, blobs: about.blobs, force } };
  const load = { schema: about.schema, trace, parts: archive.entries.flatMap((entry) => (entry.name.startsWith('database/') ? [{ name: entry.name, read: () => archive.read(entry) }] : [])) };
  if (url === undefined) {
    await using server = await openPostgres({ folder: join(beside, 'postgres'), clock, log });
    await using session = await connect(server.connection);
    await loadDatabase(session.client, { ...load, replace: false });
  } else await loadExternal(url, { ...load, force, clock, log });
  say('database: whole');
  // From here on it is finished, by this process or by the next start.
  unfinished.move();
  const aside = await takeOver(dataDir, isoTime(clock.nowMs()));
  return { dataDir, madeAt: about.madeAt, schema: about.schema, caFingerprint: about.caFingerprint, registryFiles, blobs: about.blobs, aside: aside ?? null };
}

async function refuseInUse(dataDir: string): Promise<void> {
  for (const name of kept) {
    if (await isThere(join(dataDir, name))) throw new Fault('conflict', `${dataDir} holds a manager already (${name} is there): restore into another folder, or with --force, which sets it aside`);
  }
}

async function loadExternal(url: string, { force, clock, log, ...load }: World & Omit<Parameters<typeof loadDatabase>[1], 'replace'> & { force: boolean }): Promise<void> {
  await using _held = await holdDatabase({ connectionString: url, connectionTimeoutMillis: 10_000 }, { clock, log }).catch(refuseUnreachable);
  await using session = await connect({ connectionString: url });
  if (!force && (await isInUse(session.client))) throw new Fault('conflict', 'the database that DATABASE_URL names holds a manager already: name an empty one, or restore with --force, which drops its tables');
  await loadDatabase(session.client, { ...load, replace: true });
}

/** Out: how many of the registry. */
async function writeFiles(archive: Archive, beside: string): Promise<number> {
  let count = 0;
  for (const entry of archive.entries) {
    if (entry.name.startsWith('database/')) continue;
    await archive.copyTo(entry, join(beside, entry.name));
    if (entry.name.startsWith('registry/')) count += 1;
  }
  return count;
}
