/** Apart from `hardware`, whose schemas a guest's thread does not need: loading them costs more than the rest of it. */
export { type Ioctl, type IoctlDoor, loadIoctl } from './ioctl.ts';
export { lineValuesRequests } from './ioctl-cell.ts';
export { type LineCell, openCellValue } from './line-cell.ts';
export { CellError, type Level, type LineValue } from './line-value.ts';
export { cellRecordBytes, decodeCellRecord, encodeCellRecord } from './stream-cell.ts';
