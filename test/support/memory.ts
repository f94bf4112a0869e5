import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const chunkBytes = 8 << 20;

/** Whether any readable, private memory of a process holds these bytes (proc(5), /proc/pid/mem). Root or the same user only. */
export function memoryHolds(pid: number, wanted: Buffer): boolean {
  const fd = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return regionsOf(pid).some(({ from, to }) => regionHolds(fd, { from, to, wanted }));
  } finally {
    closeSync(fd);
  }
}

function regionsOf(pid: number): { from: number; to: number }[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
      return match ? [{ from: Number.parseInt(match[1] ?? '', 16), to: Number.parseInt(match[2] ?? '', 16) }] : [];
    });
}

function regionHolds(fd: number, { from, to, wanted }: { from: number; to: number; wanted: Buffer }): boolean {
  const buffer = Buffer.alloc(Math.min(chunkBytes, to - from) + wanted.length);
  for (let at = from; at < to; at += chunkBytes) {
    const length = Math.min(buffer.length, to - at);
    try {
      if (buffer.subarray(0, readSync(fd, buffer, 0, length, at)).includes(wanted)) return true;
    } catch {
      // A guard page or a region that went away: nothing to read there.
      return false;
    }
  }
  return false;
}
