import { describe, expect, test } from 'vitest';
import { readTags } from './tag-text.ts';

describe('tags as typed', () => {
  test('are set and removed', () => {
    expect(readTags('site=harbour, role = pump ,note=', 'spare, broken,')).toEqual({ ok: true, set: { site: 'harbour', role: 'pump', note: '' }, remove: ['spare', 'broken'] });
    expect(readTags('', 'spare')).toEqual({ ok: true, set: {}, remove: ['spare'] });
  });

  test('values in quotes hold commas and quotes; others hold what they are', () => {
    expect(readTags('note="north, quay \\"2\\"", a=b=c', '')).toEqual({ ok: true, set: { note: 'north, quay "2"', a: 'b=c' }, remove: [] });
    expect(readTags('a="', '')).toEqual({ ok: true, set: { a: '"' }, remove: [] });
  });

  test.each([
    ['', '', /Name a tag/],
    ['site', '', /"site" has no value/],
    ['Site=a', '', /"Site" cannot be the name/],
    ['=a', '', /"" cannot be the name/],
    ['', 'no good', /"no good" cannot be/],
    ['a=1', 'a', /a is either set or removed/],
    [`a=${'x'.repeat(129)}`, '', /129 characters; at most 128/],
  ])('%j and %j are refused in a sentence', (set, remove, says) => {
    expect(readTags(set, remove)).toEqual({ ok: false, says: expect.stringMatching(says) as string });
  });
});
