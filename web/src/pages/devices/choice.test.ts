import { expect, test } from 'vitest';
import { allChosen, chosenCount, chosenOf, isChosen, nothingChosen, toRange, toggled, withAll } from './choice.ts';

const ids = ['a', 'b', 'c', 'd', 'e'];
const chosen = (choice: typeof nothingChosen): string => ids.filter((id) => isChosen(choice, id)).join('');

test('a row is chosen and let go', () => {
  const one = toggled(nothingChosen, 'b');
  expect([chosen(one), chosenCount(one, 100)]).toEqual(['b', 1]);
  expect(chosen(toggled(one, 'b'))).toBe('');
});

test('a range goes from the last row that was toggled, both ways, and takes its state', () => {
  const from = toggled(nothingChosen, 'b');
  expect(chosen(toRange(from, 'd', ids))).toBe('bcd');
  expect(chosen(toRange(toggled(nothingChosen, 'd'), 'b', ids))).toBe('bcd');
  const off = toggled(withAll(nothingChosen, ids, true), 'b');
  expect(chosen(toRange(off, 'd', ids))).toBe('ae');
  expect(chosen(toRange(nothingChosen, 'c', ids))).toBe('c');
  expect(chosen(toRange(toggled(nothingChosen, 'gone'), 'c', ids))).toBe('c');
});

test('all that match holds rows that were never loaded, but for those let go', () => {
  const but = toggled(allChosen, 'c');
  expect([chosen(but), chosenCount(but, 2_305)]).toEqual(['abde', 2_304]);
  expect(chosenCount(toggled(but, 'c'), 2_305)).toBe(2_305);
  expect(chosenCount(but, 0)).toBe(0);
  expect(chosen(toRange(but, 'e', ids))).toBe('ab');
});

test('the head of the column tells all, some and none', () => {
  expect([chosenOf(nothingChosen, ids), chosenOf(toggled(nothingChosen, 'a'), ids), chosenOf(allChosen, ids), chosenOf(allChosen, [])]).toEqual(['none', 'some', 'all', 'none']);
});
