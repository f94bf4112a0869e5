export { openDeviceListener } from './open-listener.ts';
export { type DeviceListener, type DeviceListenerOptions, type DeviceRequest } from './listener.ts';
