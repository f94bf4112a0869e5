export { type DeviceDeps, deviceHandlers } from './routes.ts';
export { type Ingest, type IngestCounts, type IngestDeps, type OnReported, type Uplink, startIngest } from './ingest.ts';
export { type Publish, announceManager, startPublisher } from './publisher.ts';
export { type Loop, startLoop } from './loop.ts';
export { PinWatch } from './pins.ts';
export { type AssignmentChange, type Writer, assign, bindingsOf, writeDesired } from './desired.ts';
export { type AuditRow, lockDevices, storeAudit } from './store.ts';
export { refreshDesired, startSilenceWatch } from './upkeep.ts';
export { showDeployment } from './view.ts';
