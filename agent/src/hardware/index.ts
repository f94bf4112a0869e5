export { openSimBoard } from './sim-board.ts';
export { type SerialSite, openSerial } from './serial.ts';
