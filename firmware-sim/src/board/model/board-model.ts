import { type BoardProfile, headerPinOf } from '@pier/shared/hardware';

export type Chip = BoardProfile['chips'][number];
export type ChipLine = Chip['lines'][number];
export type Pull = 'up' | 'down';

/** A kind of board as Linux shows it, and how its lines rest after reset. */
export type BoardModel = { readonly chips: readonly Chip[]; readonly resetPull: (chip: string, line: number) => Pull };

/** Lines 0 to 27, which all models lead out and name alike (raspberrypi/linux, pull request 5902). */
export function headerLines(): ChipLine[] {
  return Array.from({ length: 28 }, (_, line) => {
    const headerPin = headerPinOf(line);
    const name = line === 0 ? 'ID_SDA' : line === 1 ? 'ID_SCL' : `GPIO${line}`;
    return { line, name, ...(headerPin === undefined ? {} : { headerPin }), ...(line < 2 ? { reserved: 'HAT identification EEPROM' } : {}) };
  });
}

/** Lines that the board uses itself, from `first` on: what for, and their names in order. */
export function usedLines(first: number, uses: readonly (readonly [usedFor: string, ...names: string[]])[]): ChipLine[] {
  return uses.flatMap(([reserved, ...names]) => names.map((name) => ({ name, reserved }))).map((line, index) => ({ line: first + index, ...line }));
}

/** The pull of a header line after reset: up for 0 to 8, down above, on every one of these chips. */
export function headerPull(line: number): Pull {
  return line <= 8 ? 'up' : 'down';
}
