export { type KeptAnswers, openKeptAnswers } from './answers.ts';
export { type Changes, openChanges } from './changes.ts';
export { auditHandlers } from './routes.ts';
