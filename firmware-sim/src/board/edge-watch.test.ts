import type { Edge, Level } from '@pier/shared/hardware';
import { expect, test } from 'vitest';
import { type EdgeWatch, dueMs, feed, makeWatch, settle } from './index.ts';

const levels = (watch: EdgeWatch, changes: readonly (readonly [tNs: bigint, level: Level])[]): (Edge | undefined)[] => changes.map(([tNs, level]) => feed(watch, { tNs, level }));

test('without a debounce each change is an edge at its own time', () => {
  const watch = makeWatch({ edges: 'both', debounceUs: 0 }, 0);
  expect(levels(watch, [[5n, 1], [9n, 0]])).toEqual([{ tNs: 5n, seq: 1, lost: 0, level: 1 }, { tNs: 9n, seq: 2, lost: 0, level: 0 }]);
  expect(dueMs(watch, 10n)).toBeUndefined();
});

test('only the edges that were asked for are counted', () => {
  expect(levels(makeWatch({ edges: 'rising', debounceUs: 0 }, 0), [[1n, 1], [2n, 0], [3n, 1]]).map((edge) => edge?.seq)).toEqual([1, undefined, 2]);
  expect(levels(makeWatch({ edges: 'falling', debounceUs: 0 }, 0), [[1n, 1], [2n, 0], [3n, 1]]).map((edge) => edge?.seq)).toEqual([undefined, 1, undefined]);
});

test('a debounce tells a level once it has held, at the time when that was certain', () => {
  const watch = makeWatch({ edges: 'both', debounceUs: 2_000 }, 1);
  expect(levels(watch, [[0n, 0], [500_000n, 1], [900_000n, 0]])).toEqual([undefined, undefined, undefined]);
  expect(settle(watch, 2_899_999n)).toBeUndefined();
  expect(dueMs(watch, 900_000n)).toBe(2);
  expect(settle(watch, 3_500_000n)).toEqual({ tNs: 2_900_000n, seq: 1, lost: 0, level: 0 });
  expect(settle(watch, 9_900_000n)).toBeUndefined();
});

test('a change that comes after the level had held tells the old one first, though no timer came between', () => {
  const watch = makeWatch({ edges: 'both', debounceUs: 1_000 }, 0);
  expect(levels(watch, [[0n, 1], [5_000_000n, 0]])).toEqual([undefined, { tNs: 1_000_000n, seq: 1, lost: 0, level: 1 }]);
  expect(settle(watch, 7_000_000n)).toMatchObject({ seq: 2, level: 0 });
});

test('the next edge tells how many were lost, once', () => {
  const watch = makeWatch({ edges: 'both', debounceUs: 0 }, 0);
  watch.lost = 7;
  expect(levels(watch, [[1n, 1], [2n, 0]]).map((edge) => edge?.lost)).toEqual([7, 0]);
});
