export { Apps } from './apps.ts';
export { type BoardKeeper, type OpenBoard, keepBoard } from './board.ts';
export { type Performed } from './perform.ts';
export { type Step } from './plan.ts';
export { type HeldLines, type HeldPorts, PortNews, createLeases, openLines, openPorts, reservedPortNames } from './resources/index.ts';
