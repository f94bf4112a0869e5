/** Everything that a manager cannot make anew, in one file, of one moment: its database, its keys, its ports and its registry. */
import { X509Certificate } from 'node:crypto';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { Fault, isoTime } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { isErrno, temporarySuffix } from '@pier/shared/disk';
import { type ArchiveWriter, createArchive } from './archive.ts';
import { beginDump } from './dump.ts';
import { type World, reachDatabase } from './reach.ts';
import { storeTrace } from './trace.ts';

export type BackupOptions = World & {
  readonly dataDir: string;
  readonly url: string | undefined;
  readonly to: string;
  /** Without the registry, whose artifacts may lie elsewhere. */
  readonly withoutBlobs: boolean;
  readonly say: (line: string) => void;
};
export type BackupSummary = { readonly file: string; readonly sizeBytes: number; readonly madeAt: string; readonly schema: number; readonly caFingerprint: string; readonly tables: number; readonly rows: number; readonly registryFiles: number; readonly blobs: boolean };

/**
 * Writes a backup, and that it did to the audit; a manager may run meanwhile. Faults: `not-found` where there is no manager's folder, or none for the file, `conflict` when the
 * file is there, `unreachable` for the database, `disk-full`, `interrupted`: nothing is left behind then.
 */
export async function backUp({ dataDir, url, to, withoutBlobs, clock, log, say }: BackupOptions, signal: AbortSignal): Promise<BackupSummary> {
  const caFingerprint = await fingerprintIn(dataDir);
  const file = resolve(to);
  await using session = await reachDatabase({ dataDir, url, clock, log });
  const dump = await beginDump(session.client);
  const madeAt = isoTime(clock.nowMs());
  await using archive = await createArchive(file, { madeAt, schema: dump.schema, caFingerprint, blobs: !withoutBlobs }, signal);
  const { tables, rows } = await dump.write((name, text) => archive.add(name, text));
  say(`database: ${rows} rows of ${tables} tables`);
  const keys = await addFolder(archive, dataDir, 'authority');
  await archive.addFile('ports.json', join(dataDir, 'ports.json'));
  say(`keys: ${keys} files`);
  // After the database, and names before contents: whatever is named was there when its name was read.
  const registryFiles = withoutBlobs ? 0 : (await addFolder(archive, dataDir, 'registry/repositories')) + (await addFolder(archive, dataDir, 'registry/content'));
  say(withoutBlobs ? 'registry: left out; its artifacts have to be pushed again' : `registry: ${registryFiles} files`);
  const sizeBytes = await archive.finish();
  try {
    await storeTrace(session.client, { action: 'manager.backed-up', madeAt, atMs: clock.nowMs(), detail: { file, sizeBytes, tables, rows, registryFiles, blobs: !withoutBlobs } });
  } catch (error) {
    // One that leaves no trace is not to be had.
    await rm(file, { force: true });
    throw error;
  }
  return { file, sizeBytes, madeAt, schema: dump.schema, caFingerprint, tables, rows, registryFiles, blobs: !withoutBlobs };
}

/** Files below a folder of the data folder, without what a write was about to replace. Out: how many. */
async function addFolder(archive: ArchiveWriter, dataDir: string, name: string): Promise<number> {
  let count = 0;
  for (const path of await filesBelow(join(dataDir, name))) {
    if (path.endsWith(temporarySuffix)) continue;
    if ((await archive.addFile(relative(dataDir, path), path)) !== undefined) count += 1;
  }
  return count;
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : [])).toSorted();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

/** The same number as in claim tokens and in the database. */
async function fingerprintIn(dataDir: string): Promise<string> {
  try {
    return digestOf(new X509Certificate(await readFile(join(dataDir, 'authority/ca.crt'))).raw).slice('sha256:'.length);
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) throw new Fault('not-found', `${dataDir} is no data folder of a manager: there is no authority/ca.crt in it`);
    throw error;
  }
}
