import { closeSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@pier/shared/core';
import { BoardFile } from '@pier/shared/hardware';
import { expect, test } from 'vitest';
import { driveOutside, makeBoard } from '../board/index.ts';
import { openBoardFiles } from './board-files.ts';

function makeFiles(recordBytesMax: number) {
  const dir = mkdtempSync(join(tmpdir(), 'pier-files-'));
  const board = makeBoard(BoardFile.parse({ model: 'raspberry-pi-4b' }));
  const files = openBoardFiles({ dir, board, log: silentLog, recordBytesMax });
  const toggle = (count: number): void => {
    for (let n = 0; n < count; n += 1) {
      const driven = driveOutside(board, { name: 'GPIO17', level: n % 2 === 0 ? 1 : 0 }, BigInt(n));
      if (driven.ok) files.show(driven.value);
    }
  };
  const dispose = (): void => {
    closeSync(files.cellsFd);
    files[Symbol.dispose]();
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, toggle, [Symbol.dispose]: dispose };
}

test('a level file holds one byte, the level of now', () => {
  using files = makeFiles(1 << 20);
  const level = (): string => readFileSync(join(files.dir, 'levels/pinctrl-bcm2711-17'), 'utf8');
  expect(level()).toBe('0');
  files.toggle(1);
  expect(level()).toBe('1');
  files.toggle(2);
  expect(level()).toBe('0');
});

test('a full record is kept beside a new one, and no older one is', () => {
  using files = makeFiles(2_000);
  const size = (name: string): number => statSync(join(files.dir, name), { throwIfNoEntry: false })?.size ?? 0;
  files.toggle(10);
  expect(size('record.ndjson.1')).toBe(0);
  files.toggle(400);
  expect(size('record.ndjson.1')).toBeGreaterThan(2_000);
  expect(size('record.ndjson') + size('record.ndjson.1')).toBeLessThan(5_000);
});

test('only its owner may use a board', () => {
  using files = makeFiles(1 << 20);
  for (const name of ['levels', 'cells.fifo', 'record.ndjson', 'levels/pinctrl-bcm2711-17']) expect([name, statSync(join(files.dir, name)).mode & 0o077]).toEqual([name, 0]);
});
