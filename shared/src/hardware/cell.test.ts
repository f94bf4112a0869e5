import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cellRecordBytes, decodeCellRecord, openCell } from './index.ts';

function makeCell() {
  const dir = mkdtempSync(join(tmpdir(), 'pier-cell-'));
  const fifo = join(dir, 'cells.fifo');
  expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
  writeFileSync(join(dir, 'level'), '0');
  const readFd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const recordFd = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  const levelFd = openSync(join(dir, 'level'), 'r');
  const dispose = (): void => {
    for (const fd of [readFd, recordFd, levelFd]) closeSync(fd);
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, readFd, value: openCell({ kind: 'stream', handle: 7, recordFd, levelFd }, () => 42n), [Symbol.dispose]: dispose };
}

test('a write is one record with handle, level and time', () => {
  using cell = makeCell();
  cell.value.write(1);
  const bytes = new Uint8Array(64);
  expect(readSync(cell.readFd, bytes)).toBe(cellRecordBytes);
  expect(decodeCellRecord(new DataView(bytes.buffer))).toEqual({ handle: 7, level: 1, tNs: 42n });
});

test('a read is the level that the board wrote last', () => {
  using cell = makeCell();
  expect(cell.value.read()).toBe(0);
  writeFileSync(join(cell.dir, 'level'), '1');
  expect(cell.value.read()).toBe(1);
});

test('a board that takes nothing any more is a hardware fault, not a wait', () => {
  using cell = makeCell();
  const fill = (): void => {
    for (let n = 0; n < 100_000; n += 1) cell.value.write(1);
  };
  expect(fill).toThrow(expect.objectContaining({ code: 'hardware-fault' }));
});
