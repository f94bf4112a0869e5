export { type Connection } from './server.ts';
export { type Postgres, openPostgres } from './postgres.ts';
