export { type BackupSummary, backUp } from './backup.ts';
export { type RestoreSummary, restore } from './restore.ts';
export { finishRestore } from './take-over.ts';
