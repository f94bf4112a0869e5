export { type PinnedTls, openPinnedTls, openUnverifiedTls, pinnedFault } from './pinned.ts';
