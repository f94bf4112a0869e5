import { describe, expect, test } from 'vitest';
import { readTyped, shapeOf, suggestions, withPart, withoutPart } from './query-text.ts';

describe('how a selector is shown', () => {
  test('conditions joined by and are parts, each with what it does in words', () => {
    expect(shapeOf('role=pump and site!=lab and model in (a, "b c") and tier not in (x) and exists(spare) and not exists(broken)')).toEqual({
      kind: 'parts',
      parts: [
        { text: 'role=pump', key: 'role', does: '=', value: 'pump' },
        { text: 'site!=lab', key: 'site', does: 'is not', value: 'lab' },
        { text: 'model in (a, "b c")', key: 'model', does: 'in', value: 'a, b c' },
        { text: 'tier not in (x)', key: 'tier', does: 'not in', value: 'x' },
        { text: 'exists(spare)', key: 'spare', does: 'is set', value: '' },
        { text: 'not exists(broken)', key: 'broken', does: 'is not set', value: '' },
      ],
    });
  });

  test('nothing and all are no parts; an empty value is said', () => {
    expect(shapeOf('')).toEqual({ kind: 'parts', parts: [] });
    expect(shapeOf(' ALL ')).toEqual({ kind: 'parts', parts: [] });
    expect(shapeOf('site=""')).toMatchObject({ parts: [{ value: 'nothing' }] });
  });

  test.each(['a=1 or b=2', 'a=1 and (b=2 or c=3)', 'not (a=1)', '(a=1 and b=2) and c=3'])('%s is one text', (text) => {
    expect(shapeOf(text)).toEqual({ kind: 'whole' });
  });

  test('what cannot be read says where and what was expected', () => {
    expect(shapeOf('site=')).toEqual({ kind: 'wrong', says: expect.stringContaining('Expected a value') as string, at: 5 });
  });
});

describe('what was typed', () => {
  test('is words without an operator, where words can be looked for', () => {
    expect(readTyped(' pump-04 ', true)).toEqual({ kind: 'words', words: 'pump-04' });
    expect(readTyped('north crane', true)).toEqual({ kind: 'words', words: 'north crane' });
    expect(readTyped('pump-04', false)).toMatchObject({ kind: 'wrong', at: 7 });
    expect(readTyped('  ', true)).toEqual({ kind: 'nothing' });
  });

  test('is a selector in its canonical writing, or wrong with the place', () => {
    expect(readTyped('site = lab AND role IN (a,b)', true)).toEqual({ kind: 'selector', text: 'site=lab and role in (a, b)' });
    expect(readTyped('site=a b', true)).toMatchObject({ kind: 'wrong', at: 7 });
    expect(readTyped('role in ', true)).toMatchObject({ kind: 'wrong' });
    expect(readTyped('exists spare', true)).toMatchObject({ kind: 'wrong', at: 7 });
  });
});

describe('adding and removing', () => {
  test('joins by and, once each, with parentheses where they are needed', () => {
    expect(withPart('', 'a=1')).toBe('a=1');
    expect(withPart('a=1', 'b=2 and a=1')).toBe('a=1 and b=2');
    expect(withPart('a=1', 'b=2 or c=3')).toBe('a=1 and (b=2 or c=3)');
    expect(withPart('a=1 or b=2', 'c=3')).toBe('(a=1 or b=2) and c=3');
    expect(withPart('all', 'c=3')).toBe('c=3');
    expect(withPart('a=1', 'all')).toBe('a=1');
  });

  test('leaves nothing of the last one', () => {
    expect(withoutPart('a=1 and b=2 and c=3', 1)).toBe('a=1 and c=3');
    expect(withoutPart('a=1', 0)).toBe('');
  });
});

test('suggests at most eight that hold what is typed, those that begin with it first, none that is there', () => {
  const known = ['my-site=x', 'site=dunmore', 'site=lab', 'role=pump'];
  expect(suggestions(known, 'SITE', ['my-site=y'])).toEqual(['site=dunmore', 'site=lab']);
  expect(suggestions(known, 'SITE', ['site=lab'])).toEqual(['my-site=x']);
  expect(suggestions(known, 'SITE', ['site!=lab'])).toContain('site=dunmore');
  expect(suggestions(known, 'site=dunmore', [])).toEqual([]);
  expect(suggestions(Array.from({ length: 20 }, (_, n) => `a=${n}`), '', [])).toHaveLength(8);
});
