import { expect, test } from 'vitest';
import { splitLines } from './index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('lines come out whole, however the stream is cut, also within a character', () => {
  const whole = bytes('eins\nzwölf\n\nlast');
  for (let cut = 0; cut <= whole.length; cut += 1) {
    const split = splitLines(100);
    const lines = [...(split(whole.subarray(0, cut)) ?? []), ...(split(whole.subarray(cut)) ?? []), ...(split(bytes('\n')) ?? [])];
    expect(lines).toEqual(['eins', 'zwölf', '', 'last']);
  }
});

test('a piece whose memory is used again does not change what was held', () => {
  const split = splitLines(100);
  const piece = bytes('held');
  split(piece);
  piece.fill(0);
  expect(split(bytes('\n'))).toEqual(['held']);
});

test('a line beyond the limit is refused, with and without its end', () => {
  expect(splitLines(4)(bytes('abcd\n'))).toEqual(['abcd']);
  expect(splitLines(4)(bytes('abcde\n'))).toBeUndefined();
  const split = splitLines(4);
  expect(split(bytes('abc'))).toEqual([]);
  expect(split(bytes('de'))).toBeUndefined();
});
