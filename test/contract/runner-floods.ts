/** The part of the runner's contract about numbers for the fleet's owner, and about guests that say more than anybody can hear. */
import { hostErrors } from '@pier/shared/abi';
import { Asks, type Grant } from '@pier/shared/capability';
import { Label, systemClock } from '@pier/shared/core';
import { expect, test, vi } from 'vitest';
import type { Runner, SerialLink } from '../../agent/src/run/sandbox/index.ts';
import { command, imported } from '../support/wat.ts';
import { nothing, run, saidIn, start } from './runner-bench.ts';
import { makePort, makeSerial } from './runner-port.ts';

const imports = [imported('pier_telemetry.open', 'ii:i'), '(import "pier_telemetry" "record" (func $record (param i32 f64) (result i32)))', imported('pier_poll.wait', 'iiIi:i'), imported('pier_app.last_error', 'ii:i')];
const more = '(data (i32.const 1000) "power") (data (i32.const 1010) "other")';
const open = '(call $say (call $open (i32.const 1000) (i32.const 5)))';
const record = (value: string, handle = 1): string => `(call $say (call $record (i32.const ${handle}) (f64.const ${value})))`;
const e = hostErrors;
const waiting = { timeout: 30_000, interval: 10 };

function series(...asks: object[]): { readonly grant: Grant } {
  return { grant: { ...nothing, telemetry: Asks.parse({ telemetry: asks }).telemetry.map((ask) => ({ ask })) } };
}

export function telemetryContract(runner: Runner): void {
  test('what is recorded arrives with its series, its value and its time', async () => {
    const before = systemClock.monotonicNs();
    const { said, seen } = await run(runner, await command(`${open} ${record('229.5')} ${record('-0.25')} ${open}`, { imports, more }), series({ label: 'power' }));
    expect(said).toEqual([1, 0, 0, 1]);
    expect(seen.samples.map(({ series: name, value }) => [name, value])).toEqual([['power', 229.5], ['power', -0.25]]);
    expect(seen.samples.every(({ tNs }) => tNs >= before && tNs <= systemClock.monotonicNs())).toBe(true);
    expect(seen.samplesDropped).toBe(0);
  });

  test('series that are not granted, handles that are none and values that are no numbers are refused', async () => {
    const { said, text, seen } = await run(runner, await command(`(call $say (call $open (i32.const 1010) (i32.const 5))) (call $say (call $open (i32.const -1) (i32.const 5))) ${open} ${record('nan')} ${record('inf')} ${record('-inf')} ${record('1', 2)} ${record('1', 0)} (call $print (i32.const 3000) (call $last_error (i32.const 3000) (i32.const 100)))`, { imports, more }), series({ label: 'power' }));
    const bad = e['bad-argument'];
    expect(said.slice(0, 8)).toEqual([e['undefined-label'], bad, 1, bad, bad, bad, bad, bad]);
    expect(text).toMatch(/there is no handle 0$/);
    expect(seen).toMatchObject({ samples: [], samplesDropped: 0 });
  });

  test('past ten at once the rate of the ask holds; what is refused is counted', async () => {
    const { said, seen } = await run(runner, await command(`${open} ${record('1').repeat(13)}`, { imports, more }), series({ label: 'power', maxPerS: 0.001 }));
    expect(said).toEqual([1, ...Array.from({ length: 10 }, () => 0), e['rate-limited'], e['rate-limited'], e['rate-limited']]);
    expect([seen.samples.length, seen.samplesDropped]).toEqual([10, 3]);
  });

  test('what was recorded is sent while the guest sleeps, however long', async () => {
    const sleeping = `${open} (drop (call $wait (i32.const 0) (i32.const 0) (i64.const 1000000) (i32.const 0))) ${record('1')} (drop (call $wait (i32.const 0) (i32.const 0) (i64.const 1000000) (i32.const 0))) ${record('2')} (drop (call $wait (i32.const 0) (i32.const 0) (i64.const -1) (i32.const 0)))`;
    const { guest, seen } = await start(runner, await command(sleeping, { imports, more }), series({ label: 'power' }));
    await vi.waitFor(() => expect(seen.samples.map(({ value }) => value)).toEqual([1, 2]), waiting);
    await guest.stop(0);
  });
}

/** The link with the guest's rings counted. */
function counting(link: SerialLink, count: { rings: number }): SerialLink {
  return {
    label: link.label,
    get settings() {
      return link.settings;
    },
    shared: link.shared,
    take: link.take,
    attach: (port, signal) => link.attach(port, signal),
    detach: () => link.detach(),
    connect: (wake) => link.connect(wake),
    heed: () => {
      count.rings += 1;
      link.heed();
    },
    [Symbol.dispose]: () => link[Symbol.dispose](),
  };
}

