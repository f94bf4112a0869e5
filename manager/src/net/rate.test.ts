import { type Clock, systemClock } from '@pier/shared/core';
import { expect, test } from 'vitest';
import { newRates } from './rate.ts';

function rates() {
  let nowMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
  return { passMs: (ms: number) => void (nowMs += ms), made: newRates({ perS: 10, burst: 3, namesMax: 2, clock }) };
}
const taken = (made: ReturnType<typeof newRates>, name: string, count: number): boolean[] => Array.from({ length: count }, () => made.take(name));

test('a name has its burst, then as much as time gives it, and never more than its burst', () => {
  const { passMs, made } = rates();
  expect(taken(made, 'a', 4)).toEqual([true, true, true, false]);
  passMs(100);
  expect(taken(made, 'a', 2)).toEqual([true, false]);
  passMs(60_000);
  expect(taken(made, 'a', 4)).toEqual([true, true, true, false]);
});

test('one name takes nothing from another', () => {
  const { made } = rates();
  taken(made, 'a', 10);
  expect(taken(made, 'b', 3)).toEqual([true, true, true]);
});

test('who has been silent until the bucket was full is forgotten, who has not is kept', () => {
  const { passMs, made } = rates();
  taken(made, 'a', 3);
  passMs(250);
  taken(made, 'b', 3);
  passMs(100);
  made.sweep();
  expect([made.size, made.take('b'), made.take('b')]).toEqual([1, true, false]);
});

test('it keeps no more names than it may', () => {
  const { made } = rates();
  for (const name of ['a', 'b', 'c', 'd']) made.take(name);
  expect(made.size).toBe(2);
});
