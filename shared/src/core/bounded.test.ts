import { expect, test } from 'vitest';
import { Bounded } from './bounded.ts';

function filled(limit: number, count: number): Bounded<number> {
  const queue = new Bounded<number>(limit);
  for (let item = 1; item <= count; item += 1) queue.push(item);
  return queue;
}

test('a full queue drops its oldest entries and counts them', () => {
  const queue = filled(3, 5);
  expect([...queue]).toEqual([3, 4, 5]);
  expect(queue).toMatchObject({ size: 3, dropped: 2, limit: 3 });
});

test('a queue up to its limit drops nothing', () => {
  expect(filled(3, 3)).toMatchObject({ size: 3, dropped: 0 });
});

test('draining gives everything in order and starts both counts anew', () => {
  const queue = filled(2, 3);
  expect(queue.drain()).toEqual({ items: [2, 3], dropped: 1 });
  expect(queue.drain()).toEqual({ items: [], dropped: 0 });
  queue.push(9);
  expect(queue.drain()).toEqual({ items: [9], dropped: 0 });
});

test('what was drained does not change with the queue', () => {
  const queue = filled(2, 2);
  const { items } = queue.drain();
  queue.push(7);
  expect(items).toEqual([1, 2]);
});

test('shift takes the oldest, and leaves the count of dropped ones', () => {
  const queue = filled(2, 3);
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([2, 3, undefined]);
  expect(queue.dropped).toBe(1);
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('a queue without a usable limit (%s) is our own mistake', (limit) => {
  expect(() => new Bounded(limit)).toThrow('invariant broken');
});
