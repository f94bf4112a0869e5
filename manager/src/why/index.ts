export { whyHandlers } from './routes.ts';
export type { WhyDeps } from './why.ts';
