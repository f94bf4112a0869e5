import { expect, test } from 'vitest';
import { BoardProfile } from '@pier/shared/hardware';
import { profileChip } from './profile.ts';

const free = (chip: ReturnType<typeof profileChip>): number[] => chip.lines.flatMap((line) => (line.reserved === undefined ? [line.line] : []));

test('the header of a Raspberry Pi has its names and pins, and the rest of its chips is reserved', () => {
  const chip = profileChip({ label: 'pinctrl-rp1', base: 571, count: 54 }, 'raspberry-pi-5');
  expect(chip.lines[17]).toEqual({ line: 17, name: 'GPIO17', headerPin: 11 });
  expect(chip.lines[0]).toEqual({ line: 0, name: 'ID_SDA', headerPin: 27, reserved: 'HAT identification EEPROM' });
  expect(free(chip)).toEqual(Array.from({ length: 26 }, (_, index) => index + 2));
  expect(free(profileChip({ label: 'gpio-brcmstb@107d508500', base: 512, count: 32 }, 'raspberry-pi-5'))).toEqual([]);
  expect(free(profileChip({ label: 'raspberrypi-exp-gpio', base: 570, count: 8 }, 'raspberry-pi-4b'))).toEqual([]);
});

test('of other chips, and of a compute module, nothing is known but the lines', () => {
  const chips = [profileChip({ label: 'mcp23017', base: 640, count: 16 }, 'generic'), profileChip({ label: 'pinctrl-bcm2711', base: 512, count: 58 }, 'raspberry-pi-compute-module-4')];
  expect(chips.map((chip) => free(chip).length)).toEqual([16, 58]);
  expect(chips[0]?.lines[3]).toEqual({ line: 3, name: 'line 3' });
  expect(BoardProfile.safeParse({ model: 'generic', chips, onRelease: 'input' }).success).toBe(true);
});
