export { serveBoard } from './serve-board.ts';
export { connectBoard } from './connect.ts';
export { type LiveBoard, type Owner } from './live-board.ts';
