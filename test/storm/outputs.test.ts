import { expect, test } from 'vitest';
import type { SimRecord } from '@pier/shared/hardware';
import { unsafeTimes } from './outputs.ts';

const ms = 1_000_000;
const row = (atMs: number, level: 0 | 1, consumer: string | null, direction: 'in' | 'out' = 'out'): SimRecord => ({ tNs: String(atMs * ms), chip: 'pinctrl-bcm2711', line: 17, name: 'GPIO17', level, direction, by: consumer === null ? 'release' : 'guest', consumer });
const judged = (rows: readonly SimRecord[], more: { untilMs?: number; excuses?: { fromNs: bigint; toNs: bigint | undefined }[] } = {}) =>
  unsafeTimes(rows, { name: 'GPIO17', safeLevel: 0, untilNs: BigInt((more.untilMs ?? 10_000) * ms), excuses: more.excuses ?? [] }).map((one) => one.ms);

test('a line that is held may be at any level, and one that was let go in its safe state stays out of it', () => {
  expect(judged([row(0, 1, 'blink'), row(900, 0, 'blink'), row(950, 0, null)])).toEqual([]);
});

test('a line that is let go while it is lit is unsafe until somebody makes it safe, or for good', () => {
  expect(judged([row(0, 1, 'blink'), row(100, 1, null), row(400, 0, 'blink (safe)'), row(410, 0, null)])).toEqual([300]);
  expect(judged([row(0, 1, 'blink'), row(100, 1, null)], { untilMs: 5_100 })).toEqual([5_000]);
});

test('a line that turned into an input is what its board makes of it', () => {
  expect(judged([row(0, 1, 'blink'), row(100, 1, null, 'in')])).toEqual([]);
});

test('an excuse holds for its own time only', () => {
  const rows = [row(0, 1, 'blink'), row(100, 1, null), row(400, 0, 'blink'), row(2_000, 1, 'blink'), row(3_000, 1, null), row(3_200, 0, 'blink')];
  expect(judged(rows, { excuses: [{ fromNs: 0n, toNs: BigInt(500 * ms) }] })).toEqual([200]);
  expect(judged(rows, { excuses: [{ fromNs: 0n, toNs: undefined }] })).toEqual([]);
});
