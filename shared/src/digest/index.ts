export { digestOf } from './digest.ts';
