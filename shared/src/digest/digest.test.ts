import { expect, test } from 'vitest';
import { digestOf } from './digest.ts';
import { Digest } from '../core/index.ts';

const ofAbc = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

test('a digest is SHA-256 over the bytes (FIPS 180-4, "abc")', () => {
  expect(digestOf('abc')).toBe(ofAbc);
  expect(digestOf(Buffer.from('abc'))).toBe(ofAbc);
  expect(digestOf('{}')).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
});

test('text is hashed as UTF-8', () => {
  expect(digestOf('é')).toBe(digestOf(Buffer.from([0xc3, 0xa9])));
});

test('what is made here passes the check, and only that spelling does', () => {
  expect(Digest.safeParse(ofAbc).success).toBe(true);
  const hex = ofAbc.slice(7);
  for (const other of [hex, `SHA256:${hex}`, `sha256:${hex.toUpperCase()}`, `sha256:${hex.slice(1)}`, `sha256:${hex}0`, `sha512:${hex}`, `${ofAbc}\n`, 'sha256:../../x', 'md5:00']) {
    expect(Digest.safeParse(other).success, `digest ${other}`).toBe(false);
  }
});
