/** A disk of a few megabytes that a test can really fill: a tmpfs of its own. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isErrno } from '@pier/shared/disk';

export type SmallDisk = Disposable & {
  readonly folder: string;
  /** Takes every free byte but these, away from everybody else. */
  fill(leaveBytes?: number): void;
  /** Gives them back. */
  free(): void;
  freeBytes(): number;
};

/** Why this machine gives none, for a test that skips; undefined where it does. */
export function noSmallDisk(): string | undefined {
  try {
    openSmallDisk(1)[Symbol.dispose]();
    return undefined;
  } catch (cause) {
    return `no tmpfs can be mounted here (${cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)}); run as root`;
  }
}

/** `at`: a folder that does not exist yet. Faults: those of mount(8). */
export function openSmallDisk(sizeMb: number, at?: string): SmallDisk {
  const folder = at ?? mkdtempSync(join(tmpdir(), 'pier-disk-'));
  if (at !== undefined) mkdirSync(at);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=700`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (cause) {
    rmSync(folder, { recursive: true });
    throw cause;
  }
  const filler = join(folder, 'filler');
  mkdirSync(filler);
  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  let files = 0;
  return {
    folder,
    freeBytes,
    fill: (leaveBytes = 0) => {
      files += 1;
      const fd = openSync(join(filler, String(files)), 'w');
      try {
        for (let left = freeBytes() - leaveBytes; left > 0; ) left -= writeSync(fd, Buffer.alloc(Math.min(left, 1 << 20)));
      } catch (cause) {
        // Who else writes there took the last bytes since they were counted.
        if (!isErrno(cause, 'ENOSPC')) throw cause;
      } finally {
        closeSync(fd);
      }
    },
    free: () => {
      rmSync(filler, { recursive: true, force: true });
      mkdirSync(filler);
    },
    [Symbol.dispose]: () => {
      // Lazily: a process that was killed may not be quite gone.
      execFileSync('umount', ['-l', folder], { stdio: 'pipe' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
