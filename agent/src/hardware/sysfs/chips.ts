import { accessSync, constants, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A constant of onoff's, and so of ours: a test mounts its own here, in a mount namespace that nobody else sees. */
export const gpioRoot = '/sys/class/gpio';

/** A chip with the number that its first line has since this boot. */
export type Chip = { readonly label: string; readonly base: number; readonly count: number };

const chipsMax = 16;
const linesMax = 1_024;
const labelCharsMax = 32;

/** The chips that sysfs shows, by number. Errors of the system when it shows none. */
export function scanChips(): readonly Chip[] {
  const chips = readdirSync(gpioRoot)
    .filter((name) => /^gpiochip\d+$/.test(name))
    .flatMap((name) => readChip(join(gpioRoot, name)))
    .toSorted((a, b) => a.base - b.base)
    .slice(0, chipsMax);
  // Two chips of one kind have one label, and nothing here that lasts tells them apart: neither can be named then.
  return chips.filter(({ label }) => chips.filter((chip) => chip.label === label).length === 1);
}

function readChip(folder: string): Chip[] {
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();
  try {
    const chip = { label: text('label').slice(0, labelCharsMax), base: Number(text('base')), count: Math.min(Number(text('ngpio')), linesMax) };
    return chip.label === '' || !Number.isInteger(chip.base) || !Number.isInteger(chip.count) ? [] : [chip];
  } catch {
    // Unplugged between the two looks.
    return [];
  }
}

/** Whether lines can be had through sysfs now, and if not, why. */
export function probeSysfs(): { readonly usable: boolean; readonly why: string } {
  try {
    accessSync(join(gpioRoot, 'export'), constants.W_OK);
    const chips = scanChips();
    if (chips.length === 0) return { usable: false, why: `${gpioRoot} shows no GPIO chip with a label of its own` };
    return { usable: true, why: `${gpioRoot} shows ${chips.map(({ label, count }) => `${label} (${count} lines)`).join(', ')}` };
  } catch (cause) {
    return { usable: false, why: reasonFor(cause) };
  }
}

function reasonFor(cause: unknown): string {
  const errno = errnoOf(cause);
  if (errno === 'ENOENT') return `${gpioRoot}/export is not there: this kernel is built without numbered lines in sysfs (CONFIG_GPIO_SYSFS, since 6.17 CONFIG_GPIO_SYSFS_LEGACY)`;
  if (errno === 'EACCES' || errno === 'EPERM') return `${gpioRoot}/export may not be written by this user; it belongs to root or to the group "gpio"`;
  return `${gpioRoot} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`;
}

/** Name of the system error, such as EBUSY; empty for anything else. */
export function errnoOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}
