import { describe, expect, test } from 'vitest';
import { age, ago, bytes, clockTime, count, countdown, counted, duration, modelWords, sentence, share, shortDigests, shortId } from './format.ts';

const nowMs = Date.UTC(2026, 10, 20, 3, 14, 7);
const at = (agoMs: number): string => new Date(nowMs - agoMs).toISOString();

test('thousands are parted, and one is not many', () => {
  expect([count(10_012), count(0), counted(1, 'device'), counted(2_480, 'device'), counted(2, 'entry', 'entries')]).toEqual(['10,012', '0', '1 device', '2,480 devices', '2 entries']);
});

test.each([[175, 2_480, '7.1 %'], [0, 8, '0 %'], [8, 8, '100 %'], [9_999, 10_000, '> 99.9 %'], [1, 10_000, '< 0.1 %'], [0, 0, '–']])('%d of %d is %s: never all for less, nor nothing for something', (part, whole, words) => {
  expect(share(part, whole)).toBe(words);
});

test.each([[0, '0 B'], [999, '999 B'], [412_000, '412 kB'], [1_020_000_000, '1.02 GB'], [4_900_000, '4.9 MB'], [999_999, '1 MB'], [999_400, '999 kB']])('%d bytes are %s', (n, words) => {
  expect(bytes(n)).toBe(words);
});

test.each([[11, '11 ms'], [-3, '0 ms'], [4_000, '4 s'], [80_000, '1 min 20 s'], [60_000, '1 min'], [4_920_000, '1 h 22 min'], [3_600_000, '1 h'], [532_800_000, '6 d 4 h'], [86_460_000, '1 d']])('%d ms last %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test('a countdown never goes below nothing, and shows a second until it is over', () => {
  expect([42_000, 41_001, 1, 0, -5_000, 725_000, 3_723_000].map(countdown)).toEqual(['0:42', '0:42', '0:01', '0:00', '0:00', '12:05', '1:02:03']);
});

test('freshness is relative, evidence absolute: only what is of today goes without its day', () => {
  expect([ago(at(4_000), nowMs), ago(at(200), nowMs), ago(at(-900), nowMs)]).toEqual(['4 s ago', 'just now', 'just now']);
  expect([age(at(59_000), nowMs), age(at(62_000), nowMs), ago(at(4_925_000), nowMs), age(at(-900), nowMs)]).toEqual(['59 s', '1 min', '1 h 22 min ago', '0 ms']);
  expect(clockTime(at(86_400_000), nowMs)).toMatch(/^19 Nov \d\d:\d\d$/);
  expect(clockTime(at(60_000), nowMs)).toMatch(/^\d\d:\d\d$/);
  expect(clockTime(at(365 * 86_400_000), nowMs)).toMatch(/^20 Nov 2025 \d\d:\d\d$/);
});

test('what stands alone begins and ends as a sentence, whoever wrote it', () => {
  expect(['wave 1 failed', 'Not now.', 'why?', ''].map(sentence)).toEqual(['Wave 1 failed.', 'Not now.', 'Why?', '.']);
});

test('long ids keep both ends and what kind they are; short ones stay whole', () => {
  expect([shortId(`sha256:9f3c41${'0'.repeat(54)}e07b`), shortId('rollout-1'), shortId('a'.repeat(64))]).toEqual(['sha256:9f3c41…e07b', 'rollout-1', 'aaaaaa…aaaa']);
});

describe('models', () => {
  test.each([['raspberry-pi-4b', 'Pi 4 B'], ['raspberry-pi-3b', 'Pi 3 B'], ['raspberry-pi-5', 'Pi 5'], ['raspberry-pi-zero-2-w', 'Pi Zero 2 W'], ['rock-5', 'rock-5']])('%s is said %s', (model, words) => {
    expect(modelWords(model)).toBe(words);
  });
});

test('digests in a sentence are cut short, other words and numbers are not', () => {
  const [one, other] = ['a'.repeat(64), 'b'.repeat(64)];
  expect(shortDigests(`wanted sha256:${one}, found ${other}, 1234567890123456789012 bytes`)).toBe('wanted sha256:aaaaaa…aaaa, found bbbbbb…bbbb, 1234567890123456789012 bytes');
});
