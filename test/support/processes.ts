import { readFileSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { isErrno } from '@pier/shared/disk';

export type Running = { readonly pid: number; readonly program: string; readonly command: string };

/** Every process whose command line, or whose working directory's command, names this text; from /proc. */
export function processesOf(mark: string): Running[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        const zombie = /^State:\s+Z/m.test(readFileSync(`/proc/${name}/status`, 'utf8'));
        return !zombie && words.join(' ').includes(mark) ? [{ pid: Number(name), program: basename(words[0] ?? ''), command: words.join(' ') }] : [];
      } catch {
        // It ended while we looked.
        return [];
      }
    });
}

/** Sends each of them a signal; one that ended since we looked needs none. Faults: those of kill(2) but ESRCH. */
export function signalAll(running: readonly { readonly pid: number }[], signal: NodeJS.Signals): void {
  for (const { pid } of running) {
    try {
      process.kill(pid, signal);
    } catch (cause) {
      if (!isErrno(cause, 'ESRCH')) throw cause;
    }
  }
}
