import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders of ours that hold what others must not read. That of the keys looks after itself: it refuses to be open, since keys may have leaked. */
const privateFolders = ['postgres', 'registry'] as const;
const othersMask = 0o077;

/** Closes our own folders under the data folder to others, where an earlier start or a restored backup left them open. The data folder itself is the operator's. */
export async function tightenDataDir(dataDir: string): Promise<void> {
  for (const path of privateFolders.map((name) => join(dataDir, name))) {
    const found = await stat(path).catch(() => undefined);
    // One that is not there yet is made closed.
    if (found?.isDirectory() && found.mode & othersMask) await chmod(path, 0o700);
  }
}
