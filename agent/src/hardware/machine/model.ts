import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineRoots } from './roots.ts';

const nameCharsMax = 64;

/** What kind of board this is, by its device tree; `generic` where there is none. */
export function modelOf({ proc }: Pick<MachineRoots, 'proc'>): string {
  try {
    return modelName(readFileSync(join(proc, 'device-tree/model'), 'utf8'));
  } catch {
    // No device tree, as on a PC.
    return 'generic';
  }
}

/**
 * A model's name without its revision, so that a binding by model holds for every board of it:
 * `Raspberry Pi 4 Model B Rev 1.4` is `raspberry-pi-4b`, as simulated boards call it.
 */
export function modelName(text: string): string {
  const name = text
    .replaceAll('\0', '')
    .replace(/ Rev [\d.]+\s*$/i, '')
    .replace(/^(Raspberry Pi) 5 Model B/i, '$1 5')
    .replace(/ Model ([AB])/i, '$1')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, nameCharsMax);
  return name === '' ? 'generic' : name;
}
