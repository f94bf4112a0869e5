export { type BlobWant, type Blobs } from './blobs.ts';
export { type AppRecord, type Hold, type Progress, type ReleaseRecord, type Wanted } from './apps.ts';
export { isDamage } from './database.ts';
export { type Disk } from './disk.ts';
export { type JournalEntry } from './journal.ts';
export { type OutboxEntry, type OutboxKind } from './outbox.ts';
export { type Store, openStore } from './store.ts';
