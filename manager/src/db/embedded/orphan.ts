import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, Fault, type Log } from '@pier/shared/core';

const stopTimeoutMs = 20_000;

/**
 * Clears what a killed run left: a server that still runs on this data folder is stopped, a lock file that names nobody,
 * or somebody else who got the same process id since, is removed. To be called by the holder of the folder's lock only.
 */
export async function clearOrphan({ data, clock, log }: { data: string; clock: Clock; log: Log }): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const pid = await readPid(file);
  if (pid === undefined) return;
  if (await servesFolder(pid, data)) {
    log.warn({ serverPid: pid }, 'database.orphan-stopped');
    await stopOrphan({ pid, data, clock });
  }
  await rm(file, { force: true });
}

async function stopOrphan({ pid, data, clock }: { pid: number; data: string; clock: Clock }): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    process.kill(pid, signal);
    const giveUpMs = clock.monotonicMs() + stopTimeoutMs;
    while (clock.monotonicMs() < giveUpMs) {
      if (!(await servesFolder(pid, data))) return;
      await clock.sleep(20);
    }
  }
  throw new Fault('storage-failed', `a PostgreSQL of an earlier run (process ${pid}) still uses ${data} and does not stop`);
}

async function readPid(file: string): Promise<number | undefined> {
  try {
    const pid = Number((await readFile(file, 'utf8')).split('\n', 1)[0]);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    // No lock file: nothing was left.
    return undefined;
  }
}

async function servesFolder(pid: number, data: string): Promise<boolean> {
  try {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    return words.includes(data) && words.some((word) => word.endsWith('/postgres'));
  } catch {
    // The process ended.
    return false;
  }
}
