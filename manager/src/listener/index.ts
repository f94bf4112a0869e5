export { openDeviceListener } from './open-listener.ts';
export { type DeviceListener, type DeviceRequest } from './listener.ts';
export { type DeviceCertificate } from './certificate.ts';
