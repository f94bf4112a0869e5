export { type Ingest, type IngestCounts, startIngest } from './ingest.ts';
export { type Answered, type IngestDeps, type OnAnswered, type OnReported, type Streamed, type Streams } from './take.ts';
export type { Uplink } from './read.ts';
