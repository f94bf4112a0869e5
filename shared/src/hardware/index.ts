export { BoardProfile, findLine, reservedLines } from './profile.ts';
export { type Board, type Edge, type Level, type Line, type LineRequest, type WatchRequest } from './board.ts';
export { type LineCell, type LineValue, cellRecordBytes, decodeCellRecord, encodeCellRecord, openCell } from './cell.ts';
export { BoardFile, SimAnswer, SimLine, SimRecord, SimRequest } from './sim-wire.ts';
