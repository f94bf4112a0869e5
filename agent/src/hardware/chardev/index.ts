export { openChardevBoard } from './board.ts';
export { type Kernel, openKernel } from './kernel.ts';
export { Pollers } from './pollers.ts';
