export { type Database, openDatabase } from './database.ts';
export { type Db, inTransaction } from './db.ts';
export { newId } from './id.ts';
export { storeAudit } from './audit.ts';
export { isAnyOf, rowsAs } from './rows.ts';
export {
  apiToken, assignment, audit, binding, claimToken, command, deployment, device, deviceLive, deviceState, event, idempotency,
  outbox, pendingDevice, policy, release, rollout, savedView, session, telemetry, userAccount, wave,
} from './schema.ts';
