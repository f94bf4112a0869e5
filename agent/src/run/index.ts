export { Apps } from './apps.ts';
export { type BoardKeeper, type OpenBoard, keepBoard } from './board.ts';
export { openLines } from './lines.ts';
export { type Performed } from './perform.ts';
export { type Step } from './plan.ts';
