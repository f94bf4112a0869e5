export { rolloutHandlers } from './routes.ts';
export { type RolloutDeps } from './create.ts';
export { type EngineDeps, startRolloutEngine, tick } from './engine.ts';
export { advanceOnReport } from './advance.ts';
