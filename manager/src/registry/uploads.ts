import { type Hash, createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Clock, type Digest, Fault, toFault } from '@pier/shared/core';

/** A blob on its way in: hashed while it is written, so that its end needs no second reading. */
export type Upload = { readonly id: string; readonly repository: string; readonly path: string; sizeBytes: number; readonly hash: Hash; touchedMs: number; busy: boolean };

export type Uploads = {
  /** Undefined when too many are open. */
  begin(repository: string): Promise<Upload | undefined>;
  find(repository: string, id: string): Upload | undefined;
  /** Appends what comes; bytes that arrived before a connection broke count. Faults: `too-large`, and `disk-low` or `disk-full`, after which nothing of it is left; what else the disk says. */
  append(upload: Upload, source: Readable): Promise<void>;
  /** Ends the upload; true when its bytes have this digest, and then the file is the caller's. */
  finish(upload: Upload, digest: Digest): Promise<boolean>;
  cancel(upload: Upload): Promise<void>;
  /** Throws away what nobody touched for long. */
  sweep(): Promise<void>;
};

export function newUploads({ dir, clock, limits, shortage }: { dir: string; clock: Clock; shortage: () => Fault | undefined; limits: { readonly uploadsMax: number; readonly uploadIdleMs: number; readonly blobBytesMax: number } }): Uploads {
  const pending = new Map<string, Upload>();
  const cancel = async (upload: Upload): Promise<void> => {
    pending.delete(upload.id);
    await rm(upload.path, { force: true });
  };
  return {
    async begin(repository) {
      if (pending.size >= limits.uploadsMax) return undefined;
      const id = randomUUID();
      const upload: Upload = { id, repository, path: join(dir, id), sizeBytes: 0, hash: createHash('sha256'), touchedMs: clock.monotonicMs(), busy: false };
      pending.set(id, upload);
      await using file = await open(upload.path, 'wx', 0o600);
      void file;
      return upload;
    },
    find: (repository, id) => {
      const upload = pending.get(id);
      return upload?.repository === repository ? upload : undefined;
    },
    async append(upload, source) {
      upload.busy = true;
      try {
        await using file = await open(upload.path, 'r+');
        for await (const chunk of source) {
          if (!(chunk instanceof Uint8Array)) continue;
          if (upload.sizeBytes + chunk.byteLength > limits.blobBytesMax) {
            await cancel(upload);
            throw new Fault('too-large', `a blob has at most ${limits.blobBytesMax} bytes here`);
          }
          const short = shortage();
          if (short) throw short;
          await writeAt(file, chunk, upload.sizeBytes);
          upload.hash.update(chunk);
          upload.sizeBytes += chunk.byteLength;
          upload.touchedMs = clock.monotonicMs();
        }
      } catch (thrown) {
        // What came so far would keep full the disk that it waits for.
        if (isShort(thrown)) await cancel(upload);
        throw thrown;
      } finally {
        upload.busy = false;
      }
    },
    async finish(upload, digest) {
      pending.delete(upload.id);
      if (`sha256:${upload.hash.digest('hex')}` !== digest) {
        await rm(upload.path, { force: true });
        return false;
      }
      await using file = await open(upload.path, 'r+');
      // A write that failed half-way may have left bytes behind the end that counts.
      await file.truncate(upload.sizeBytes);
      await file.sync();
      return true;
    },
    cancel,
    async sweep() {
      const beforeMs = clock.monotonicMs() - limits.uploadIdleMs;
      for (const upload of pending.values()) if (!upload.busy && upload.touchedMs <= beforeMs) await cancel(upload);
    },
  };
}

function isShort(thrown: unknown): boolean {
  const { code } = toFault(thrown);
  return code === 'disk-low' || code === 'disk-full';
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) done += (await file.write(bytes, done, bytes.byteLength - done, position + done)).bytesWritten;
}
