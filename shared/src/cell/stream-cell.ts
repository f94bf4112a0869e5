import { readSync, writeSync } from 'node:fs';
import { CellError, type Level, type LineValue, guarded } from './line-value.ts';

/**
 * Writes are 16-byte records to a pipe shared by the whole board, reads are one byte at offset 0 of the line's level file.
 * A record names the line by the handle that opening it gave: a late one can't reach whoever opens the line next.
 */
export type StreamCell = { readonly kind: 'stream'; readonly handle: number; readonly recordFd: number; readonly levelFd: number };

export const cellRecordBytes = 16;

/** One write as the simulator receives it: handle, level, CLOCK_MONOTONIC in nanoseconds; little endian. */
export function encodeCellRecord(record: { handle: number; level: Level; tNs: bigint }, into: DataView): void {
  into.setUint32(0, record.handle, true);
  into.setUint32(4, record.level, true);
  into.setBigUint64(8, record.tNs, true);
}

export function decodeCellRecord(from: DataView): { handle: number; level: Level; tNs: bigint } {
  return { handle: from.getUint32(0, true), level: from.getUint32(4, true) === 0 ? 0 : 1, tNs: from.getBigUint64(8, true) };
}

export function openStreamCell(cell: StreamCell, monotonicNs: () => bigint): LineValue {
  const record = new Uint8Array(cellRecordBytes);
  const view = new DataView(record.buffer);
  const byte = new Uint8Array(1);
  return {
    read: () => {
      if (guarded(() => readSync(cell.levelFd, byte, 0, 1, 0)) !== 1) throw new CellError('the line has no level: its board is gone');
      return byte[0] === 0x31 ? 1 : 0;
    },
    write: (level) => {
      encodeCellRecord({ handle: cell.handle, level, tNs: monotonicNs() }, view);
      // The pipe is non-blocking and a record is far below PIPE_BUF, so a write is whole or fails with EAGAIN (pipe(7)).
      if (guarded(() => writeSync(cell.recordFd, record)) !== cellRecordBytes) throw new CellError('the board took only a part of a write');
    },
  };
}
