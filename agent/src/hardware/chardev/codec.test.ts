import { expect, test } from 'vitest';
import { decodeChip, decodeEvents, decodeInfo, decodeLineFd, encodeConfig, encodeInfo, encodeLevel, encodeRequest } from './codec.ts';
import { structs } from './layout.ts';

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const text = (bytes: Uint8Array, from: number, to: number): string => new TextDecoder().decode(bytes.subarray(from, to));

test('a request holds one line, its consumer, and its first level in the same bytes', () => {
  const bytes = encodeRequest({ offset: 17, consumer: 'pier:blink', eventsMax: 0, flags: 8 | 256, level: 1 });
  const { fields } = structs.gpio_v2_line_request;
  const words = view(bytes);
  expect(bytes).toHaveLength(592);
  expect([words.getUint32(0, true), words.getUint32(4, true), words.getUint32(fields.num_lines[0], true)]).toEqual([17, 0, 1]);
  expect(text(bytes, 256, 266)).toBe('pier:blink');
  const config = fields.config[0];
  expect(words.getBigUint64(config, true)).toBe(264n);
  // One attribute: output values, the level of line 0, for line 0.
  expect([words.getUint32(config + 8, true), words.getUint32(config + 32, true), words.getBigUint64(config + 40, true), words.getBigUint64(config + 48, true)]).toEqual([1, 2, 1n, 1n]);
});

test('an output that starts low says so too', () => {
  const config = view(encodeConfig({ flags: 8, level: 0 }));
  expect([config.getUint32(8, true), config.getUint32(32, true), config.getBigUint64(40, true), config.getBigUint64(48, true)]).toEqual([1, 2, 0n, 1n]);
});

test('a debounce time is an attribute; without one there is none', () => {
  const config = view(encodeConfig({ flags: 4 | 48, debounceUs: 20_000 }));
  expect([config.getBigUint64(0, true), config.getUint32(8, true), config.getUint32(32, true), config.getUint32(40, true), config.getBigUint64(48, true)]).toEqual([52n, 1, 3, 20_000, 1n]);
  expect(view(encodeConfig({ flags: 4 })).getUint32(8, true)).toBe(0);
});

test('a long consumer is cut before the closing NUL, and not within a character', () => {
  const bytes = encodeRequest({ offset: 0, consumer: `pier:${'a'.repeat(25)}ä-tail`, eventsMax: 16, flags: 4 });
  expect(text(bytes, 256, 288)).toBe(`pier:${'a'.repeat(25)}\0\0`);
  expect(view(bytes).getUint32(structs.gpio_v2_line_request.fields.event_buffer_size[0], true)).toBe(16);
});

test('chip and line are read up to the NUL, also names that fill their field', () => {
  const chip = new Uint8Array(68);
  chip.set(new TextEncoder().encode('gpiochip0\0rest'), 0);
  chip.set(new TextEncoder().encode('x'.repeat(32)), 32);
  chip[64] = 54;
  expect(decodeChip(chip)).toEqual({ name: 'gpiochip0', label: 'x'.repeat(32), lines: 54 });
  const info = encodeInfo(4);
  info.set(new TextEncoder().encode('GPIO4'), 0);
  info.set(new TextEncoder().encode('spi0 CS0'), 32);
  info[72] = 9;
  expect(decodeInfo(info)).toEqual({ offset: 4, name: 'GPIO4', consumer: 'spi0 CS0', used: true });
  info[72] = 8;
  expect(decodeInfo(info).used).toBe(false);
});

test('events come out with time, level and number; half a one is left', () => {
  const bytes = new Uint8Array(48 * 2 + 20);
  const words = view(bytes);
  words.setBigUint64(0, 123_456_789_012_345n, true);
  words.setUint32(8, 1, true);
  words.setUint32(20, 7, true);
  words.setBigUint64(48, 5n, true);
  words.setUint32(56, 2, true);
  words.setUint32(68, 0xffff_ffff, true);
  expect(decodeEvents(bytes)).toEqual([{ tNs: 123_456_789_012_345n, level: 1, lineSeq: 7 }, { tNs: 5n, level: 0, lineSeq: 0xffff_ffff }]);
  expect(decodeEvents(new Uint8Array())).toEqual([]);
});

test('the descriptor and a level stand where the kernel looks for them', () => {
  const request = new Uint8Array(592);
  view(request).setInt32(588, 42, true);
  expect(decodeLineFd(request)).toBe(42);
  expect([...encodeLevel(1)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  expect([...encodeLevel(0)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
});
