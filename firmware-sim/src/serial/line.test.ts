import { expect, test } from 'vitest';
import { bytesTimeNs, resample } from './line.ts';

const sent = Uint8Array.from({ length: 256 }, (_, index) => index);

test('equal speeds, and such that differ by less than a receiver bears, change nothing', () => {
  for (const to of [9_600, 9_700, 9_500]) expect(resample(sent, { from: 9_600, to })).toEqual(sent);
});

test.each([[9_600, 19_200], [19_200, 9_600], [115_200, 9_600], [9_600, 115_200], [4_800, 2_400]])('what is sent at %i and heard at %i is something else', (from, to) => {
  const heard = resample(sent, { from, to });
  expect(heard).not.toEqual(sent);
  // A slower receiver hears fewer bytes, and a faster one more.
  expect(Math.sign(heard.byteLength - sent.byteLength)).toBe(Math.sign(to - from));
});

test('known bytes come out at twice the speed as a drawing of their bits shows', () => {
  // Nine bits low are eighteen for a receiver twice as fast: one byte of zeros without a stop bit, and no second before the line rests.
  expect([...resample(Uint8Array.of(0x00), { from: 9_600, to: 19_200 })]).toEqual([0x00]);
  expect([...resample(Uint8Array.of(0xff), { from: 9_600, to: 19_200 })]).toEqual([0xfe]);
  // Two bits low, eight high; then eight low, which are a start and seven zeros, and the stop bit as the eighth of the data.
  expect([...resample(Uint8Array.of(0x0f), { from: 9_600, to: 19_200 })]).toEqual([0xfe, 0x80]);
  expect(resample(new Uint8Array(), { from: 9_600, to: 19_200 })).toEqual(new Uint8Array());
});

test('however the speeds differ, the result is bounded', () => {
  expect(resample(sent, { from: 50, to: 4_000_000 }).byteLength).toBeLessThanOrEqual(sent.byteLength * 16);
  expect(resample(sent, { from: 4_000_000, to: 50 }).byteLength).toBeLessThanOrEqual(1);
});

test('a byte at 9600 takes ten bits of time', () => {
  expect(bytesTimeNs(96, 9_600)).toBe(100_000_000n);
});
