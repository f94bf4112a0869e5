import { expect, test } from 'vitest';
import { EndedConnections } from './ended.ts';

test('a connection has ended once it said so, and only that one, of that device', () => {
  const ended = new EndedConnections();
  ended.note('dock-1', 'c1');
  expect([ended.has('dock-1', 'c1'), ended.has('dock-1', 'c2'), ended.has('dock-2', 'c1')]).toEqual([true, false, false]);
});

test('of a device that ends connection after connection the last are remembered, and nobody else is forgotten for it', () => {
  const ended = new EndedConnections();
  ended.note('quiet', 'q');
  for (let n = 0; n < 1_000; n += 1) ended.note('loud', `c${n}`);
  expect([ended.has('loud', 'c999'), ended.has('loud', 'c992'), ended.has('loud', 'c991'), ended.has('quiet', 'q'), ended.size]).toEqual([true, true, false, true, 2]);
});

test('an end told again and again takes no other’s place', () => {
  const ended = new EndedConnections();
  ended.note('dock-1', 'first');
  for (let n = 0; n < 20; n += 1) ended.note('dock-1', 'second');
  expect(ended.has('dock-1', 'first')).toBe(true);
});

test('however many devices there are, the room is bounded', () => {
  const ended = new EndedConnections();
  for (let n = 0; n < 20_010; n += 1) ended.note(`dock-${n}`, 'c');
  expect([ended.size, ended.has('dock-9', 'c'), ended.has('dock-10', 'c')]).toEqual([20_000, false, true]);
});
