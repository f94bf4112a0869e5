import { expect, test } from 'vitest';
import { Order, compareOrder } from './order.ts';

const at = (gen: number, boot: number, seq: number): Order => ({ gen, boot, seq });

test('messages are ordered by generation, then start, then number', () => {
  const inOrder = [at(1, 1, 1), at(1, 1, 2), at(1, 2, 0), at(1, 10, 0), at(2, 0, 0), at(2, 1, 1)];
  expect(inOrder.toReversed().toSorted(compareOrder)).toEqual(inOrder);
});

test('a re-flashed board that starts anew is newer than what it was before', () => {
  expect(compareOrder(at(2, 1, 1), at(1, 900, 70_000))).toBeGreaterThan(0);
});

test('one message is itself, and comparing is fair to both sides', () => {
  expect(compareOrder(at(3, 2, 1), at(3, 2, 1))).toBe(0);
  expect(Math.sign(compareOrder(at(1, 2, 3), at(1, 2, 4)))).toBe(-Math.sign(compareOrder(at(1, 2, 4), at(1, 2, 3))));
  expect(compareOrder(at(1, 2, Number.MAX_SAFE_INTEGER), at(1, 2, Number.MAX_SAFE_INTEGER - 1))).toBeGreaterThan(0);
});

test.each([[{ gen: -1, boot: 0, seq: 0 }], [{ gen: 1.5, boot: 0, seq: 0 }], [{ gen: 1, boot: 0 }], [{ gen: 1, boot: 0, seq: 2 ** 53 }], [{ gen: '1', boot: 0, seq: 0 }]])('%j is no place in the order', (value) => {
  expect(Order.safeParse(value).success).toBe(false);
});
