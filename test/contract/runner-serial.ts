/** The part of the runner's contract about serial ports: bytes, settings, ports that come and go, and calls that no guest should make. */
import { hostErrors } from '@pier/shared/abi';
import { Fault } from '@pier/shared/core';
import { describe, expect, test, vi } from 'vitest';
import type { Runner } from '../../agent/src/run/sandbox/index.ts';
import { command, imported } from '../support/wat.ts';
import { run, saidIn, start } from './runner-bench.ts';
import { makePort, makeSerial } from './runner-port.ts';

const imports = [
  imported('pier_serial.open', 'ii:i'), imported('pier_serial.configure', 'iiiii:i'), imported('pier_serial.read', 'iii:i'), imported('pier_serial.write', 'iii:i'), imported('pier_serial.pending', 'i:i'),
  imported('pier_serial.flush', 'i:i'), imported('pier_serial.lost', 'i:i'), imported('pier_serial.status', 'i:i'), imported('pier_serial.subscribe', 'ii:i'), imported('pier_serial.close', 'i:i'),
  imported('pier_poll.wait', 'iiIi:i'), imported('pier_app.last_error', 'ii:i'),
];
/** `$until` waits for one pollable without end, `$drained` until nothing is to be sent any more. */
const more = `(data (i32.const 1000) "meter") (data (i32.const 1010) "other") (data (i32.const 1020) "0123456789")
  (func $until (param i32) (i32.store (i32.const 2000) (local.get 0)) (drop (call $wait (i32.const 2000) (i32.const 1) (i64.const -1) (i32.const 2010))))
  (func $drained (loop $left (drop (call $wait (i32.const 0) (i32.const 0) (i64.const 1000000) (i32.const 0))) (br_if $left (call $pending (i32.const 1)))))`;
const waiting = { timeout: 30_000, interval: 10 };
const e = hostErrors;

const call = (name: string, ...args: number[]): string => `(call $${name} ${args.map((n) => `(i32.const ${n})`).join(' ')})`;
const say = (name: string, ...args: number[]): string => `(call $say ${call(name, ...args)})`;
const drained = '(call $drained)';
const open = say('open', 1_000, 5);
/** Waits for what `interest` says, with a pollable of its own. */
const awaited = (interest: number): string => `(call $until ${call('subscribe', 1, interest)})`;
const guest = (...acts: string[]): Promise<Uint8Array> => command(`(local $n i32) (local $at i32) (local $got i32) ${acts.join('\n')}`, { imports, more, memory: '4' });

export function serialContract(runner: Runner): void {
  describe('bytes', () => {
    bytesContract(runner);
  });
  describe('ports that come and go', () => {
    attachContract(runner);
  });
  describe('refusals', () => {
    refusalContract(runner);
  });
}

