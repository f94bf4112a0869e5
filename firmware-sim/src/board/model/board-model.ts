import type { BoardProfile } from '@pier/shared/hardware';

export type Chip = BoardProfile['chips'][number];
export type ChipLine = Chip['lines'][number];
export type Pull = 'up' | 'down';

/** A kind of board as Linux shows it, and how its lines rest after reset. */
export type BoardModel = { readonly chips: readonly Chip[]; readonly resetPull: (chip: string, line: number) => Pull };

/** BCM line → pin of the 40-pin header, the same on every board that has it. */
const headerPins: Readonly<Record<number, number>> = {
  0: 27, 1: 28, 2: 3, 3: 5, 4: 7, 5: 29, 6: 31, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23, 12: 32, 13: 33,
  14: 8, 15: 10, 16: 36, 17: 11, 18: 12, 19: 35, 20: 38, 21: 40, 22: 15, 23: 16, 24: 18, 25: 22, 26: 37, 27: 13,
};

/** Lines 0 to 27, which all models lead out and name alike (raspberrypi/linux, pull request 5902). */
export function headerLines(): ChipLine[] {
  return Array.from({ length: 28 }, (_, line) => {
    const headerPin = headerPins[line];
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
