import { describe, expect, test } from 'vitest';
import { AppName } from '@pier/shared/core';
import { Asks, type Grant } from '@pier/shared/capability';
import { createLeases } from './lines.ts';

const blink = AppName.parse('blink');
const other = AppName.parse('other');
const lines = (...numbers: number[]): Grant => ({
  gpio: Asks.parse({ gpio: numbers.map((line) => ({ label: `line-${line}`, mode: 'out', safe: 'inactive' })) }).gpio.map((ask, index) => ({ ask, at: { chip: 'pinctrl-bcm2711', line: numbers[index] ?? 0 }, safe: 'low' })),
  storage: [],
});

describe('a lease', () => {
  test('keeps a line for one app, and names who has it', () => {
    const leases = createLeases();
    leases.take(blink, lines(17));
    expect(leases.conflict(other, lines(4, 17))).toEqual({ holder: 'blink', at: { chip: 'pinctrl-bcm2711', line: 17 } });
    expect(() => leases.take(other, lines(4, 17))).toThrow(expect.objectContaining({ code: 'line-busy', message: expect.stringContaining('"blink"') }));
  });

  test('that is refused takes nothing: the lines that were free stay free', () => {
    const leases = createLeases();
    leases.take(blink, lines(17));
    expect(() => leases.take(other, lines(4, 17))).toThrow('"blink"');
    expect(leases.conflict(AppName.parse('third'), lines(4))).toBeUndefined();
  });

  test('is in nobody\u2019s way at another line, and not in its own app\u2019s', () => {
    const leases = createLeases();
    leases.take(blink, lines(17));
    expect(leases.conflict(other, lines(4))).toBeUndefined();
    expect(leases.conflict(blink, lines(17))).toBeUndefined();
  });

  test('that ends frees its lines', () => {
    const leases = createLeases();
    leases.take(blink, lines(17))[Symbol.dispose]();
    expect(leases.conflict(other, lines(17))).toBeUndefined();
  });
});
