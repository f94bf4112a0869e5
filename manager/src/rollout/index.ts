export { rolloutHandlers } from './routes.ts';
export { startRolloutEngine, tick } from './engine.ts';
export { advanceOnReport } from './advance.ts';
