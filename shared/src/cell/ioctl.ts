import { createRequire } from 'node:module';
import { CellError } from './line-value.ts';

/** ioctl(2) on an open descriptor, with what stands in the buffer both given and taken; 0, or the errno. */
export type Ioctl = (fd: number, request: number, buffer: Uint8Array) => number;

/** `nameOf` gives an errno its name, such as EBUSY. */
export type IoctlDoor = { readonly ioctl: Ioctl; readonly nameOf: (errno: number) => string };

/** The part of koffi that is used here; written down since it is loaded by require. */
type Koffi = {
  load(path: null): { func(name: string, result: string, parameters: readonly string[]): (...args: readonly unknown[]) => number };
  errno(): number;
  readonly os: { readonly errno: Readonly<Record<string, number>> };
};

/**
 * Node has no ioctl: koffi calls the C library's. Loaded with the first line that needs it, in any thread, so that nobody
 * else carries it (10 ms, some MB). Throws `CellError` where there is no koffi for this machine.
 */
export function loadIoctl(): IoctlDoor {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const call = koffi.load(null).func('ioctl', 'int', ['int', 'unsigned long', 'void *']);
    const names = new Map(Object.entries(koffi.os.errno).map(([name, errno]) => [errno, name]));
    return {
      ioctl: (fd, request, buffer) => (call(fd, request, buffer) < 0 ? koffi.errno() : 0),
      nameOf: (errno) => names.get(errno) ?? `errno ${errno}`,
    };
  } catch (cause) {
    throw new CellError(`no ioctl can be called here: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
