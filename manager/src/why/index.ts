export { whyHandlers } from './routes.ts';
export { type WhyDeps, whyOfDevices, whyOfRollout } from './why.ts';
