import { describe, expect, test } from 'vitest';
import { newFrameGuard } from './frame-guard.ts';

const connect = [0x10, 2, 0, 0];
const bytes = (...parts: number[][]): Uint8Array => Uint8Array.from(parts.flat());

describe('the frame guard', () => {
  test('lets whole packets pass however they are cut', () => {
    const stream = bytes(connect, [0x32, 5, 1, 2, 3, 4, 5], [0xc0, 0], [0x30, 0x80, 0x01, ...Array.from({ length: 128 }, () => 0xff)], [0xe0, 0]);
    for (const size of [1, 2, 3, 7, stream.length]) {
      const guard = newFrameGuard(200);
      for (let at = 0; at < stream.length; at += size) expect(guard.feed(stream.subarray(at, at + size))).toBeUndefined();
    }
  });

  test('knows an oversize packet by its header, before its body', () => {
    const guard = newFrameGuard(1_000);
    expect(guard.feed(bytes(connect))).toBeUndefined();
    expect(guard.feed(bytes([0x32, 0xff, 0xff, 0xff]))).toContain('was announced');
  });

  test('takes a packet of exactly the limit and none of one more', () => {
    expect(newFrameGuard(128).feed(bytes([0x10, 0x80, 0x01]))).toBeUndefined();
    expect(newFrameGuard(127).feed(bytes([0x10, 0x80, 0x01]))).toContain('at most 127');
  });

  test('a length of more than four bytes is no length', () => {
    expect(newFrameGuard(2 ** 40).feed(bytes([0x10, 0x80, 0x80, 0x80, 0x80]))).toContain('four bytes');
  });

  test('the first packet is CONNECT', () => {
    expect(newFrameGuard(100).feed(bytes([0x30, 0]))).toContain('CONNECT');
  });

  test.each([0x34, 0x36, 0x3c, 0x00, 0x20, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0, 0xf0])('header byte 0x%s is not for clients here', (byte) => {
    const guard = newFrameGuard(100);
    expect(guard.feed(bytes(connect))).toBeUndefined();
    expect(guard.feed(bytes([byte, 0]))).toBeDefined();
  });
});
