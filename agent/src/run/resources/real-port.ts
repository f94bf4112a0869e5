import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Bindings } from '@pier/shared/capability';
import { type BoardProfile, reservedPorts } from '@pier/shared/hardware';

/** The device that a port's name means: two names of one device are one port. Of a device that is not there, as much as there is of its path. */
export function realPort(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Unplugged: its folder may still be a link.
    const parent = dirname(path);
    return parent === path ? path : join(realPort(parent), basename(path));
  }
}

/** The ports that the board reserves, also under the other names by which bindings call them. */
export function reservedPortNames(profile: BoardProfile, bindings: Bindings): string[] {
  const reserved = reservedPorts(profile);
  if (reserved.length === 0) return [];
  const real = new Set(reserved.map(realPort));
  const called = Object.values(bindings).flatMap((binding) => (binding.kind === 'serial' ? [binding.path] : []));
  return [...reserved, ...called.filter((path) => real.has(realPort(path)))];
}
