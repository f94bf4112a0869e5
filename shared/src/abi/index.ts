export { type HostError, type HostFunction, type HostModuleName, type WasmType, gpioEventBytes, hostErrors, hostModules } from './description.ts';
