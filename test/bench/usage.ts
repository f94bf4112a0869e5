/** CPU time and memory of processes and all that they started, from /proc (proc_pid_stat(5), proc_pid_smaps_rollup(5)). */
import { readFileSync, readdirSync } from 'node:fs';
import { systemClock } from '@pier/shared/core';

const ticksPerS = 100;

type Stat = { readonly pid: number; readonly parent: number; readonly cpuS: number };

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
    return { pid, parent: Number(fields[1]), cpuS: ticks / ticksPerS };
  } catch {
    // It ended while we looked.
    return undefined;
  }
}

/** A process and its descendants that are there now. */
export function treeOf(root: number): Stat[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => statOf(Number(name)) ?? []);
  const tree = all.filter((one) => one.pid === root);
  for (const one of tree) tree.push(...all.filter((other) => other.parent === one.pid));
  return tree;
}

/** CPU seconds used so far, children that have ended included. */
export const cpuSecondsOf = (root: number): number => treeOf(root).reduce((sum, one) => sum + one.cpuS, 0);

function pssMiBOf(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1_024;
  } catch {
    // It ended while we looked.
    return 0;
  }
}

/** Looks at the memory of some processes, with all that they started, each half second; `peakMiB` is the largest sum seen. */
export function watchMemory(roots: readonly number[]): Disposable & { readonly peakMiB: number } {
  let peakMiB = 0;
  const look = (): void => {
    const sum = roots.flatMap((root) => treeOf(root)).reduce((all, one) => all + pssMiBOf(one.pid), 0);
    peakMiB = Math.max(peakMiB, sum);
  };
  look();
  const timer = systemClock.every(500, look);
  return {
    get peakMiB() {
      return peakMiB;
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}
