import { describe, expect, test } from 'vitest';
import { AppName, DeviceId, Fault, systemClock } from '@pier/shared/core';
import { LogView } from '@pier/shared/api';
import { LogBatch } from '@pier/shared/wire';
import { LogRings } from './log-rings.ts';

const device = DeviceId.parse('dock-1');
const app = AppName.parse('blink');
const receivedMs = Date.UTC(2026, 10, 21, 12);

function newRings() {
  const rings = new LogRings(systemClock);
  return {
    rings,
    read: (after?: string, limit = 200, of = device) => LogView.parse(rings.read({ device: of, app, after, limit })),
    textsOf: (after?: string, limit?: number) => rings.read({ device, app, after, limit: limit ?? 1_000 }).lines.map(({ text }) => text),
    take: (ns: readonly number[], { boot = 1, seq = ns[0] ?? 0, dropped = 0, text = (n: number) => `line ${n}`, of = device, agoMs = 0 } = {}) =>
      rings.take({ device: of, app, atMs: receivedMs, value: LogBatch.parse({ gen: 1, boot, seq, dropped, lines: ns.map((n) => ({ n, agoMs, stream: n % 2 ? 'stdout' : 'stderr', text: text(n) })) }) }),
  };
}
const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

describe('what is kept', () => {
  test('lines that somebody asked for, with the time at which they were written by our clock', () => {
    const { read, take } = newRings();
    expect(read()).toMatchObject({ lines: [], dropped: 0 });
    take([1, 2], { agoMs: 1_500, dropped: 4 });
    expect(read()).toMatchObject({ lines: [{ at: '2026-11-21T11:59:58.500Z', stream: 'stdout', text: 'line 1' }, { stream: 'stderr', text: 'line 2' }], dropped: 4 });
  });

  test('nothing that nobody asked for', () => {
    const { rings, read, take } = newRings();
    take([1]);
    expect([read().lines, rings.counts.unasked]).toEqual([[], 1]);
  });

  test('a line that comes twice once, also when the ring has let go of it since', () => {
    const { read, take, textsOf } = newRings();
    read();
    take([1, 2]);
    take([1, 2, 3]);
    expect(textsOf()).toEqual(['line 1', 'line 2', 'line 3']);
    for (let n = 4; n < 1_204; n += 200) take(upTo(n, n + 199));
    take([2, 3, 1_204]);
    expect([textsOf().length, textsOf()[0], textsOf().at(-1)]).toEqual([1_000, 'line 205', 'line 1204']);
  });

  test('a thousand lines, and a quarter of a megabyte', () => {
    const { read, take, textsOf } = newRings();
    read();
    for (let n = 1; n <= 400; n += 100) take(upTo(n, n + 99), { text: (one) => `${one} ${'x'.repeat(1_990)}` });
    const kept = textsOf();
    expect(kept.at(-1)).toMatch(/^400 /);
    expect(kept.length).toBeGreaterThan(100);
    expect(kept.join('').length).toBeLessThan(256 << 10);
  });

  test('lines of a new start count anew, and come after those of the start before', () => {
    const { read, take, textsOf } = newRings();
    read();
    take([1, 2], { boot: 2, text: (n) => `new ${n}` });
    take([7], { boot: 1, text: (n) => `old ${n}` });
    expect(textsOf()).toEqual(['old 7', 'new 1', 'new 2']);
  });

  test('a time that no clock has shows as the beginning of time', () => {
    const { read, take } = newRings();
    read();
    take([1], { agoMs: Number.MAX_VALUE });
    expect(read().lines[0]?.at).toBe('1970-01-01T00:00:00.000Z');
  });

  test('the newest word on what was cut', () => {
    const { read, take } = newRings();
    read();
    take([5], { seq: 9, dropped: 30 });
    take([4], { seq: 8, dropped: 20 });
    expect(read().dropped).toBe(30);
  });

  test('of too many, those read longest ago give way, and are counted', () => {
    const { rings, read, take } = newRings();
    read();
    for (let n = 0; n < 500; n += 1) read(undefined, 1, DeviceId.parse(`crane-${n}`));
    expect([rings.size, rings.counts.evicted]).toEqual([500, 1]);
    take([1]);
    expect(rings.counts.unasked).toBe(1);
  });
});

describe('following', () => {
  test('each answer’s cursor brings what came since, and nothing twice', () => {
    const { read, take } = newRings();
    let { next } = read();
    take([1, 2]);
    const first = read(next);
    take([3]);
    const second = read(first.next);
    ({ next } = read(second.next));
    expect([first, second, read(next)].map(({ lines }) => lines.map(({ text }) => text))).toEqual([['line 1', 'line 2'], ['line 3'], []]);
    expect(next).toBe(second.next);
  });

  test('a line that was lost on its way and comes late is brought as well', () => {
    const { read, take } = newRings();
    read();
    take([1, 4]);
    const { next } = read();
    take([1, 2, 3, 4, 5], { seq: 9 });
    expect(read(next).lines.map(({ text }) => text)).toEqual(['line 2', 'line 3', 'line 5']);
    expect(read().lines).toHaveLength(5);
  });

  test('who asks for few after a cursor gets the first of them, then the rest; without one the last', () => {
    const { read, take } = newRings();
    const start = read().next;
    take(upTo(1, 10));
    const first = read(start, 4);
    expect(first.lines.map(({ text }) => text)).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
    expect(read(first.next, 100).lines).toHaveLength(6);
    expect(read(undefined, 2).lines.map(({ text }) => text)).toEqual(['line 9', 'line 10']);
  });

  test('the id of a line is a cursor too', () => {
    const { read, take } = newRings();
    read();
    take([1, 2, 3]);
    expect(read(read().lines[1]?.id).lines.map(({ text }) => text)).toEqual(['line 3']);
  });

  test('a cursor of a ring that is gone brings the last lines of the new one', () => {
    const [old, now] = [newRings(), newRings()];
    old.read();
    old.take(upTo(1, 50));
    now.read();
    now.take([1, 2]);
    const other = old.read().next.replace(/^[^-]+/, 'zzzz');
    expect(now.read(other).lines).toHaveLength(2);
  });

  test.each(['', 'x', '1.1', 'a-b.', 'a-b.-1', 'a-b.1e3', `a-b.${'9'.repeat(30)}`, "'; drop table", 'a\0-b.1'])('a cursor that no answer gave is refused: %j', (after) => {
    const { rings } = newRings();
    expect(() => rings.read({ device, app, after, limit: 1 })).toThrow(Fault);
    expect(rings.size).toBe(0);
  });
});
