import { expect, test } from 'vitest';
import { Regression, lateRegression } from './regression.ts';

const minuteMs = 60_000;

test('five bad ends within ten minutes are too many', () => {
  const regression = new Regression();
  expect([0, 1, 2, 3, 4].map((minute) => regression.note('guest-trapped', minute * minuteMs))).toEqual([false, false, false, false, true]);
  expect(lateRegression.crashesMax).toBe(5);
});

test('bad ends that are further apart are not', () => {
  const regression = new Regression();
  expect(Array.from({ length: 50 }, (_, n) => regression.note('guest-exited', n * 2.5 * minuteMs)).some(Boolean)).toBe(false);
});

test('what is not the release\u2019s doing does not count', () => {
  const regression = new Regression();
  for (let n = 0; n < 20; n += 1) expect(regression.note(n % 2 === 0 ? 'board-gone' : 'line-busy', n)).toBe(false);
  expect(['guest-limit', 'guest-unhealthy', 'guest-trapped', 'guest-exited'].map((code) => regression.note(code as 'guest-limit', 30))).toEqual([false, false, false, false]);
  expect(regression.note('guest-trapped', 31)).toBe(true);
});
