export { type Database, openDatabase, refuseUnreachable } from './database.ts';
export { connectionKept, hasCluster, openPostgres } from './embedded/index.ts';
export { holdDatabase } from './holder.ts';
export { claimInstallation } from './installation.ts';
export { lockFolder } from './lock.ts';
export { makeSchemaAt, schemaNow, schemaOf } from './migrate.ts';
export { tableNames } from './table-names.ts';
export { type Db, inTransaction } from './db.ts';
export { newId } from './id.ts';
export { storeAudit } from './audit.ts';
export { isAnyOf, rowsAs } from './rows.ts';
export { noLife, notForgotten } from './forgotten.ts';
export {
  apiToken, assignment, audit, binding, claimToken, command, deployment, device, deviceKey, deviceLive, deviceState, event, idempotency,
  outbox, pendingDevice, policy, release, rollout, savedView, session, telemetry, userAccount, wave,
} from './schema.ts';
