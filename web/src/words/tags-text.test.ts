import { describe, expect, test } from 'vitest';
import { readTagNames, readTags } from './tags-text.ts';

describe('tags as they are typed', () => {
  test('are parted by blanks, commas or both, and may be none', () => {
    const both = { ok: true, tags: { site: 'lab', role: 'pump', note: '' } };
    expect(readTags('site=lab role=pump note=')).toEqual(both);
    expect(readTags(' site=lab, role = pump ,note=')).toEqual(both);
    expect(readTags('note= role=pump')).toEqual({ ok: true, tags: { note: '', role: 'pump' } });
    expect(readTags(' , ')).toEqual({ ok: true, tags: {} });
  });

  test('values in quotes hold blanks, commas, quotes and "="', () => {
    expect(readTags('note="north, quay \\"2\\"" a="b=c"')).toEqual({ ok: true, tags: { note: 'north, quay "2"', a: 'b=c' } });
    expect(readTags('a="')).toEqual({ ok: true, tags: { a: '"' } });
  });

  test.each([
    ['site', /"site" has no value: write site=value/],
    ['site=north quay', /"quay" has no value.*in quotes/],
    ['role=quay=night', /value of role holds "=".*role="quay=night"/],
    ['Site=a', /"Site" cannot be the name/],
    ['=a', /"" cannot be the name/],
    ['site=lab, site=quay', /"site" stands there twice/],
    [`a=${'x'.repeat(129)}`, /129 characters; at most 128/],
    [Array.from({ length: 65 }, (_, n) => `t${n}=1`).join(' '), /At most 64/],
  ])('%j is refused in a sentence', (text, says) => {
    expect(readTags(text)).toEqual({ ok: false, says: expect.stringMatching(says) as string });
  });
});

test('names of tags are parted alike, and count once', () => {
  expect(readTagNames('spare, broken spare,')).toEqual({ ok: true, names: ['spare', 'broken'] });
  expect(readTagNames('spare a=b')).toEqual({ ok: false, says: expect.stringContaining('"a=b" cannot be the name') as string });
});
