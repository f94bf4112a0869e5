export { planHandlers } from './handlers.ts';
export { type Sliced, sliceWaves } from './waves.ts';
