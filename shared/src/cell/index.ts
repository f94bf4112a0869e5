/** Apart from `hardware`, whose schemas a guest's thread does not need: loading them costs more than the rest of it. */
export { type LineCell, type LineValue, CellError, cellRecordBytes, decodeCellRecord, encodeCellRecord, openCellValue } from './line-cell.ts';
