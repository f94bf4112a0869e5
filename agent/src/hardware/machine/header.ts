/** Chips whose lines 0 to 27 are the 40-pin header of a Raspberry Pi; its others are wired on the board, to its radio and its card. */
const headerChips: ReadonlySet<string> = new Set(['pinctrl-bcm2835', 'pinctrl-bcm2711', 'pinctrl-rp1']);

/** Why no app may have a line: it leads to a part of the board, or to the memory by which a Pi knows what is plugged onto it. */
export const wired = 'wired on the board, not led out';
export const eeprom = 'HAT identification EEPROM';

/** Whether this chip is the header. A compute module leads out what its carrier likes. */
export function isHeaderChip(label: string, model: string): boolean {
  return headerChips.has(label) && !model.includes('compute-module');
}
