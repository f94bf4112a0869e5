import { existsSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';

export const gpioRoot = '/sys/class/gpio';

const newNamespace = 0x20000;
const recursiveAndPrivate = 0x4000 | 0x40000;
const detach = 2;

/**
 * Takes this process, and all that it starts from now on, into a mount namespace of its own, where /sys/class/gpio is a
 * folder to mount on: nobody else on this machine sees what is mounted there, and it all ends with the last of them. A test
 * file has a process to itself, so that this is done once for all its tests. Gives why not, where it cannot be done.
 */
export function enterOwnSysfs(): string | undefined {
  if (process.platform !== 'linux' || !existsSync('/dev/fuse')) return 'this system has no /dev/fuse, so no sysfs can be simulated';
  const libc = koffi.load('libc.so.6');
  const call = (definition: string) => libc.func(definition) as (...words: readonly (string | number | null)[]) => number;
  const unshare = call('int unshare(int flags)');
  const mount = call('int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)');
  const umount = call('int umount2(const char *target, int flags)');
  // unshare(2): of the calling thread alone, which is the one that the tests and their children run on.
  if (unshare(newNamespace) !== 0) return `a mount namespace takes root (errno ${koffi.errno()})`;
  if (mount('none', '/', null, recursiveAndPrivate, null) !== 0) return `the mounts of this process cannot be made private (errno ${koffi.errno()})`;
  if (existsSync(gpioRoot)) return undefined;
  const work = mkdtempSync(join(tmpdir(), 'pier-sysfs-'));
  if (mount('none', work, 'tmpfs', 0, null) !== 0) return `tmpfs cannot be mounted (errno ${koffi.errno()})`;
  for (const name of ['upper/gpio', 'work']) mkdirSync(join(work, name), { recursive: true });
  const layers = `lowerdir=/sys/class,upperdir=${work}/upper,workdir=${work}/work`;
  const isDone = mount('overlay', '/sys/class', 'overlay', 0, layers) === 0;
  // The overlay keeps what it is made of, so that nothing of it is left in the folder for temporary files.
  umount(work, detach);
  rmdirSync(work);
  return isDone ? undefined : `an overlay cannot be laid over /sys/class (errno ${koffi.errno()})`;
}
