import { afterEach, describe, expect, test } from 'vitest';
import { AppName, type Clock, systemClock } from '@pier/shared/core';
import { LogBatch, TelemetryBatch } from '@pier/shared/wire';
import type { OutputLine, Sample, Trace } from '../guest.ts';
import { Keep } from '../run/trace/index.ts';
import { Tails, fitting, logKind, telemetryKind } from './tails.ts';

const app = AppName.parse('meter');
const order = { gen: 1, boot: 1, seq: 1 };
const open = new Set<Disposable>();
afterEach(() => {
  for (const one of open) one[Symbol.dispose]();
  open.clear();
});

/** Time stands still but for `pass`; what is sent is kept, and leaves when the test says so. */
function world(kind: 'log' | 'telemetry') {
  const time = { ms: 1_000 };
  let tick: (() => void) | undefined;
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => time.ms,
    monotonicNs: () => BigInt(time.ms) * 1_000_000n,
    every: (_ms, act) => {
      tick = act;
      return { [Symbol.dispose]: () => (tick = undefined) };
    },
  };
  const lines = new Keep<OutputLine>({ count: 200 });
  const samples = new Keep<Sample>({ count: 600 });
  const trace: Trace = { lines, samples, units: { power: 'W' } };
  const apps = new Map([[app, trace]]);
  const sent: { app: AppName; body: object }[] = [];
  const link = { isUp: true, leave: async (): Promise<void> => {} };
  const deps = {
    clock,
    trace: (name: AppName) => apps.get(name),
    send: (name: AppName, body: object) => {
      if (!link.isUp) return undefined;
      sent.push({ app: name, body });
      return link.leave();
    },
  };
  const tails = kind === 'log' ? new Tails(logKind, deps) : new Tails(telemetryKind, deps);
  open.add(tails);
  return {
    time, apps, lines, samples, sent, link, tails, trace,
    isTicking: () => tick !== undefined,
    say: (...texts: string[]) => texts.forEach((text) => lines.push({ atMs: time.ms, stream: 'stdout', text })),
    pass: async (ms: number) => {
      await Promise.resolve();
      await Promise.resolve();
      time.ms += ms;
      tick?.();
    },
    batches: () => sent.map(({ body }) => LogBatch.parse({ ...body, ...order })),
  };
}
const texts = (batch: LogBatch | undefined): string[] | undefined => batch?.lines.map(({ text }) => text);

