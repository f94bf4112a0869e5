export { type Held, type JudgedDesired, judgeDesired } from './desired.ts';
export { type Answer, Inbox } from './inbox.ts';
export { type Order, judgeCommand } from './rules.ts';
export { RefusalFilter } from './refusals.ts';
