export { type Streaming, openStreaming } from './streaming.ts';
export { telemetryHandlers } from './routes.ts';
export { startTelemetryUpkeep } from './upkeep.ts';
