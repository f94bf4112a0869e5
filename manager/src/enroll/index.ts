export { type EnrollDeps } from './enroll.ts';
export { type DeviceAnswer, type DeviceRequest, enrollDeviceRoutes, enrollHandlers } from './routes.ts';
