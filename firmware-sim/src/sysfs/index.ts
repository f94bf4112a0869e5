export { type SysfsOptions, serveSysfs } from './serve-sysfs.ts';
