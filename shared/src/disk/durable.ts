import { randomUUID } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

type Write = {
  readonly path: string;
  readonly bytes: Uint8Array | string;
  readonly mode?: number;
  /** Where the new bytes are gathered, on the same disk; beside the file when not said. */
  readonly gatherIn?: string;
};

/** Replaces a file so that a reader, or a start after kill -9 or power loss, finds the old bytes or the new ones, never a part. */
export async function replaceFile(write: Write): Promise<void> {
  const { path } = write;
  const beside = await writeBeside(write);
  try {
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Writes a file that must not exist yet; false, and nothing changed, when another was first. */
export async function createFile(write: Write): Promise<boolean> {
  const { path } = write;
  const beside = await writeBeside(write);
  try {
    await link(beside, path);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(beside, { force: true });
  }
  await syncFolder(dirname(path));
  return true;
}

/** Makes names in a folder survive power loss: a rename is only on disk once its folder is. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

/** True for the system error of this name, such as ENOENT. */
export function isErrno(error: unknown, name: string): boolean {
  return error instanceof Error && 'code' in error && error.code === name;
}

async function writeBeside({ path, bytes, mode = 0o600, gatherIn }: Write): Promise<string> {
  const beside = join(gatherIn ?? dirname(path), `${basename(path)}.${randomUUID()}${temporarySuffix}`);
  try {
    await using file = await open(beside, 'wx', mode);
    await file.writeFile(bytes);
    await file.sync();
    return beside;
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** What a write leaves beside its file when the process is killed in the middle; safe to remove at start. */
export const temporarySuffix = '.part';
