import { describe, expect, test } from 'vitest';
import { Asks, emptyGrant } from '@pier/shared/capability';
import { AppTrace, Keep } from './index.ts';

describe('a keep', () => {
  const kept = (keep: Keep<{ text: string }>, after = 0) => keep.after(after).map(({ n, text }) => `${n}${text}`);

  test('has the newest entries, numbered from 1 over all that ever came', () => {
    const keep = new Keep<{ text: string }>({ count: 3 });
    expect([keep.last, kept(keep)]).toEqual([0, []]);
    for (const text of 'abcde') keep.push({ text });
    expect(keep.last).toBe(5);
    expect(kept(keep)).toEqual(['3c', '4d', '5e']);
    expect([kept(keep, 4), kept(keep, 5), kept(keep, 99)]).toEqual([['5e'], [], []]);
  });

  test('lets the oldest go for its weight too, and an entry that is heavier than all', () => {
    const keep = new Keep<{ text: string }>({ count: 100, weight: 5 }, ({ text }) => text.length);
    for (const text of ['aa', 'bb', 'cc']) keep.push({ text });
    expect(kept(keep)).toEqual(['2bb', '3cc']);
    keep.push({ text: 'dddddd' });
    expect([keep.last, kept(keep)]).toEqual([4, []]);
    keep.push({ text: 'e' });
    expect(kept(keep)).toEqual(['5e']);
  });
});

describe('what an app says', () => {
  const open = () => {
    const time = { ms: 0 };
    return { time, trace: new AppTrace({ monotonicMs: () => time.ms }) };
  };

  test('is kept in its order with its stream and time, over restarts of the guest', () => {
    const { trace, time } = open();
    trace.begin(emptyGrant);
    trace.output('stdout', Buffer.from('one\nhal'), 0);
    time.ms = 7;
    trace.output('stderr', Buffer.from('oh\n'), 0);
    expect(trace.end()).toEqual(['one', 'oh', 'hal']);
    trace.begin(emptyGrant);
    trace.output('stdout', Buffer.from('again\n'), 0);
    expect(trace.lines.after(0)).toEqual([
      { n: 1, atMs: 0, stream: 'stdout', text: 'one' },
      { n: 2, atMs: 7, stream: 'stderr', text: 'oh' },
      { n: 3, atMs: 7, stream: 'stdout', text: 'hal' },
      { n: 4, atMs: 7, stream: 'stdout', text: 'again' },
    ]);
  });

  test('last is at most 20 lines of 500 characters', () => {
    const { trace } = open();
    for (let n = 1; n <= 30; n += 1) trace.output('stdout', Buffer.from(`${n} ${'x'.repeat(600)}\n`), 0);
    const last = trace.end();
    expect(last).toHaveLength(20);
    expect(last.at(-1)).toMatch(/^30 x{497}$/);
  });

  test('too much is let go: 200 lines, 64 KiB, and what the sandbox dropped is counted', () => {
    const { trace } = open();
    for (let n = 0; n < 300; n += 1) trace.output('stdout', Buffer.from('x\n'), 2);
    expect(trace.lines.after(0)).toHaveLength(200);
    expect(trace.lines.dropped).toBe(600);
    for (let n = 0; n < 100; n += 1) trace.output('stdout', Buffer.from(`${'x'.repeat(1_999)}\n`), 0);
    expect(trace.lines.after(0).length).toBe(Math.floor((64 << 10) / 1_999));
  });

  test('in numbers is kept with its unit; what is no number is only counted', () => {
    const { trace } = open();
    trace.begin({ telemetry: Asks.parse({ telemetry: [{ label: 'power', unit: 'W' }, { label: 'count' }] }).telemetry.map((ask) => ({ ask })) });
    expect(trace.units).toEqual({ power: 'W', count: '' });
    trace.telemetry([{ series: 'power', value: 1.5, tNs: 1n }, { series: 'power', value: Number.NaN, tNs: 2n }, { series: 'power', value: Infinity, tNs: 3n }], 4);
    expect(trace.samples.after(0)).toEqual([{ n: 1, series: 'power', value: 1.5, tNs: 1n }]);
    expect(trace.samples.dropped).toBe(6);
    for (let n = 0; n < 700; n += 1) trace.telemetry([{ series: 'count', value: n, tNs: 4n }], 0);
    expect(trace.samples.after(0)).toHaveLength(600);
    expect(trace.samples.last).toBe(701);
  });
});
