import { type BoardProfile, headerPinOf } from '@pier/shared/hardware';
import { eeprom, isHeaderChip, wired } from '../machine/index.ts';
import type { Chip } from './chips.ts';

type ProfileChip = BoardProfile['chips'][number];
type ProfileLine = ProfileChip['lines'][number];

/** Chips of a Raspberry Pi that serve the board alone: its radio, its card, its power. */
const boardChips = /^(?:raspberrypi-exp-gpio|gpio-brcmstb@.*)$/;

/**
 * A chip as people and bindings see it. Sysfs knows neither names of lines nor who holds them: the names of a header are
 * the same on every Raspberry Pi, and what the kernel holds it refuses when it is asked for.
 */
export function profileChip({ label, count }: Chip, model: string): ProfileChip {
  const isHeader = isHeaderChip(label, model);
  return { label, lines: Array.from({ length: count }, (_, line) => (isHeader ? headerLine(line) : plainLine(label, line))) };
}

function headerLine(line: number): ProfileLine {
  const headerPin = headerPinOf(line);
  if (headerPin === undefined) return { line, name: `line ${line}`, reserved: wired };
  if (line < 2) return { line, name: line === 0 ? 'ID_SDA' : 'ID_SCL', headerPin, reserved: eeprom };
  return { line, name: `GPIO${line}`, headerPin };
}

function plainLine(label: string, line: number): ProfileLine {
  return { line, name: `line ${line}`, ...(boardChips.test(label) ? { reserved: wired } : {}) };
}
