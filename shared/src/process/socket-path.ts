import { closeSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

const pathBytesMax = 100;

/**
 * A path for a Unix socket that fits into sun_path (108 bytes, unix(7)) however deep its folder lies: long ones go through
 * an open descriptor of the folder. Node cuts longer paths silently. Keep it open while binding or connecting.
 */
export function socketPath(path: string): { readonly path: string } & Disposable {
  if (Buffer.byteLength(path) <= pathBytesMax) return { path, [Symbol.dispose]: () => {} };
  const fd = openSync(dirname(path), 'r');
  return { path: `/proc/self/fd/${fd}/${basename(path)}`, [Symbol.dispose]: () => closeSync(fd) };
}
