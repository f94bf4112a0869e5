export { whereSelector } from './where.ts';
