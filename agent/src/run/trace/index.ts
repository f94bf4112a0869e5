export { AppTrace } from './app-trace.ts';
export { Keep } from './keep.ts';
export { LineCutter, lineCharactersMax } from './line-cutter.ts';
