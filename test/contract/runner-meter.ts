/** The example "meter" in a sandbox, on a port whose other end is a meter that a test can break. */
import { fileURLToPath } from 'node:url';
import { invariant, systemClock } from '@pier/shared/core';
import { beforeAll, expect, test, vi } from 'vitest';
import { Asks } from '@pier/shared/capability';
import { buildApp } from '../../cli/src/app/index.ts';
import type { Runner } from '../../agent/src/run/sandbox/index.ts';
import { start } from './runner-bench.ts';
import { type SerialBench, type TestPort, makePort, makeSerial } from './runner-port.ts';

const values: Readonly<Record<number, number>> = { 0x0000: 230.5, 0x0006: 1.25, 0x000c: 288, 0x0046: 50, 0x0156: 12.5 };
const waiting = { timeout: 60_000, interval: 20 };

/** CRC-16 of Modbus, bit by bit. */
function crc(bytes: Uint8Array): Uint8Array {
  let sum = 0xffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum & 1) === 1 ? (sum >> 1) ^ 0xa001 : sum >> 1;
  }
  return Uint8Array.of(sum & 0xff, sum >> 8);
}

type Break = (answer: Buffer) => readonly Uint8Array[];

/** A meter at a port: answers each question whole, or as `break` makes it. */
function makeMeter(bench: SerialBench): TestPort & { asked: number; break: Break | undefined } {
  const meter = {
    ...makePort((question) => {
      meter.asked += 1;
      const answer = Buffer.from([1, 4, 4, 0, 0, 0, 0]);
      answer.writeFloatBE(values[Buffer.from(question).readUInt16BE(2)] ?? 0, 3);
      const whole = Buffer.concat([answer, crc(answer)]);
      for (const piece of meter.break?.(whole) ?? [whole]) bench.link.take(piece);
    }),
    asked: 0,
    break: undefined as Break | undefined,
  };
  return meter;
}

