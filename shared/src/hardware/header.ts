/** BCM line → pin of the 40-pin header, the same on every Raspberry Pi that has it. */
const headerPins: Readonly<Record<number, number>> = {
  0: 27, 1: 28, 2: 3, 3: 5, 4: 7, 5: 29, 6: 31, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23, 12: 32, 13: 33,
  14: 8, 15: 10, 16: 36, 17: 11, 18: 12, 19: 35, 20: 38, 21: 40, 22: 15, 23: 16, 24: 18, 25: 22, 26: 37, 27: 13,
};

/** The header's pin of a line of a Raspberry Pi's main chip; undefined where it is not led out. */
export function headerPinOf(line: number): number | undefined {
  return headerPins[line];
}
