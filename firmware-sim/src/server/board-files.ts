import { spawnSync } from 'node:child_process';
import { closeSync, constants, ftruncateSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, type Log } from '@pier/shared/core';
import { type Change, type SimBoard, type SimPin, recordOf } from '../board/index.ts';

/** Beyond this the record starts anew and the full one stays beside it, so that a board may run for weeks. */
const recordBytesDefault = 64 << 20;

export const fileNames = { socket: 'board.sock', cells: 'cells.fifo', record: 'record.ndjson', levels: 'levels', serial: 'serial' } as const;

export interface BoardFiles extends Disposable {
  /** Read end of the pipe of value cells; it is the reader's to close. */
  readonly cellsFd: number;
  levelFile(pin: SimPin): string;
  /** Makes what has changed visible: to readers of the levels first, then in the record. */
  show(changes: readonly Change[]): void;
}

/** Makes the files of a board in its folder. Faults: `platform-unsupported` without mkfifo, errors of the disk. */
export function openBoardFiles({ dir, board, log, recordBytesMax = recordBytesDefault }: { dir: string; board: SimBoard; log: Log; recordBytesMax?: number }): BoardFiles {
  const levels = join(dir, fileNames.levels);
  // New files each time: a descriptor that somebody kept of an earlier board must not show this one's levels.
  rmSync(levels, { recursive: true, force: true });
  mkdirSync(levels, { mode: 0o700 });
  const cellsFd = makePipe(join(dir, fileNames.cells));
  const levelFile = (pin: SimPin): string => `${fileNames.levels}/${pin.at.chip.replaceAll(/[^\w.-]/g, '_')}-${pin.at.line}`;
  const levelFds = new Map(board.pins.map((pin) => [pin, openSync(join(dir, levelFile(pin)), 'wx', 0o600)] as const));
  const showLevel = (pin: SimPin): void => {
    const fd = levelFds.get(pin);
    if (fd !== undefined) writeSync(fd, pin.level === 1 ? '1' : '0', 0);
  };
  board.pins.forEach(showLevel);
  const record = openRecord(join(dir, fileNames.record), { log, recordBytesMax });
  return {
    cellsFd,
    levelFile,
    show: (changes) => {
      for (const pin of new Set(changes.map((change) => change.pin))) showLevel(pin);
      record.append(changes);
    },
    [Symbol.dispose]: () => {
      for (const fd of levelFds.values()) {
        // An empty level reads as a hardware fault, where the last one would look alive.
        ftruncateSync(fd);
        closeSync(fd);
      }
      record[Symbol.dispose]();
      rmSync(join(dir, fileNames.cells), { force: true });
    },
  };
}

function makePipe(path: string): number {
  rmSync(path, { force: true });
  const made = spawnSync('mkfifo', ['-m', '600', path], { encoding: 'utf8' });
  if (made.status !== 0) throw new Fault('platform-unsupported', `mkfifo (coreutils) could not make ${path}: ${made.error?.message ?? made.stderr.trim()}`);
  // Open for both, so that the pipe never ends when its last writer goes (fifo(7)).
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

function openRecord(path: string, { log, recordBytesMax }: { log: Log; recordBytesMax: number }): { append(changes: readonly Change[]): void } & Disposable {
  let fd = openSync(path, 'a', 0o600);
  let sizeBytes = statSync(path).size;
  const append = (changes: readonly Change[]): void => {
    if (changes.length === 0) return;
    const text = changes.map((change) => `${JSON.stringify(recordOf(change))}\n`).join('');
    try {
      sizeBytes += writeSync(fd, text);
    } catch (error) {
      // The pins go on working on a full disk; who reads the record misses lines and finds this in the log.
      log.error({ path, lines: changes.length, error: String(error) }, 'record.failed');
    }
    if (sizeBytes <= recordBytesMax) return;
    closeSync(fd);
    renameSync(path, `${path}.1`);
    fd = openSync(path, 'a', 0o600);
    sizeBytes = 0;
  };
  return { append, [Symbol.dispose]: () => closeSync(fd) };
}
