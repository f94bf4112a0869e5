export { type EnrollDeps } from './enroll.ts';
export { enrollDeviceRoutes, enrollHandlers } from './routes.ts';
