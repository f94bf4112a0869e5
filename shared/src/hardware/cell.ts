import { CellError, type LineCell, type LineValue, openCellValue } from '../cell/index.ts';
import { Fault } from '../core/index.ts';

export { type LineCell, type LineValue, cellRecordBytes, decodeCellRecord, encodeCellRecord } from '../cell/index.ts';

/** Synchronous access to a line. Faults: `hardware-fault` when the board does not answer. */
export function openCell(cell: LineCell, monotonicNs: () => bigint): LineValue {
  const value = openCellValue(cell, monotonicNs);
  return { read: () => faulting(() => value.read()), write: (level) => faulting(() => value.write(level)) };
}

function faulting<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof CellError) throw new Fault('hardware-fault', cause.message, {}, cause);
    throw cause;
  }
}
