export { openPostgres } from './postgres.ts';
