/**
 * Content-addressed files. The hazards are a disk and a registry that err: bytes are hashed while they are written,
 * a file takes its name only when whole and synced, and is hashed again at each read.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, Fault } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { isErrno, syncFolder } from '@pier/shared/disk';
import type { Disk } from './disk.ts';
import { storageFault, written } from './writable.ts';

export type BlobWant = { readonly digest: Digest; readonly sizeBytes: number };

export type Blobs = {
  /** Stores a stream under its digest. Faults: `digest-mismatch` for other bytes or another length; `disk-full`, where it can be known before anything is asked for. */
  ingest(want: BlobWant, source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
  put(bytes: Uint8Array): Promise<BlobWant>;
  /** Bytes that were hashed just now. Faults: `not-found`; `digest-mismatch` when the disk gave others, which are removed. */
  read(digest: Digest): Promise<Uint8Array>;
  has(want: BlobWant): Promise<boolean>;
  /** Removes all but these; returns how many went. */
  prune(keep: ReadonlySet<Digest>): Promise<number>;
};

const partial = '.partial-';

/** All blobs together may have so many bytes, whatever the disk could hold: it is others' disk too. */
const defaultQuotaBytes = 1 << 30;

/** Opens the folder and removes what an earlier process left half-written. Faults: `storage-failed`, `disk-full`. */
export async function openBlobs(folder: string, { disk, quotaBytes = defaultQuotaBytes }: { readonly disk?: Disk; readonly quotaBytes?: number } = {}): Promise<Blobs> {
  await written(folder, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) if (name.startsWith(partial)) await rm(join(folder, name), { force: true });
  });
  const pathOf = (digest: Digest): string => join(folder, digest.replace(':', '-'));
  const ingest: Blobs['ingest'] = async (want, source, signal) => {
    const temporary = join(folder, partial + randomUUID());
    try {
      await disk?.room(want.sizeBytes, `blob ${want.digest}`);
      await underQuota(folder, want, quotaBytes);
      await receive(temporary, want, { source, signal });
      await rename(temporary, pathOf(want.digest));
      await syncFolder(folder);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => {
        // A folder that takes no file lets none go either; why it takes none is told.
      });
      const fault = storageFault(folder, cause);
      if (isFull(cause)) disk?.note();
      throw fault;
    }
  };
  return {
    ingest,
    put: async (bytes) => {
      const want = { digest: digestOf(bytes), sizeBytes: bytes.byteLength };
      await ingest(want, once(bytes), new AbortController().signal);
      return want;
    },
    read: (digest) => read(pathOf(digest), digest),
    has: async (want) => {
      const found = await stat(pathOf(want.digest)).catch(() => undefined);
      return found?.size === want.sizeBytes;
    },
    prune: (keep) => prune(folder, new Set([...keep].map((digest) => digest.replace(':', '-')))),
  };
}

/** The disk's own word; what was refused beforehand says nothing of what else fits. */
function isFull(cause: unknown): boolean {
  return isErrno(cause, 'ENOSPC') || isErrno(cause, 'EDQUOT');
}

async function underQuota(folder: string, { digest, sizeBytes }: BlobWant, quotaBytes: number): Promise<void> {
  let held = 0;
  for (const name of await readdir(folder)) held += (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0;
  if (held + sizeBytes > quotaBytes) throw new Fault('disk-full', `blob ${digest} has ${sizeBytes} bytes; artifacts may have ${quotaBytes} bytes on this device and have ${held}`);
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

async function receive(path: string, want: BlobWant, from: { source: AsyncIterable<Uint8Array>; signal: AbortSignal }): Promise<void> {
  const hash = createHash('sha256');
  let seenBytes = 0;
  await using file = await open(path, 'wx', 0o600);
  for await (const chunk of from.source) {
    from.signal.throwIfAborted();
    seenBytes += chunk.byteLength;
    if (seenBytes > want.sizeBytes) throw new Fault('digest-mismatch', `blob ${want.digest} is longer than the ${want.sizeBytes} bytes that its descriptor declares`);
    hash.update(chunk);
    await file.writeFile(chunk);
  }
  const seen = `sha256:${hash.digest('hex')}`;
  if (seenBytes !== want.sizeBytes) throw new Fault('digest-mismatch', `blob ${want.digest} ended after ${seenBytes} of ${want.sizeBytes} bytes`);
  if (seen !== want.digest) throw new Fault('digest-mismatch', `expected blob ${want.digest}, the bytes that came have ${seen}`);
  await file.sync();
}

async function read(path: string, digest: Digest): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    if (isErrno(cause, 'ENOENT')) throw new Fault('not-found', `blob ${digest} is not in the store`);
    throw new Fault('storage-failed', `blob ${digest} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  });
  const seen = digestOf(bytes);
  if (seen === digest) return bytes;
  await rm(path, { force: true });
  throw new Fault('digest-mismatch', `blob ${digest} has changed on disk to ${seen}; it was removed and has to be fetched again`);
}

async function prune(folder: string, keep: ReadonlySet<string>): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder)) {
    if (keep.has(name) || name.startsWith(partial)) continue;
    await rm(join(folder, name), { force: true });
    removed += 1;
  }
  return removed;
}
