import { expect, test } from 'vitest';
import { decodeToken, encodeToken } from './index.ts';

const token = { secret: 'x'.repeat(43), caFingerprint: 'a'.repeat(64), rootId: 'b'.repeat(64) };

test('a claim token says which CA and which policy root to trust, and survives being pasted with blanks', () => {
  expect(decodeToken(`  ${encodeToken(token)}\n`)).toEqual(token);
});

test.each([
  ['another prefix', encodeToken(token).replace('pier1.', 'pier2.')],
  ['a cut end', encodeToken(token).slice(0, -20)],
  ['a fingerprint that is none', encodeToken({ ...token, caFingerprint: 'zz' })],
  ['a short secret', encodeToken({ ...token, secret: 'short' })],
  ['white space within', encodeToken(token).replace('pier1.', 'pier1. ')],
  ['nothing', ''],
])('a token with %s is no token', (_, text) => {
  expect(decodeToken(text)).toBeUndefined();
});