export function meterContract(runner: Runner): void {
  let app: Awaited<ReturnType<typeof buildApp>>;
  beforeAll(async () => {
    app = await buildApp({ dir: fileURLToPath(new URL('../../examples/meter', import.meta.url)) });
  });

  const launch = async (bench: SerialBench) => {
    const telemetry = Asks.parse(app.manifest.asks).telemetry.map((ask) => ({ ask }));
    const running = await start(runner, app.wasm, { ...bench, grant: { ...bench.grant, telemetry }, limits: app.manifest.limits });
    return { ...running, said: () => Buffer.from(running.seen.stdout).toString() };
  };
  const makeBench = (): SerialBench => {
    const [ask] = app.manifest.asks.serial;
    invariant(ask, 'the meter asks for a port');
    return makeSerial(ask);
  };

  test('each round tells the five values; it is ready at once and ends when it is asked to', async () => {
    using bench = makeBench();
    await bench.attach(makeMeter(bench));
    const { guest, seen } = await launch(bench);
    await vi.waitFor(() => expect(seen.samples.length).toBeGreaterThanOrEqual(10), waiting);
    expect(Object.fromEntries(seen.samples.map(({ series, value }) => [series, value]))).toEqual({ voltage: 230.5, current: 1.25, power: 288, frequency: 50, energy: 12.5 });
    expect(seen).toMatchObject({ ready: 1, samplesDropped: 0 });
    expect(seen.beats).toBeGreaterThan(0);
    await guest.stop(60_000);
    expect(seen.stderr.byteLength).toBe(0);
  });

  test.each([
    ['a broken byte', (answer: Buffer) => [answer.fill(0xff, 4, 5)], 'broken answer (CRC or value)'],
    ['another unit', () => [Buffer.from([2, 4, 4, 0, 0, 0, 0, ...crc(Uint8Array.of(2, 4, 4, 0, 0, 0, 0))])], 'answer of another unit'],
    ['noise after it', (answer: Buffer) => [Buffer.concat([answer, Buffer.alloc(40, 0x55)])], 'answer of the wrong length'],
    ['its first half only', (answer: Buffer) => [answer.subarray(0, 4)], 'answer of the wrong length'],
    ['an exception', () => [Buffer.from([1, 0x84, 2, ...crc(Uint8Array.of(1, 0x84, 2))])], 'refuses the question (Modbus exception)'],
    ['nothing', () => [], 'no answer'],
    ['a value that is none', () => [Buffer.from([1, 4, 4, 0x7f, 0xc0, 0, 0, ...crc(Uint8Array.of(1, 4, 4, 0x7f, 0xc0, 0, 0))])], 'broken answer (CRC or value)'],
  ] as const)('an answer that is %s is said once and tells no value; the next good one is taken', async (_, broken: Break, words) => {
    using bench = makeBench();
    const meter = makeMeter(bench);
    meter.break = broken;
    await bench.attach(meter);
    const { guest, seen, said } = await launch(bench);
    await vi.waitFor(() => expect(said()).toBe(`meter: ${words}\n`), waiting);
    await vi.waitFor(() => expect(meter.asked).toBeGreaterThanOrEqual(4), waiting);
    expect(seen.samples).toEqual([]);
    meter.break = undefined;
    await vi.waitFor(() => expect(said()).toBe(`meter: ${words}\nmeter: answers\n`), waiting);
    await vi.waitFor(() => expect(seen.samples.length).toBeGreaterThanOrEqual(5), waiting);
    expect(seen.samples[0]).toMatchObject({ series: 'voltage', value: 230.5 });
    await guest.stop(60_000);
  });

  test('one bad answer is asked for again and not said', async () => {
    using bench = makeBench();
    const meter = makeMeter(bench);
    meter.break = (answer) => [meter.asked === 2 ? answer.fill(0, 3, 4) : answer];
    await bench.attach(meter);
    const { guest, seen, said } = await launch(bench);
    await vi.waitFor(() => expect(seen.samples.length).toBeGreaterThanOrEqual(5), waiting);
    expect([said(), meter.asked >= 6]).toEqual(['', true]);
    await guest.stop(60_000);
  });

  test('an answer that comes too late is never taken for that to another question', async () => {
    using bench = makeBench();
    const meter = makeMeter(bench);
    // Longer than the app waits, so that it has asked again before the answer to its first question comes.
    meter.break = (answer) => {
      systemClock.after(700, () => bench.link.take(answer));
      return [];
    };
    await bench.attach(meter);
    const { guest, seen, said } = await launch(bench);
    await vi.waitFor(() => expect(said()).toContain('meter: answers too late\n'), waiting);
    await vi.waitFor(() => expect(meter.asked).toBeGreaterThanOrEqual(6), waiting);
    meter.break = undefined;
    await vi.waitFor(() => expect(seen.samples.length).toBeGreaterThanOrEqual(5), waiting);
    const wanted: Readonly<Record<string, number>> = { voltage: 230.5, current: 1.25, power: 288, frequency: 50, energy: 12.5 };
    for (const { series, value } of seen.samples) expect([series, value]).toEqual([series, wanted[series]]);
    await guest.stop(60_000);
  });

  test('a meter may be unplugged from the start, and in the middle of a frame; it is read again once it is back', async () => {
    using bench = makeBench();
    const { guest, seen, said } = await launch(bench);
    await vi.waitFor(() => expect(said()).toBe('meter: disconnected\n'), waiting);
    expect(seen.ready).toBe(1);
    const meter = makeMeter(bench);
    await bench.attach(meter);
    await vi.waitFor(() => expect(said()).toBe('meter: disconnected\nmeter: answers\n'), waiting);
    await vi.waitFor(() => expect(seen.samples.length).toBeGreaterThanOrEqual(5), waiting);
    meter.break = (answer) => [answer.subarray(0, 5)];
    const { asked } = meter;
    await vi.waitFor(() => expect(meter.asked).toBeGreaterThan(asked), waiting);
    bench.link.detach();
    await vi.waitFor(() => expect(said()).toMatch(/answers\n(meter: answer of the wrong length\n)?meter: disconnected\n$/), waiting);
    const told = seen.samples.length;
    meter.break = undefined;
    await bench.attach(meter);
    await vi.waitFor(() => expect(seen.samples.length).toBeGreaterThanOrEqual(told + 5), waiting);
    expect(await guest.stop(60_000)).toEqual({ kind: 'stopped' });
  });
}
