export { BoardProfile, ProfilePort, findLine, findPort, reservedLines, reservedPorts } from './profile.ts';
export { type Board, type Edge, type Level, type Line, type LineRequest, type SerialPort, type SerialRequest, type SerialSettings, type WatchRequest, lostUnknown } from './board.ts';
export { type LineCell, type LineValue, cellRecordBytes, decodeCellRecord, encodeCellRecord, openCell } from './cell.ts';
export { headerPinOf } from './header.ts';
export { splitLines } from './lines.ts';
export { type SimClient, type SimEdge, type SimOrder, type SimResult, simClient } from './sim-client.ts';
export { BoardFile, ModbusMeterPart } from './board-file.ts';
export { SerialFault, SimPort } from './sim-serial.ts';
export { SimAnswer, SimLine, SimRecord, SimRequest, WiredPart, simLineBytesMax } from './sim-wire.ts';
