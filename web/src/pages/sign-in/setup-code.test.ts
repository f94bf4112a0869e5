import { describe, expect, test } from 'vitest';
import { placeAfter, readSetupCode, symbolsIn, whyNotCode } from './setup-code.ts';

describe('a setup code is read', () => {
  test.each([
    ['7KQ2-M4XP-9T3W'],
    ['7kq2m4xp9t3w'],
    ['  7kq2 m4xp 9t3w\n'],
    ['7KQ2–M4XP—9T3W'],
    ['{"level":30,"setupCode":"7KQ2-M4XP-9T3W","msg":"access.setup-code"}'],
    ['pier manager: nobody has an account yet; open http://127.0.0.1:8080 and set up this manager with the code 7KQ2-M4XP-9T3W'],
  ])('out of %j', (typed) => {
    expect(readSetupCode(typed)).toBe('7KQ2-M4XP-9T3W');
  });

  test('with letters taken for digits as what the manager writes', () => {
    expect(readSetupCode('oOiI-lL00-1111')).toBe('0011-1100-1111');
  });

  test('group by group while it is typed, and never longer than it is', () => {
    const typed = '7kq2m4xp9t3wzz';
    expect([0, 1, 4, 5, 8, 9, 12, 14].map((n) => readSetupCode(typed.slice(0, n)))).toEqual(['', '7', '7KQ2', '7KQ2-M', '7KQ2-M4XP', '7KQ2-M4XP-9', '7KQ2-M4XP-9T3W', '7KQ2-M4XP-9T3W']);
  });
});

test('the caret stays behind the symbol that was typed', () => {
  expect([0, 1, 4, 5, 8, 9, 12].map(placeAfter)).toEqual([0, 1, 4, 6, 9, 11, 14]);
  expect(symbolsIn('7KQ2-M')).toBe(5);
  for (const n of [1, 4, 5, 8, 9, 12]) expect(symbolsIn('7KQ2-M4XP-9T3W'.slice(0, placeAfter(n)))).toBe(n);
});

test('what cannot be a code says why', () => {
  expect(['', '7KQ2', '7KQ2-M4XP-9T3', '7KQ2-M4XP-9T3U', '7KQ2-M4XP-9T3W'].map(whyNotCode)).toEqual([
    'Type the code that the manager wrote.',
    'A setup code has 12 letters and digits; this has 4.',
    'A setup code has 12 letters and digits; this has 11.',
    'No setup code has a U in it; it may be a V.',
    undefined,
  ]);
});
