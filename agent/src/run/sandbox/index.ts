export { Bucket } from './bucket.ts';
export type { Admitted, Guest, GuestEnd, GuestEvents, GuestLimit, GuestStats, OutputStream, Program, Runner } from './runner.ts';
export { workerRunner } from './worker-runner.ts';
