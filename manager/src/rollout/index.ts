export { rolloutHandlers } from './routes.ts';
export type { RolloutDeps } from './create.ts';
export { startRolloutEngine, tick } from './engine.ts';
export type { EngineDeps } from './turn.ts';
export { graceAfterStart } from './grace.ts';
export { advanceOnReport } from './advance.ts';
export { consentTo } from './consent.ts';
export { hasBegun } from './store.ts';
