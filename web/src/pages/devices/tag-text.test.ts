import { expect, test } from 'vitest';
import { readTagChange } from './tag-text.ts';

test('tags are set and removed, parted by commas or blanks', () => {
  expect(readTagChange('site=harbour, role=pump', 'spare broken')).toEqual({ ok: true, set: { site: 'harbour', role: 'pump' }, remove: ['spare', 'broken'] });
  expect(readTagChange('', 'spare')).toEqual({ ok: true, set: {}, remove: ['spare'] });
});

test.each([
  ['', '', /Name a tag/],
  ['site', '', /"site" has no value/],
  ['', 'No', /"No" cannot be/],
  ['a=1', 'a', /a is either set or removed/],
])('%j and %j are refused in a sentence', (set, remove, says) => {
  expect(readTagChange(set, remove)).toEqual({ ok: false, says: expect.stringMatching(says) as string });
});
