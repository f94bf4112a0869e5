export { commandHandlers } from './routes.ts';
export type { CommandDeps } from './send.ts';
export { takeAnswers } from './answers.ts';
export { startUnansweredWatch } from './unanswered.ts';
