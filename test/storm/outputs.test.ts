import { expect, test } from 'vitest';
import type { SimRecord } from '@pier/shared/hardware';
import { isExcused, unsafeMs } from './outputs.ts';

const ms = 1_000_000;
const row = (atMs: number, level: 0 | 1, by: SimRecord['by'], direction: 'in' | 'out' = 'out'): SimRecord => ({ tNs: String(atMs * ms), chip: 'pinctrl-bcm2711', line: 17, name: 'GPIO17', level, direction, by, consumer: 'blink' });
const judged = (rows: readonly SimRecord[], deathMs: number) => unsafeMs(rows, { name: 'GPIO17', safeLevel: 0, deathNs: BigInt(deathMs * ms), untilNs: BigInt(10_000 * ms) });

test('a line that was dark when its agent died is safe at once, and so is one that turned into an input with it', () => {
  expect(judged([row(0, 1, 'guest'), row(900, 0, 'guest')], 950)).toBe(0);
  expect(judged([row(0, 1, 'guest'), row(900, 1, 'release', 'in')], 950)).toBe(0);
  expect(judged([], 950)).toBe(0);
});

test('a line that stays lit is unsafe until somebody drives it, and for good when nobody does', () => {
  expect(judged([row(0, 1, 'guest'), row(400, 0, 'agent')], 100)).toBe(300);
  expect(judged([row(0, 1, 'guest')], 5_000)).toBe(5_000);
});

test('an excuse holds for its own time, or until it is taken back', () => {
  expect([isExcused(5n, [{ fromNs: 1n, toNs: 4n }]), isExcused(3n, [{ fromNs: 1n, toNs: 4n }]), isExcused(9n, [{ fromNs: 1n, toNs: undefined }])]).toEqual([false, true, true]);
});
