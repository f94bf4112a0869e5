import { statfsSync } from 'node:fs';
import { type Clock, Fault, type Log, toFault } from '@pier/shared/core';

const everyMs = 10_000;

/** Whether there is room on the manager's disk: asked for each piece that comes in, so that the reserve is what its name says. */
export type Disk = { /** Undefined while there is; else `disk-low`, with the numbers. */ readonly shortage: () => Fault | undefined } & Disposable;

/**
 * Watches the disk below `dir`. PostgreSQL stops where it cannot write its log, and so does the fleet's manager: what is large
 * and can come again has to stay out before that.
 */
export function watchDisk({ dir, reserveMb, clock, log, freeBytes = freeBytesOf }: { dir: string; reserveMb: number; clock: Clock; log: Log; freeBytes?: (dir: string) => number }): Disk {
  let wasLow = false;
  const shortage = (): Fault | undefined => {
    const freeMb = freeBytes(dir) / 2 ** 20;
    const isLow = freeMb < reserveMb;
    if (isLow !== wasLow) log[isLow ? 'error' : 'info']({ dir, freeMb: Math.floor(freeMb), reserveMb }, isLow ? 'disk.low' : 'disk.well');
    wasLow = isLow;
    return isLow ? new Fault('disk-low', `the manager's disk has ${Math.floor(freeMb)} MB left; below ${reserveMb} MB nothing is uploaded, so that what runs goes on`, { freeMb, reserveMb }) : undefined;
  };
  const beat = clock.every(everyMs, () => {
    try {
      shortage();
    } catch (thrown) {
      // A disk that fails must not end what runs without it; whoever has something to store is told himself.
      log.error({ dir, why: toFault(thrown).message }, 'disk.silent');
    }
  });
  return { shortage, [Symbol.dispose]: () => beat[Symbol.dispose]() };
}

/** What this user may still write there (statfs(2), `f_bavail`). */
function freeBytesOf(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}
