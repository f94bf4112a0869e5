export { connectionKept, hasCluster } from './cluster.ts';
export { openPostgres } from './postgres.ts';
