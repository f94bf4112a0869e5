import { SerialFault } from '@pier/shared/hardware';
import { expect, test } from 'vitest';
import { crc16, withCrc } from './modbus.ts';
import { spoil } from './spoil.ts';

const answer = withCrc(Uint8Array.of(1, 4, 4, 0x43, 0x66, 0, 0));

test('without a fault an answer is what it was; slow, it is so later', () => {
  expect(spoil(answer, 'none', () => 0.5)).toEqual({ bytes: answer, delayMs: 0 });
  expect(spoil(answer, 'slow', () => 0.5)).toEqual({ bytes: answer, delayMs: 2_000 });
});

test('a wrong check sum is wrong, noise flips at least one bit, silence says nothing, half an answer is half', () => {
  expect(crc16(spoil(answer, 'crc', () => 0.5).bytes)).not.toBe(0);
  for (const chance of [0, 0.3, 0.6, 0.999]) expect(spoil(answer, 'noise', () => chance).bytes).not.toEqual(answer);
  expect(spoil(answer, 'silent', () => 0.5).bytes.byteLength).toBe(0);
  expect(spoil(answer, 'partial', () => 0.5).bytes).toEqual(answer.subarray(0, 4));
});

test('no fault changes the answer that was given, or stumbles over an empty one', () => {
  const before = Uint8Array.from(answer);
  for (const fault of SerialFault.options) {
    spoil(answer, fault, () => 0.1);
    expect(spoil(new Uint8Array(), fault, () => 0.1).bytes.byteLength).toBe(0);
  }
  expect(answer).toEqual(before);
});
