import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes beside, syncs, renames and syncs the folder: after it returns, a power cut leaves the whole new file; before, the whole old one. */
export async function writeDurably(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  {
    await using file = await open(temporary, 'wx', 0o600);
    await file.writeFile(bytes);
    await file.sync();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** A rename survives a power cut only once its folder is on disk (fsync(2)). */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
