export { Apps } from './apps.ts';
export { type BoardKeeper, type OpenBoard, keepBoard } from './board.ts';
export { type Performed } from './perform.ts';
export { type Step } from './plan.ts';
export { PortNews, createLeases, openLines, openPorts, reservedPortNames } from './resources/index.ts';
