export { type EnrollDeps } from './enroll.ts';
export { type DeviceKeys, type OldCopy, openDeviceKeys, startKeyUpkeep } from './device-keys.ts';
export { type Revocations, openRevocations } from './revocations.ts';
export { enrollDeviceRoutes, enrollHandlers } from './routes.ts';
