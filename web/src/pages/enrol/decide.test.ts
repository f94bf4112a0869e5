import { expect, test } from 'vitest';
import { Fault } from '@pier/shared/core';
import { decideEach, decidedWords } from './decide.ts';

const boards = ['bench-1', 'bench-2', 'bench-3'].map((name) => ({ name }));

test('one that fails stops none of the others, and is told by name with its reason', async () => {
  const decided = await decideEach(boards, async ({ name }) => {
    if (name === 'bench-2') throw new Fault('conflict', 'device "bench-2" is revoked');
  });
  expect(decided.done.map(({ name }) => name)).toEqual(['bench-1', 'bench-3']);
  expect(decidedWords(decided, 'approved')).toBe('2 of 3 approved; bench-2: device "bench-2" is revoked (conflict).');
});

test('all that went well are named', async () => {
  expect(decidedWords(await decideEach(boards.slice(0, 2), async () => {}), 'denied')).toBe('2 denied: bench-1, bench-2.');
});

test('what is thrown and is no fault is told as one', async () => {
  const { failed } = await decideEach(boards.slice(0, 1), () => Promise.reject(new Error('line lost')));
  expect(failed[0]?.fault.code).toBe('internal');
  expect(failed[0]?.fault.message).toContain('line lost');
});

test('they are decided one after the other, in order', async () => {
  const heard: string[] = [];
  await decideEach(boards, async ({ name }) => {
    heard.push(`${name} asked`);
    await Promise.resolve();
    heard.push(`${name} answered`);
  });
  expect(heard).toEqual(boards.flatMap(({ name }) => [`${name} asked`, `${name} answered`]));
});
