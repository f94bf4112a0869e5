import { type FileCell, openFileCell } from './file-cell.ts';
import { type IoctlCell, openIoctlCell } from './ioctl-cell.ts';
import type { LineValue } from './line-value.ts';
import { type StreamCell, openStreamCell } from './stream-cell.ts';

type Cells = { readonly stream: StreamCell; readonly file: FileCell; readonly ioctl: IoctlCell };

/** A line's value as plain data that can be posted to a worker thread. */
export type LineCell<K extends keyof Cells = keyof Cells> = { readonly [P in K]: Cells[P] & { readonly kind: P } }[K];

const openers: { readonly [K in keyof Cells]: (cell: LineCell<K>, monotonicNs: () => bigint) => LineValue } = {
  stream: openStreamCell,
  file: openFileCell,
  ioctl: openIoctlCell,
};

/** Synchronous access to a line, in any thread. Imports nothing beyond this folder, so that a guest's thread stays small. */
export function openCellValue<K extends keyof Cells>(cell: LineCell<K>, monotonicNs: () => bigint): LineValue {
  return openers[cell.kind](cell, monotonicNs);
}
