import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import { cellRecordBytes, decodeCellRecord } from '@pier/shared/hardware';
import type { Write } from '../board/index.ts';

/** Cuts what the pipe gives into records; a pipe's writes of this size are whole, so a rest is kept only for safety. */
export function splitRecords(): (piece: Uint8Array) => readonly Write[] {
  let rest = Buffer.alloc(0);
  return (piece) => {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = bytes.byteLength - (bytes.byteLength % cellRecordBytes);
    const writes: Write[] = [];
    for (let at = 0; at < whole; at += cellRecordBytes) writes.push(decodeCellRecord(new DataView(bytes.buffer, bytes.byteOffset + at, cellRecordBytes)));
    rest = Buffer.from(bytes.subarray(whole));
    return writes;
  };
}

export interface CellReader extends AsyncDisposable {
  /** Takes at once whatever is in the pipe, so that what was written before is done before what comes next. */
  drain(): void;
}

/** Hands on the writes of value cells as they come. Owns the descriptor. */
export function readCells(fd: number, onWrites: (writes: readonly Write[]) => void): CellReader {
  const split = splitRecords();
  const take = (piece: Uint8Array): void => {
    const writes = split(piece);
    if (writes.length > 0) onWrites(writes);
  };
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on('data', take);
  pipe.resume();
  const buffer = new Uint8Array(64 << 10);
  return {
    drain: () => {
      for (let got = readNow(fd, buffer); got > 0; got = readNow(fd, buffer)) {
        take(buffer.subarray(0, got));
        if (got < buffer.length) return;
      }
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => pipe.once('close', resolve));
      pipe.destroy();
      await closed;
    },
  };
}

function readNow(fd: number, buffer: Uint8Array): number {
  try {
    return readSync(fd, buffer);
  } catch {
    // EAGAIN: the pipe is empty.
    return 0;
  }
}
