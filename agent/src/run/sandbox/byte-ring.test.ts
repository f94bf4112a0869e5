import { expect, test } from 'vitest';
import { ByteRing } from './byte-ring.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function makeEnds({ startAt = 0 } = {}): { writer: ByteRing; reader: ByteRing } {
  const words = new Int32Array(new SharedArrayBuffer(8)).fill(startAt);
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  const at = { written: 0, read: 1 };
  return { writer: new ByteRing(words, at, shared), reader: new ByteRing(words, at, shared) };
}

function readAll(ring: ByteRing, max = 100): string {
  const into = new Uint8Array(max);
  const size = ring.peek(into);
  ring.skip(size);
  return new TextDecoder().decode(into.subarray(0, size));
}

test('bytes come out in order, also past the end of the ring', () => {
  const { writer, reader } = makeEnds();
  for (let n = 0; n < 20; n += 1) {
    expect(writer.write(bytes(`a${n}bcd`.slice(0, 5)))).toBe(5);
    expect(readAll(reader)).toBe(`a${n}bcd`.slice(0, 5));
  }
});

test('a full ring takes what fits and says how much', () => {
  const { writer, reader } = makeEnds();
  expect([writer.write(bytes('123456')), writer.write(bytes('789')), writer.write(bytes('x'))]).toEqual([6, 2, 0]);
  expect([writer.size, writer.room]).toEqual([8, 0]);
  expect(readAll(reader)).toBe('12345678');
});

test('what is looked at stays until it is skipped, and a small buffer gets the oldest', () => {
  const { writer, reader } = makeEnds();
  writer.write(bytes('abcdef'));
  const into = new Uint8Array(4);
  for (let n = 0; n < 2; n += 1) expect([reader.peek(into), new TextDecoder().decode(into)]).toEqual([4, 'abcd']);
  reader.skip(4);
  expect(readAll(reader)).toBe('ef');
});

test.each([0x7fff_fffc, -4])('the counters go round at %s', (startAt) => {
  const { writer, reader } = makeEnds({ startAt });
  for (let n = 0; n < 4; n += 1) {
    writer.write(bytes('wrap'));
    expect([reader.size, readAll(reader)]).toEqual([4, 'wrap']);
  }
});

test('skipping to a place goes forward only, and not past what was written', () => {
  const { writer, reader } = makeEnds();
  writer.write(bytes('abc'));
  const place = writer.written;
  writer.write(bytes('de'));
  reader.skipTo(place);
  expect(readAll(reader, 1)).toBe('d');
  reader.skipTo(place);
  expect(readAll(reader)).toBe('e');
  reader.skipTo(place + 100);
  expect(reader.size).toBe(0);
});
