export { type BoardOptions, boardOpener } from './open-board.ts';
export { openSimBoard } from './sim-board.ts';
