export { type Simulator, openSimulator } from './simulator.ts';
