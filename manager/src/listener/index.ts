export { type DeviceListener, type DeviceListenerOptions, type DeviceRequest } from './listener.ts';
