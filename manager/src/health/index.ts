export { type Disk, watchDisk } from './disk.ts';
export { healthHandlers } from './health.ts';
