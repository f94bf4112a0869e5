import { BoardFile, BoardProfile, findLine, reservedLines } from '@pier/shared/hardware';
import { describe, expect, test } from 'vitest';
import { linesOf, makeBoard } from '../index.ts';

/** Model, its header's chip, and what Linux shows of it: chips with their numbers of lines, some names. */
const models = [
  ['raspberry-pi-3b', 'pinctrl-bcm2835', { 'pinctrl-bcm2835': 54, 'raspberrypi-exp-gpio': 8 }, { 29: 'LAN_RUN_BOOT', 34: 'SD1_CLK', 40: 'PWM0_OUT', 43: 'WIFI_CLK', 53: 'SD_DATA3_R' }],
  ['raspberry-pi-4b', 'pinctrl-bcm2711', { 'pinctrl-bcm2711': 58, 'raspberrypi-exp-gpio': 8 }, { 28: 'RGMII_MDIO', 42: 'STATUS_LED_G_CLK', 57: 'RGMII_TXD3' }],
  [
    'raspberry-pi-5',
    'pinctrl-rp1',
    { 'gpio-brcmstb@107d508500': 32, 'gpio-brcmstb@107d508520': 4, 'gpio-brcmstb@107d517c00': 17, 'gpio-brcmstb@107d517c20': 6, 'pinctrl-rp1': 54 },
    { 32: 'ETH_RST_N', 36: 'RP1_PCIE_CLKREQ_N', 41: 'CD1_SCL', 44: 'RP1_STAT_LED', 49: 'EN_MAX_USB_CUR', 53: '-' },
  ],
  ['raspberry-pi-zero-2-w', 'pinctrl-bcm2835', { 'pinctrl-bcm2835': 54 }, { 28: 'HDMI_HPD_N', 29: 'STATUS_LED_N', 41: 'WL_ON', 42: 'BT_ON', 45: 'SCL0', 48: 'SD_CLK_R' }],
] as const;

describe.each(models)('a %s', (model, chip, chips, names) => {
  const board = makeBoard(BoardFile.parse({ model }));
  const { profile } = board;

  test('has the chips, lines and names that Linux shows', () => {
    expect(BoardProfile.parse(profile)).toEqual(profile);
    expect(Object.fromEntries(profile.chips.map((one) => [one.label, one.lines.length]))).toEqual(chips);
    for (const { lines } of profile.chips) expect(lines.map(({ line }) => line)).toEqual(lines.map((_, index) => index));
    for (const [line, name] of Object.entries(names)) expect([line, findLine(profile, { chip, line: Number(line) })?.name]).toEqual([line, name]);
    expect([0, 1, 2, 14, 27].map((line) => findLine(profile, { chip, line })?.name)).toEqual(['ID_SDA', 'ID_SCL', 'GPIO2', 'GPIO14', 'GPIO27']);
  });

  test('names each line once on its chip, but for those that are not connected', () => {
    for (const { lines } of profile.chips) {
      const named = lines.map((line) => line.name).filter((name) => name !== '-' && name !== 'NC');
      expect(new Set(named).size).toBe(named.length);
    }
  });

  test('leads lines 0 to 27 out to 28 different pins of the header, none of them power or ground', () => {
    const pins = profile.chips.flatMap((one) => one.lines.flatMap((line) => (line.headerPin === undefined ? [] : [line.headerPin])));
    expect(new Set(pins).size).toBe(28);
    expect(pins.filter((pin) => [1, 2, 4, 6, 9, 14, 17, 20, 25, 30, 34, 39].includes(pin))).toEqual([]);
    expect([17, 4, 21, 2].map((line) => findLine(profile, { chip, line })?.headerPin)).toEqual([11, 7, 40, 3]);
  });

  test('keeps the EEPROM bus and every line off the header to itself', () => {
    const free = profile.chips.flatMap((one) => one.lines.filter((line) => line.reserved === undefined).map((line) => ({ chip: one.label, line: line.line })));
    expect(free).toEqual(Array.from({ length: 26 }, (_, index) => ({ chip, line: 2 + index })));
    expect(reservedLines(profile)).toHaveLength(Object.values(chips).reduce((sum: number, lines) => sum + lines, 0) - 26);
  });

  test('comes out of reset with its pulls: up for GPIO0 to 8, down above', () => {
    const rest = linesOf(board).filter((line) => line.chip === chip && line.line <= 27);
    expect(rest.map((line) => line.level)).toEqual(Array.from({ length: 28 }, (_, line) => (line <= 8 ? 1 : 0)));
  });
});
