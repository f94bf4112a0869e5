import { expect, test } from 'vitest';
import { type Registers, answerTo, crc16, silenceMs, withCrc } from './modbus.ts';

const registers: Registers = { 4: (address) => (address % 2 === 0 && address < 0x10 ? address + 0.5 : undefined) };
const ask = (...body: number[]) => answerTo(withCrc(Uint8Array.from(body)), { unit: 7, registers });
const exception = (code: number, number: number) => ({ kind: 'answer', frame: withCrc(Uint8Array.of(7, code | 0x80, number)) });

test('the check sum is that of the standard', () => {
  // Known frame: unit 1 asks for 10 holding registers from 0.
  expect([...withCrc(Uint8Array.of(1, 3, 0, 0, 0, 10))]).toEqual([1, 3, 0, 0, 0, 10, 0xc5, 0xcd]);
  expect(crc16(new TextEncoder().encode('123456789'))).toBe(0x4b37);
});

test('a reading is floats, most significant byte first', () => {
  const heard = ask(7, 4, 0, 6, 0, 4);
  if (heard.kind !== 'answer') throw new Error(heard.kind);
  expect([...heard.frame.subarray(0, 3)]).toEqual([7, 4, 8]);
  const view = new DataView(heard.frame.buffer, 3);
  expect([view.getFloat32(0), view.getFloat32(4)]).toEqual([6.5, 8.5]);
  expect(crc16(heard.frame)).toBe(0);
});

test('what it does not have is an exception of the standard', () => {
  expect(ask(7, 5, 0, 0, 0xff, 0)).toEqual(exception(5, 1));
  expect(ask(7, 4, 0x10, 0, 0, 2)).toEqual(exception(4, 2));
  expect(ask(7, 4, 0, 1, 0, 2)).toEqual(exception(4, 2));
  expect(ask(7, 4, 0, 0x0e, 0, 4)).toEqual(exception(4, 2));
  for (const count of [0, 1, 3, 126, 0xffff]) expect(ask(7, 4, 0, 0, count >> 8, count & 0xff)).toEqual(exception(4, 3));
  expect(ask(7, 4, 0, 0, 0, 2, 9)).toEqual(exception(4, 3));
  expect(ask(7, 4)).toEqual(exception(4, 3));
});

test('frames for others, and broadcasts, are not answered', () => {
  expect(ask(8, 4, 0, 0, 0, 2)).toEqual({ kind: 'other' });
  expect(ask(0, 4, 0, 0, 0, 2)).toEqual({ kind: 'other' });
});

test('a frame with any one bit flipped is damaged', () => {
  const frame = withCrc(Uint8Array.of(7, 4, 0, 0, 0, 2));
  for (let bit = 0; bit < frame.byteLength * 8; bit += 1) {
    const flipped = Uint8Array.from(frame, (byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    expect(answerTo(flipped, { unit: 7, registers })).toEqual({ kind: 'crc' });
  }
  for (const short of [0, 1, 3]) expect(answerTo(frame.subarray(0, short), { unit: 7, registers })).toEqual({ kind: 'crc' });
});

test('a frame ends after three and a half characters, and never sooner than in 1.75 ms', () => {
  expect(silenceMs(9_600)).toBeCloseTo(4.01, 2);
  expect(silenceMs(115_200)).toBe(1.75);
});
