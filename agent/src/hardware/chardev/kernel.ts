import { loadIoctl, type IoctlDoor } from '@pier/shared/cell';
import { Fault } from '@pier/shared/core';

/** The one door to the kernel's GPIO; a test puts a kernel of its own behind it. */
export type Kernel = IoctlDoor;

/** Faults: `platform-unsupported` where no ioctl can be called. */
export function openKernel(): Kernel {
  try {
    return loadIoctl();
  } catch (cause) {
    throw new Fault('platform-unsupported', cause instanceof Error ? cause.message : String(cause), {}, cause);
  }
}
