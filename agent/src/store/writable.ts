import { Fault, toFault } from '@pier/shared/core';

/** What the disk says of a place that this process may not write to (errno(3)). */
const denied: Readonly<Record<string, string>> = { EACCES: 'permission denied', EPERM: 'permission denied', EROFS: 'it is on a read-only file system' };

/** A failure of the disk as a Fault that names the place; everything else as it is. */
export function storageFault(place: string, cause: unknown): Fault {
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = Object.hasOwn(denied, errno) ? denied[errno] : undefined;
  if (why === undefined) return toFault(cause);
  return new Fault('storage-failed', `the agent cannot write to ${place}: ${why}; its owner has to be the user that the agent runs as`, {}, cause);
}

/** Runs what writes below `place`. Faults: `storage-failed` naming it, `disk-full`. */
export function writable<T>(place: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw storageFault(place, cause);
  }
}

export async function written<T>(place: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw storageFault(place, cause);
  }
}
