export { type BoardOptions, boardChoice, boardOpener } from './open-board.ts';
export { openSimBoard } from './sim-board.ts';