export function floodContract(runner: Runner): void {
  const times = (count: number, body: string): string => `(loop $again ${body} (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const ${count}))))`;
  const seconds = (sinceMs: number): number => (systemClock.monotonicMs() - sinceMs) / 1_000 + 1;

  test('a flood of telemetry costs few messages, and each value is sent or counted', async () => {
    const startedMs = systemClock.monotonicMs();
    const { seen, end } = await run(runner, await command(`(local $n i32) ${open} ${times(300_000, '(drop (call $record (i32.const 1) (f64.const 1)))')}`, { imports, more }), series({ label: 'power', maxPerS: 100 }));
    expect(end).toEqual({ kind: 'exited', status: 0 });
    expect(seen.samples.length + seen.samplesDropped).toBe(300_000);
    expect(seen.messages.telemetry).toBeLessThanOrEqual(10 * seconds(startedMs) + 2);
    expect(seen.samples.length).toBeLessThanOrEqual(100 * seconds(startedMs) + 10);
  });

  test('a flood of small writes, settings and flushes to a port costs few messages, and loses no byte that was taken', async () => {
    using bench = makeSerial();
    const port = makePort();
    await bench.attach(port);
    const count = { rings: 0 };
    const serial = new Map([[Label.parse('meter'), counting(bench.link, count)]]);
    const all = [imported('pier_serial.open', 'ii:i'), imported('pier_serial.write', 'iii:i'), imported('pier_serial.configure', 'iiiii:i'), imported('pier_serial.flush', 'i:i'), imported('pier_serial.pending', 'i:i')];
    const write = '(if (i32.eq (call $write (i32.const 1) (i32.const 1000) (i32.const 1)) (i32.const 1)) (then (local.set $taken (i32.add (local.get $taken) (i32.const 1)))))';
    const opened = '(local $n i32) (local $taken i32) (drop (call $open (i32.const 1000) (i32.const 5)))';
    const label = '(data (i32.const 1000) "meter")';
    const startedMs = systemClock.monotonicMs();
    const { said } = await run(runner, await command(`${opened} ${times(300_000, write)} (call $say (local.get $taken)) (loop $left (br_if $left (call $pending (i32.const 1))))`, { imports: all, more: label }), { ...bench, serial });
    expect(port.sent.byteLength).toBe(said[0]);
    expect(count.rings).toBeLessThanOrEqual(1_000 * seconds(startedMs));
    const flushed = { ms: systemClock.monotonicMs(), rings: count.rings };
    await run(runner, await command(`${opened} ${times(100_000, `(drop (call $configure (i32.const 1) (i32.const 2400) (i32.const 8) (i32.const 0) (i32.const 1))) (drop (call $configure (i32.const 1) (i32.const 9600) (i32.const 8) (i32.const 0) (i32.const 1))) (drop (call $flush (i32.const 1)))`)}`, { imports: all, more: label }), { ...bench, serial });
    expect(count.rings - flushed.rings).toBeLessThanOrEqual(2_000 * seconds(flushed.ms));
    expect(port.settings.length).toBeLessThanOrEqual(2_000 * seconds(flushed.ms));
  });

  test('a guest that floods everything at once is heard in bounded pieces, and others are served meanwhile', async () => {
    using bench = makeSerial();
    await bench.attach(makePort());
    const grant: Grant = { ...bench.grant, telemetry: series({ label: 'power', maxPerS: 100 }).grant.telemetry };
    const all = [...imports.slice(1, 2), imported('pier_telemetry.open', 'ii:i'), '(import "pier_serial" "open" (func $port (param i32 i32) (result i32)))', imported('pier_serial.write', 'iii:i'), imported('pier_app.beat', ':i')];
    const flood = '(drop (call $record (i32.const 1) (f64.const 1))) (drop (call $write (i32.const 1) (i32.const 2000) (i32.const 1000))) (drop (call $beat)) (call $print (i32.const 2000) (i32.const 1000))';
    const body = `(drop (call $open (i32.const 1000) (i32.const 5))) (drop (call $port (i32.const 1010) (i32.const 5))) (loop $again ${flood} (br $again))`;
    const startedMs = systemClock.monotonicMs();
    const { guest, seen } = await start(runner, await command(body, { imports: all, more: '(data (i32.const 1000) "power") (data (i32.const 1010) "meter")' }), { ...bench, grant, limits: { maxOutputBytesPerS: 4_096 } });
    const other = await run(runner, await command('(call $say (i32.const 5))'));
    await vi.waitFor(() => expect(saidIn(seen).length).toBeGreaterThan(0), waiting);
    await systemClock.sleep(1_000);
    expect(other.said).toEqual([5]);
    await guest.stop(0);
    expect(seen.messages.telemetry).toBeLessThanOrEqual(10 * seconds(startedMs) + 2);
    expect(seen.messages.output).toBeLessThanOrEqual(250 * seconds(startedMs));
    expect(seen.beats).toBeLessThanOrEqual(10 * seconds(startedMs) + 1);
    expect(seen.stdout.byteLength).toBeLessThanOrEqual(4_096 * seconds(startedMs));
  });
}
