import { readlinkSync, realpathSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { relative } from 'node:path';

/**
 * Notes each `sync` of a file or folder below `folder`, in order, by its path at that moment ('.' for the folder itself);
 * the syncs are done all the same. Nothing else tells a write that would survive a power cut from one that would not.
 */
export async function watchSyncs(folder: string): Promise<{ readonly seen: string[] } & Disposable> {
  const root = realpathSync(folder);
  await using probe = await open(root, 'r');
  const handles: Pick<FileHandle, 'sync'> = Object.getPrototypeOf(probe);
  const { sync } = handles;
  const seen: string[] = [];
  handles.sync = function (this: FileHandle): Promise<void> {
    const path = relative(root, readlinkSync(`/proc/self/fd/${this.fd}`));
    if (!path.startsWith('..')) seen.push(path === '' ? '.' : path);
    return sync.call(this);
  };
  return { seen, [Symbol.dispose]: () => void (handles.sync = sync) };
}
