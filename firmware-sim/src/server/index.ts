export { serveBoard } from './serve-board.ts';
export { connectBoard } from './connect.ts';
