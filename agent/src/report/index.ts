export { Report } from './report.ts';
export { type ReportedBody } from './reported.ts';
export { fitting } from './tails.ts';
