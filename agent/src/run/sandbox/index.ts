export { Bucket } from './bucket.ts';
export type { Admitted, Guest, GuestEnd, GuestEvents, GuestLimit, GuestStats, OutputStream, Program, Runner, TelemetrySample } from './runner.ts';
export { type SerialLink, createSerialLink } from './serial-link.ts';
export { workerRunner } from './worker-runner.ts';
