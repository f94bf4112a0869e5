import { expect, test } from 'vitest';
import { curveOf, momentsOf } from './curve.ts';

test.each([
  ['nothing yet', 0, 2],
  ['a clock that went back', -5_000, 2],
  ['under a second', 900, 2],
  ['ten seconds', 10_000, 12],
  ['a day', 86_400_000, 200],
])('%s has so many moments', (_, ms, count) => {
  expect(momentsOf(1_000, 1_000 + ms)).toEqual({ fromMs: 1_000, toMs: Math.max(1_000, 1_000 + ms), count });
});

test('a curve runs from end to end, and each point counts all that came until then', () => {
  const changes = [{ moment: 2, proven: -1, badly: 1 }, { moment: 0, proven: 2, badly: 0 }, { moment: 3, proven: 5, badly: 0 }];
  expect(curveOf({ fromMs: 0, toMs: 3_000, count: 4 }, changes)).toEqual([
    { at: '1970-01-01T00:00:00.000Z', proven: 2, badly: 0 },
    { at: '1970-01-01T00:00:01.000Z', proven: 2, badly: 0 },
    { at: '1970-01-01T00:00:02.000Z', proven: 1, badly: 1 },
    { at: '1970-01-01T00:00:03.000Z', proven: 6, badly: 1 },
  ]);
});

test('a curve without changes lies at nothing', () => {
  expect(curveOf(momentsOf(0, 0), [])).toEqual([0, 1].map(() => ({ at: '1970-01-01T00:00:00.000Z', proven: 0, badly: 0 })));
});
