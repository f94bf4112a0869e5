export { openSimBoard } from './sim-board.ts';
