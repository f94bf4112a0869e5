import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@pier/shared/core';
import type { Board } from '@pier/shared/hardware';
import { openSysfsBoard } from '../../agent/src/hardware/sysfs/index.ts';
import { provideEpoll } from '../support/epoll.ts';
import { enterOwnSysfs, gpioRoot } from '../support/own-sysfs.ts';
import { type SimBench, startSim } from './sim-bench.ts';

/** Why sysfs can't be tested here; undefined where it can. Once for a test file: the process lives in a namespace of its own from here on. */
export async function prepareSysfs(): Promise<string | undefined> {
  const why = enterOwnSysfs() ?? (await provideEpoll());
  if (why !== undefined) process.stderr.write(`skipped: ${why}\n`);
  return why;
}

/** A simulated board whose pins are in /sys/class/gpio of this process and its children, and agents that open it there. */
export type SysfsBench = AsyncDisposable & {
  readonly sim: SimBench;
  /** Where the agents keep their record of exports. */
  readonly folder: string;
  open(signal?: AbortSignal): Promise<Board>;
};

export async function startSysfs(file: object, options: readonly string[] = []): Promise<SysfsBench> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'pier-exports-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  // A simulator that was killed leaves its mount.
  stack.defer(() => void spawnSync('umount', ['-l', gpioRoot]));
  const sim = stack.use(await startSim(file, ['--sysfs', gpioRoot, ...options]));
  const owned = stack.move();
  return { sim, folder, open: (signal = AbortSignal.timeout(30_000)) => openSysfsBoard({ clock: systemClock, folder }, signal), [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