describe('a lease of a log', () => {
  test('sends what was kept at once, then what comes, each once, and how long ago it was', async () => {
    const { say, tails, pass, batches, time } = world('log');
    say('before', 'just now');
    time.ms += 500;
    tails.lease({ app, for: 60 });
    expect(batches()).toMatchObject([{ lines: [{ n: 1, agoMs: 500, text: 'before' }, { n: 2, text: 'just now' }], dropped: 0 }]);
    await pass(250);
    say('after');
    await pass(250);
    expect(batches()).toHaveLength(2);
    expect(batches()[1]).toMatchObject({ lines: [{ n: 3, agoMs: 250, text: 'after' }] });
  });

  test('that is over sends nothing any more, and nothing looks', async () => {
    const { say, tails, pass, batches, isTicking } = world('log');
    tails.lease({ app, for: 1 });
    await pass(999);
    say('in time');
    await pass(0);
    expect(batches()).toHaveLength(1);
    await pass(1);
    say('late');
    await pass(250);
    expect(batches()).toHaveLength(1);
    expect(isTicking()).toBe(false);
    tails.lease({ app, for: 1 });
    expect(texts(batches()[1])).toEqual(['in time', 'late']);
  });

  test('that is asked for again goes on, and sends nothing twice', async () => {
    const { say, tails, pass, batches } = world('log');
    say('one');
    tails.lease({ app, for: 1 });
    await pass(500);
    tails.lease({ app, for: 10 });
    await pass(800);
    say('two');
    await pass(250);
    expect(batches().map(texts)).toEqual([['one'], ['two']]);
  });

  test('tells a flood in bounded messages, and counts what could not be sent', async () => {
    const { say, lines, tails, pass, batches, sent } = world('log');
    tails.lease({ app, for: 60 });
    for (let round = 0; round < 4; round += 1) {
      say(...Array.from({ length: 500 }, (_, n) => `${round}/${n} ${'é"'.repeat(900)}`));
      await pass(250);
    }
    lines.drop(7);
    for (let n = 0; n < 20; n += 1) await pass(250);
    expect(sent.length).toBeGreaterThan(4);
    for (const { body } of sent) expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(49 << 10);
    const all = batches().flatMap((batch) => batch.lines.map(({ n }) => n));
    expect(all).toEqual([...new Set(all)].toSorted((a, b) => a - b));
    expect(all.at(-1)).toBe(2_000);
    expect(all.length + (batches().at(-1)?.dropped ?? 0)).toBe(2_007);
  });

  test('keeps what it has while nobody is connected', async () => {
    const { say, tails, pass, batches, link } = world('log');
    link.isUp = false;
    say('one');
    tails.lease({ app, for: 60 });
    await pass(250);
    link.isUp = true;
    await pass(250);
    expect(batches().map(texts)).toEqual([['one']]);
  });

  test('does not pile up messages on a link that is slow', async () => {
    const { say, tails, pass, batches, link } = world('log');
    const slow = Promise.withResolvers<void>();
    link.leave = () => slow.promise;
    say('one');
    tails.lease({ app, for: 60 });
    for (let n = 0; n < 10; n += 1) {
      say(`${n}`);
      await pass(250);
    }
    expect(batches()).toHaveLength(1);
    slow.resolve();
    await slow.promise;
    await pass(250);
    await pass(250);
    expect(batches()).toHaveLength(2);
    expect(batches()[1]?.lines).toHaveLength(10);
  });

  test('of an app that is not there is refused, and ends with the app', async () => {
    const { say, tails, pass, batches, apps, isTicking } = world('log');
    expect(() => tails.lease({ app: AppName.parse('other'), for: 1 })).toThrow(expect.objectContaining({ code: 'app-unknown' }));
    tails.lease({ app, for: 60 });
    apps.delete(app);
    say('x');
    await pass(250);
    expect([batches(), isTicking()]).toEqual([[], false]);
  });

  test('is one of at most 64', () => {
    const { tails, apps, trace } = world('log');
    for (let n = 0; n < 65; n += 1) apps.set(AppName.parse(`app-${n}`), trace);
    for (let n = 0; n < 64; n += 1) tails.lease({ app: AppName.parse(`app-${n}`), for: 1 });
    expect(() => tails.lease({ app: AppName.parse('app-64'), for: 1 })).toThrow(expect.objectContaining({ code: 'too-many-requests' }));
    tails.lease({ app: AppName.parse('app-3'), for: 9 });
  });
});

test('a lease of telemetry sends samples with their units and their age', async () => {
  const { samples, tails, pass, sent, time } = world('telemetry');
  for (let n = 1; n <= 700; n += 1) samples.push({ tNs: BigInt(time.ms) * 1_000_000n, series: 'power', value: n / 8 });
  time.ms += 40;
  tails.lease({ app, for: 60 });
  await pass(1_000);
  const batches = sent.map(({ body }) => TelemetryBatch.parse({ ...body, ...order }));
  expect(batches.map(({ samples: list }) => list.length)).toEqual([500, 100]);
  expect(batches[0]).toMatchObject({ units: { power: 'W' }, dropped: 0 });
  expect(batches[0]?.samples[0]).toEqual({ n: 101, agoMs: 40, series: 'power', value: 101 / 8 });
  expect(batches[1]?.samples.at(-1)).toEqual({ n: 700, agoMs: 1_040, series: 'power', value: 87.5 });
});

test('what fits is taken from the front, and one entry always is', () => {
  const entries = [{ a: 'x'.repeat(90) }, { a: 'y'.repeat(90) }, { a: 'z' }];
  expect(fitting(entries, 205)).toEqual(entries.slice(0, 2));
  expect(fitting(entries, 1_000)).toEqual(entries);
  expect(fitting(entries, 10)).toEqual(entries.slice(0, 1));
  expect(fitting([], 10)).toEqual([]);
});
