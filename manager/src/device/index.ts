export { deviceHandlers } from './routes.ts';
export { type Ingest, type OnReported, startIngest } from './ingest.ts';
export { type Publish, announceManager, startPublisher } from './publisher.ts';
export { type Loop, startLoop } from './loop.ts';
export { PinWatch } from './pins.ts';
export { type AssignmentChange, type Writer, assign, bindingsOf } from './desired.ts';
export { lockDevices } from './store.ts';
export { refreshDesired, startSilenceWatch } from './upkeep.ts';
export { showDeployment } from './view.ts';