function bytesContract(runner: Runner): void {
  test('bytes that arrive wake a guest that waits for them, and what it answers is sent', async () => {
    using bench = makeSerial();
    const port = makePort();
    await bench.attach(port);
    const { guest: running, seen } = await start(runner, await guest(open, say('status', 1), say('read', 1, 3_000, 10), awaited(1), '(local.set $n (call $read (i32.const 1) (i32.const 3000) (i32.const 100)))', '(call $say (call $write (i32.const 1) (i32.const 3000) (local.get $n)))'), bench);
    await vi.waitFor(() => expect(saidIn(seen)).toHaveLength(3), waiting);
    bench.link.take(Buffer.from('hello'));
    await running.ended;
    expect(saidIn(seen)).toEqual([1, 0, e['would-block'], 5]);
    await vi.waitFor(() => expect(port.sent.toString()).toBe('hello'), waiting);
    expect(port.settings).toEqual([{ baud: 9_600, dataBits: 8, parity: 'none', stopBits: 1 }]);
  });

  test('a long stream comes through whole and in order, in both directions', async () => {
    using bench = makeSerial();
    const port = makePort();
    await bench.attach(port);
    const total = 200_000;
    // Reads up to 1000 bytes, writes them all in as many pieces as it takes, until all have passed.
    const body = `(loop $again ${awaited(1)} (local.set $got (call $read (i32.const 1) (i32.const 4000) (i32.const 1000))) (local.set $at (i32.const 0))
      (loop $write (local.set $n (call $write (i32.const 1) (i32.add (i32.const 4000) (local.get $at)) (i32.sub (local.get $got) (local.get $at))))
        (if (i32.lt_s (local.get $n) (i32.const 0)) (then (call $until (i32.const 2))) (else (local.set $at (i32.add (local.get $at) (local.get $n)))))
        (br_if $write (i32.lt_u (local.get $at) (local.get $got))))
      (i32.store (i32.const 2100) (i32.add (i32.load (i32.const 2100)) (local.get $got)))
      (br_if $again (i32.lt_u (i32.load (i32.const 2100)) (i32.const ${total}))))`;
    const text = body.replace(call('subscribe', 1, 1), '(i32.const 1)');
    const { guest: running, seen } = await start(runner, await guest(open, say('subscribe', 1, 1), say('subscribe', 1, 2), text, drained), bench);
    await vi.waitFor(() => expect(saidIn(seen)).toEqual([1, 1, 2]), waiting);
    const stream = Buffer.from(Array.from({ length: total }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
    for (let at = 0; at < total; at += 20_000) {
      bench.link.take(stream.subarray(at, at + 20_000));
      await vi.waitFor(() => expect(port.sent.byteLength).toBe(at + 20_000), waiting);
    }
    expect(await running.ended).toEqual({ kind: 'exited', status: 0 });
    expect(port.sent.equals(stream)).toBe(true);
  });

  test('two ends that answer each other byte by byte never miss a wake', async () => {
    using bench = makeSerial();
    const port = makePort((bytes) => bench.link.take(bytes));
    await bench.attach(port);
    const round = '(drop (call $write (i32.const 1) (i32.const 1000) (i32.const 1))) (call $until (i32.const 1)) (drop (call $read (i32.const 1) (i32.const 3000) (i32.const 100)))';
    const { end } = await run(runner, await guest(open, say('subscribe', 1, 1), `(loop $again ${round} (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))`), bench);
    expect(end).toEqual({ kind: 'exited', status: 0 });
    expect(port.sent.byteLength).toBe(1_000);
  });

  test('what nobody reads in time is lost and counted; what is there is read first', async () => {
    using bench = makeSerial();
    await bench.attach(makePort());
    const { guest: running, seen } = await start(runner, await guest(open, awaited(4), say('read', 1, 10_000, 100_000), say('read', 1, 10_000, 100_000), say('lost', 1), say('lost', 1)), bench);
    await vi.waitFor(() => expect(saidIn(seen)).toEqual([1]), waiting);
    bench.link.take(new Uint8Array(60_000));
    bench.link.take(new Uint8Array(10_000));
    bench.link.detach();
    await running.ended;
    expect(saidIn(seen)).toEqual([1, 65_536, e.disconnected, 4_464, 0]);
  });

  test('a port that does not get rid of its bytes makes the guest write less, then nothing, and has it wait', async () => {
    using bench = makeSerial();
    const port = makePort();
    await bench.attach(port);
    port.hold();
    const { guest: running, seen } = await start(runner, await guest(open, say('write', 1, 4_000, 20_000), say('write', 1, 4_000, 1), say('pending', 1), awaited(2), say('write', 1, 1_020, 10), drained), bench);
    await vi.waitFor(() => expect(saidIn(seen)).toHaveLength(4), waiting);
    expect(port.sent.byteLength).toBe(0);
    port.go();
    await running.ended;
    expect(saidIn(seen)).toEqual([1, 16_384, e['would-block'], 16_384, 10]);
    expect(port.sent.subarray(16_384).toString()).toBe('0123456789');
  });

  test('no more bytes are taken than the ask allows, and waiting for room ends when time has made some', async () => {
    using bench = makeSerial({ maxBytesPerS: 100 });
    const port = makePort();
    await bench.attach(port);
    const { said } = await run(runner, await guest(open, say('write', 1, 4_000, 1_000), say('write', 1, 4_000, 1_000), awaited(2), say('write', 1, 4_000, 64), drained), bench);
    // Time between two calls makes room for a few bytes more, on a busy machine at least.
    const second = said[2] ?? 0;
    expect(said).toEqual([1, 100, second, 64]);
    expect(second === e['would-block'] || (second > 0 && second < 64)).toBe(true);
    expect(port.sent.byteLength).toBe(164 + Math.max(0, second));
  });

  test('a flush drops what was received and what waits to be sent, and nothing that comes later', async () => {
    using bench = makeSerial();
    const port = makePort();
    await bench.attach(port);
    port.hold();
    const { guest: running, seen } = await start(runner, await guest(open, awaited(1), say('write', 1, 1_000, 5), say('flush', 1), say('read', 1, 3_000, 100), say('pending', 1), say('write', 1, 1_020, 10), say('pending', 1), drained), bench);
    await vi.waitFor(() => expect(saidIn(seen)).toEqual([1]), waiting);
    bench.link.take(Buffer.from('stale'));
    await vi.waitFor(() => expect(saidIn(seen)).toHaveLength(7), waiting);
    await vi.waitFor(() => expect(port.flushes).toBeGreaterThan(0), waiting);
    port.go();
    await running.ended;
    expect(saidIn(seen)).toEqual([1, 5, 0, e['would-block'], 0, 10, 10]);
    expect(port.settings).toHaveLength(1);
    expect(port.sent.toString()).toBe('0123456789');
  });
}

function attachContract(runner: Runner): void {
  test('an unplugged port wakes the guest, gives the bytes that are left and then says so; plugged in again it has the settings asked last', async () => {
    using bench = makeSerial();
    await bench.attach(makePort());
    const acts = [open, say('configure', 1, 2_400, 8, 1, 1), awaited(4), say('status', 1), say('read', 1, 3_000, 100), say('read', 1, 3_000, 100), say('write', 1, 1_000, 5), awaited(4), say('status', 1), say('write', 1, 1_000, 5), drained];
    const { guest: running, seen } = await start(runner, await guest(...acts), bench);
    await vi.waitFor(() => expect(saidIn(seen)).toHaveLength(2), waiting);
    bench.link.take(Buffer.from('half'));
    bench.link.detach();
    await vi.waitFor(() => expect(saidIn(seen)).toHaveLength(6), waiting);
    expect(bench.link.settings).toEqual({ baud: 2_400, dataBits: 8, parity: 'even', stopBits: 1 });
    const again = makePort();
    await bench.attach(again);
    await running.ended;
    expect(saidIn(seen)).toEqual([1, 0, 1, 4, e.disconnected, e.disconnected, 0, 5]);
    expect(again).toMatchObject({ settings: [{ baud: 2_400, parity: 'even' }], story: ['2400', 'meter'] });
  });

  test('a guest may start before its port is there', async () => {
    using bench = makeSerial();
    const { guest: running, seen } = await start(runner, await guest(open, say('status', 1), say('write', 1, 1_000, 5), '(call $print (i32.const 3000) (call $last_error (i32.const 3000) (i32.const 100)))', awaited(4), say('write', 1, 1_000, 5)), bench);
    await vi.waitFor(() => expect(Buffer.from(seen.stdout).toString()).toMatch(/"meter" is disconnected: no port is there$/), waiting);
    const port = makePort();
    await bench.attach(port);
    await running.ended;
    await vi.waitFor(() => expect(port.sent.toString()).toBe('meter'), waiting);
  });

  test('settings are changed after the bytes that were written before, and before those that are written after', async () => {
    using bench = makeSerial();
    const port = makePort();
    await bench.attach(port);
    const { said } = await run(runner, await guest(open, say('write', 1, 1_000, 5), say('configure', 1, 2_400, 8, 0, 1), '(loop $again (call $until (call $subscribe (i32.const 1) (i32.const 2))) (br_if $again (i32.lt_s (call $write (i32.const 1) (i32.const 1020) (i32.const 10)) (i32.const 0))))', drained), bench);
    expect(said).toEqual([1, 5, 0]);
    expect(port.story).toEqual(['9600', 'meter', '2400', '0123456789']);
  });

  test('a port that fails shows as disconnected, and is open again once it works', async () => {
    using bench = makeSerial();
    const port = makePort();
    await bench.attach(port);
    port.fail(new Fault('hardware-fault', 'broken'));
    const { guest: running, seen } = await start(runner, await guest(open, say('write', 1, 1_000, 5), awaited(4), say('status', 1), say('write', 1, 1_000, 5), '(call $print (i32.const 3000) (call $last_error (i32.const 3000) (i32.const 100)))', awaited(4), say('status', 1), say('write', 1, 1_020, 10), drained), bench);
    await vi.waitFor(() => expect(Buffer.from(seen.stdout).toString()).toMatch(/the port failed, and is tried again/), waiting);
    port.fail();
    await running.ended;
    expect(port.sent.toString()).toBe('0123456789');
  });

  test('a guest that is killed while it writes leaves the link usable', async () => {
    using bench = makeSerial();
    const port = makePort();
    await bench.attach(port);
    const { guest: running } = await start(runner, await guest(open, '(loop $again (drop (call $write (i32.const 1) (i32.const 4000) (i32.const 1000))) (br $again))'), bench);
    await vi.waitFor(() => expect(port.sent.byteLength).toBeGreaterThan(1_000), waiting);
    expect(await running.stop(0)).toEqual({ kind: 'stopped' });
    bench.link.take(new Uint8Array(100_000));
    bench.link.detach();
    expect(port.sent.every((byte) => byte === 0)).toBe(true);
  });

  test('once the link is disposed the guest has no right to the port, also while it waits', async () => {
    using bench = makeSerial();
    await bench.attach(makePort());
    const { guest: running, seen } = await start(runner, await guest(open, awaited(1), say('read', 1, 3_000, 10), say('write', 1, 3_000, 10), say('status', 1), say('configure', 1, 9_600, 8, 0, 1), say('close', 1), open), bench);
    await vi.waitFor(() => expect(saidIn(seen)).toEqual([1]), waiting);
    bench.link[Symbol.dispose]();
    await running.ended;
    expect(saidIn(seen)).toEqual([1, e.revoked, e.revoked, e.revoked, e.revoked, 0, e.revoked]);
    await expect(bench.attach(makePort())).rejects.toMatchObject({ code: 'interrupted' });
  });

  test('the guest outlives nothing: a link goes on when its guest is gone, for what was still to be sent', async () => {
    using bench = makeSerial();
    const port = makePort();
    await bench.attach(port);
    port.hold();
    await run(runner, await guest(open, say('write', 1, 1_000, 5)), bench);
    port.go();
    await vi.waitFor(() => expect(port.sent.toString()).toBe('meter'), waiting);
  });
}

function refusalContract(runner: Runner): void {
  const bad = e['bad-argument'];
  const refused = async (...acts: string[]): Promise<number[]> => {
    using bench = makeSerial();
    await bench.attach(makePort());
    return (await run(runner, await guest(...acts), bench)).said;
  };

  test('labels that are not granted, long or nowhere, and a second opening', async () => {
    expect(await refused(say('open', 1_010, 5), say('open', 1_000, 65), say('open', 1_000, 4), say('open', -1, 5), open, open)).toEqual([e['undefined-label'], e['undefined-label'], e['undefined-label'], bad, 1, e['already-in-use']]);
  });

  test('settings that the ask does not list, and such as no port has', async () => {
    const configure = (...settings: number[]): string => say('configure', 1, ...settings);
    const denied = e['mode-not-allowed'];
    expect(await refused(open, configure(19_200, 8, 0, 1), configure(9_600, 7, 0, 1), configure(9_600, 8, 2, 1), configure(9_600, 8, 0, 2), configure(2_400, 8, 1, 1))).toEqual([1, denied, denied, denied, denied, 0]);
    expect(await refused(open, configure(0, 8, 0, 1), configure(-1, 8, 0, 1), configure(9_600, 80, 0, 1), configure(9_600, 8, 3, 1), configure(9_600, 8, -1, 1), configure(9_600, 8, 0, 0))).toEqual([1, bad, bad, bad, bad, bad, bad]);
  });

  test('pointers and lengths outside the memory', async () => {
    expect(await refused(open, say('read', 1, -1, 10), say('read', 1, 0, -1), say('write', 1, 262_100, 100), say('write', 1, 0, -1), say('read', 1, 0, 0), say('write', 1, 0, 0))).toEqual([1, bad, bad, bad, bad, 0, 0]);
  });

  test('nobody waits in vain for a handle that is closed', async () => {
    expect(await refused(open, `(local.set $n ${call('subscribe', 1, 1)})`, say('close', 1), '(call $until (local.get $n))', open)).toEqual([1, 0, 2]);
  });

  test('handles that are closed are told from those that never were', async () => {
    const each = (handle: number): string[] => [say('read', handle, 0, 1), say('write', handle, 0, 1), say('pending', handle), say('flush', handle), say('lost', handle), say('status', handle), say('subscribe', handle, 1), say('configure', handle, 9_600, 8, 0, 1), say('close', handle)];
    expect(await refused(...each(1), ...each(0), ...each(-1))).toEqual(Array.from({ length: 27 }, () => bad));
    expect(await refused(open, say('close', 1), ...each(1), open)).toEqual([1, 0, ...Array.from({ length: 9 }, () => e.closed), 2]);
  });

  test('an interest that is none', async () => {
    expect(await refused(open, say('subscribe', 1, 0), say('subscribe', 1, 8), say('subscribe', 1, -1), say('subscribe', 1, 7))).toEqual([1, bad, bad, bad, 1]);
  });

  test('what arrived before the opening is not read, and an opened port has the first settings again', async () => {
    using bench = makeSerial();
    const port = makePort();
    await bench.attach(port);
    bench.link.take(Buffer.from('old'));
    const { said } = await run(runner, await guest(open, say('read', 1, 3_000, 10), say('configure', 1, 2_400, 8, 0, 1), say('close', 1), open, awaited(2).replace('(i32.const 1) (i32.const 2)', '(i32.const 2) (i32.const 2)')), bench);
    expect(said).toEqual([1, e['would-block'], 0, 0, 2]);
    expect(port.settings.at(-1)).toMatchObject({ baud: 9_600 });
  });
}
