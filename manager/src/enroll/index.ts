export { type EnrollDeps } from './enroll.ts';
export { type Revocations, openRevocations } from './revocations.ts';
export { enrollDeviceRoutes, enrollHandlers } from './routes.ts';
