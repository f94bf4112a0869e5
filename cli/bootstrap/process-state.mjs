import { readFileSync } from 'node:fs';

/**
 * What the kernel says of a process: its parent, and its start time in ticks, which together with the id names one
 * process for ever. Undefined when it is gone (a zombie counts as gone) or where there is no /proc.
 */
export function processState(pid) {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // gone, or no /proc on this system
  }
  // The name stands in parentheses and may itself hold blanks and parentheses: count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  return { pid, parent: Number(parent), startTicks: fields[19] };
}

/** The command line of a process, blank where it cannot be read. */
export function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // gone, or no /proc on this system
  }
}

/** True where this system has /proc. */
export const hasProc = processState(process.pid) !== undefined;

/** True while the process with this id and start is alive. Without /proc only the id can be asked for. */
export function isAlive({ pid, startTicks }) {
  if (hasProc) return processState(pid)?.startTicks === startTicks;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
