import type { Clock, Log } from '@pier/shared/core';
import type { LiveBoard } from '../server/index.ts';
import { mountFuse } from './fuse-mount.ts';
import { gpioTree } from './gpio-tree.ts';

/** How the board shows itself in sysfs: where, with which number first, and how late rights to a new line come. */
export type SysfsOptions = { readonly dir: string; readonly base: number; readonly slowOpens: number };

/**
 * Shows a board's pins at `dir` as the kernel shows them in /sys/class/gpio, until disposed.
 * Faults: those of mounting, `platform-unsupported` above all.
 */
export async function serveSysfs({ live, clock, log, options }: { live: LiveBoard; clock: Clock; log: Log; options: SysfsOptions }): Promise<AsyncDisposable> {
  const { dir, base, slowOpens } = options;
  const { root, feed } = gpioTree({ live, clock, base, slowOpens });
  const mount = await mountFuse({ root, dir, name: 'pier-sysfs', log });
  live.onChange((changes) => {
    for (const file of feed(changes)) mount.wake(file);
  });
  return mount;
}
