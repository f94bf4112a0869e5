export { type Disk, watchDisk } from './disk.ts';
export { healthHandlers, untold } from './health.ts';
