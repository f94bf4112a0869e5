/** What every sandbox must do with good, broken and hostile guests, whatever keeps them in. */
import { readdirSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { hostErrors } from '@pier/shared/abi';
import { systemClock } from '@pier/shared/core';
import type { Runner } from '../../agent/src/run/sandbox/index.ts';
import { command, imported, wat } from '../support/wat.ts';
import { makeLines, nothing, run, start } from './runner-bench.ts';
import { filesContract } from './runner-files.ts';
import { floodContract, telemetryContract } from './runner-floods.ts';
import { meterContract } from './runner-meter.ts';
import { pollContract } from './runner-poll.ts';
import { serialContract } from './runner-serial.ts';
import { startContract } from './runner-start.ts';

const wasi = 'wasi_snapshot_preview1';
const exit = imported(`${wasi}.proc_exit`, 'i:');
const poll = imported(`${wasi}.poll_oneoff`, 'iiii:i');
const waiting = { timeout: 20_000, interval: 10 };
const forever = '(loop $again (br $again))';
/** One clock subscription at 0; `ns` nanoseconds from now. */
const sleep = (ns: string): string => `(i64.store (i32.const 24) (i64.const ${ns})) (i32.store (i32.const 16) (i32.const 1)) (call $say (call $poll_oneoff (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))`;

export function runnerContract(name: string, make: () => Runner): void {
  describe(`runner contract: ${name}`, () => {
    describe('running', () => {
      runningContract(make());
    });
    describe('the load gate', () => {
      gateContract(make());
    });
    describe('stopping', () => {
      stoppingContract(make());
    });
    describe('limits', () => {
      limitsContract(make());
    });
    describe('hostile calls', () => {
      hostileContract(make());
    });
    describe('pier_app', () => {
      appContract(make());
    });
    describe('pier_gpio', () => {
      gpioContract(make());
    });
    describe('pier_serial', () => {
      serialContract(make());
      startContract(make());
    });
    describe('pier_poll', () => {
      pollContract(make());
    });
    describe('pier_telemetry', () => {
      telemetryContract(make());
    });
    describe('floods', () => {
      floodContract(make());
    });
    describe('the example "meter"', () => {
      meterContract(make());
    });
    describe('granted folders', () => {
      filesContract(make());
    });
  });
}

function runningContract(runner: Runner): void {
  test('a guest that returns has exited with 0, one that calls proc_exit with its own status', async () => {
    expect((await run(runner, await command(''))).end).toEqual({ kind: 'exited', status: 0 });
    expect((await run(runner, await command('(call $proc_exit (i32.const 42)) unreachable', { imports: [exit] }))).end).toEqual({ kind: 'exited', status: 42 });
  });

  test('output arrives on its stream and in order', async () => {
    const { text, seen } = await run(runner, await command('(call $print (i32.const 1000) (i32.const 4)) (call $print (i32.const 1004) (i32.const 4))', { more: '(data (i32.const 1000) "one\\ntwo\\n")' }));
    expect(text).toBe('one\ntwo\n');
    expect(seen.stderr.byteLength).toBe(0);
  });

  test('arguments and environment are those of the program and nothing of the host', async () => {
    const imports = ['args', 'environ'].flatMap((what) => [imported(`${wasi}.${what}_get`, 'ii:i'), imported(`${wasi}.${what}_sizes_get`, 'ii:i')] as const);
    const body = ['args', 'environ'].map((what) => `(drop (call $${what}_sizes_get (i32.const 0) (i32.const 4))) (drop (call $${what}_get (i32.const 100) (i32.const 1000))) (call $print (i32.const 1000) (i32.load (i32.const 4)))`).join('\n');
    const { text } = await run(runner, await command(body, { imports }), { args: ['-v', 'ü'], env: { HOME: '/nowhere' } });
    expect(text).toBe('tried\0-v\0ü\0HOME=/nowhere\0');
  });

  test('standard input is what was given, then the end of file', async () => {
    const read = '(i32.store (i32.const 0) (i32.const 1000)) (i32.store (i32.const 4) (i32.const 10)) (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))) (call $print (i32.const 1000) (i32.load (i32.const 8)))';
    const { text } = await run(runner, await command(`${read} ${read}`, { imports: [imported(`${wasi}.fd_read`, 'iiii:i')] }), { stdin: Buffer.from('hello') });
    expect(text).toBe('hello');
  });

  test('a trap is told with its reason and without paths of the host', async () => {
    const { end } = await run(runner, await command('unreachable'));
    expect(end).toEqual({ kind: 'trapped', reason: expect.stringMatching(/^unreachable$/) });
  });

  test('endless recursion is a trap', async () => {
    const { end } = await run(runner, await command('(call $deep)', { more: '(func $deep (call $deep) (call $deep))' }));
    expect(end).toMatchObject({ kind: 'trapped', reason: expect.stringMatching(/call stack/) });
  });

  test('a guest that traps leaves another one running', async () => {
    const other = await start(runner, await command(`(call $print (i32.const 1000) (i32.const 3)) ${forever}`, { more: '(data (i32.const 1000) "up\\n")' }));
    await run(runner, await command('unreachable'));
    await vi.waitFor(() => expect(Buffer.from(other.seen.stdout).toString()).toBe('up\n'), waiting);
    expect(await other.guest.stop(0)).toEqual({ kind: 'stopped' });
  });
}

function gateContract(runner: Runner): void {
  const module = (imports: string): Promise<Uint8Array> => wat(`(module ${imports} (memory (export "memory") 1) (func (export "_start")))`);
  const refused = async (wasm: Uint8Array | Promise<Uint8Array>) => {
    const verdict = runner.admit(await wasm, nothing);
    return verdict.ok ? 'admitted' : `${verdict.refusal.code}: ${verdict.refusal.reason}`;
  };

  test.each(['toString', '__proto__', 'constructor', 'hasOwnProperty', 'no_such'])('an import named "%s" is denied by name, in any module', async (name) => {
    for (const from of [wasi, 'pier_app', 'pier_gpio', name]) expect(await refused(module(`(import "${from}" "${name}" (func))`))).toMatch(new RegExp(`^import-denied: the import "${from}\\.${name}"`));
  });

  test('an import of the wrong type is denied, saying both types', async () => {
    expect(await refused(module('(import "pier_app" "beat" (func (param i64) (result i32)))'))).toBe('import-denied: the import "pier_app.beat" is declared (i64) -> (i32); it is () -> (i32)');
  });

  test.each([
    ['pier_gpio', 'get', '(param i32)', 'gpio line'],
    ['pier_serial', 'status', '(param i32)', 'serial port'],
    ['pier_telemetry', 'record', '(param i32 f64)', 'telemetry series'],
  ])('a module that imports %s without any such grant is denied', async (from, name, params, noun) => {
    const verdict = await refused(module(`(import "${from}" "${name}" (func ${params} (result i32)))`));
    expect(verdict).toBe(`import-denied: the import "${from}.${name}" needs a ${noun}, and this app is granted none`);
  });

  test('waiting needs no grant', async () => {
    expect(await refused(module('(import "pier_poll" "wait" (func (param i32 i32 i64 i32) (result i32)))'))).toBe('admitted');
  });

  test('a memory, a global or a table cannot be imported', async () => {
    expect(await refused(wat('(module (import "env" "memory" (memory 1)) (func (export "_start")))'))).toMatch(/memory/);
    expect(await refused(module('(import "env" "g" (global i32))'))).toMatch(/^import-denied: the import "env\.g" is a global/);
  });

  test('a component is refused as one', async () => {
    expect(await refused(Buffer.from('0061736d0d000100', 'hex'))).toMatch(/^artifact-unsupported: this is a WASI 0\.2 component/);
  });

  test('what is no wasm, cut short or not valid is refused', async () => {
    const good = await module('');
    expect(await refused(Buffer.from('#!/bin/sh'))).toMatch(/^wasm-invalid: this is no WebAssembly/);
    expect(await refused(new Uint8Array())).toMatch(/^wasm-invalid/);
    for (let size = 8; size < good.byteLength; size += 1) expect(await refused(good.slice(0, size))).toMatch(/^(wasm-invalid|artifact-unsupported)/);
    const invalid = Uint8Array.from(await command('(call $say (i32.const 77))'));
    invalid[invalid.lastIndexOf(0x41)] = 0x01;
    expect(await refused(invalid)).toMatch(/^wasm-invalid: the module is not valid: /);
  });

  test('shared and 64-bit memories are refused', async () => {
    expect(await refused(wat('(module (memory (export "memory") 1 2 shared) (func (export "_start")))'))).toMatch(/^artifact-unsupported/);
    expect(await refused(wat('(module (memory (export "memory") i64 1) (func (export "_start")))'))).toMatch(/^artifact-unsupported/);
  });

  test('a library, and a module without memory, are refused', async () => {
    expect(await refused(wat('(module (memory (export "memory") 1))'))).toMatch(/_start/);
    expect(await refused(wat('(module (func (export "_start")))'))).toMatch(/memory/);
    expect(await refused(wat('(module (memory (export "memory") 1) (func (export "_start") (param i32)))'))).toMatch(/^wasm-invalid: "_start" is \(i32\)/);
  });

  test('too many functions or locals are refused before they are compiled', async () => {
    const locals = `(local ${'i64 '.repeat(10_001)})`;
    expect(await refused(wat(`(module (memory (export "memory") 1) (func (export "_start") ${locals}))`))).toMatch(/^too-large: .*locals/);
    expect(await refused(new Uint8Array((16 << 20) + 1))).toMatch(/^too-large/);
  });

  test('what the gate refuses does not start either', async () => {
    await expect(start(runner, await module('(import "env" "abort" (func))'))).rejects.toMatchObject({ code: 'import-denied' });
  });
}

function stoppingContract(runner: Runner): void {
  test('an endless loop is ended', async () => {
    const { guest } = await start(runner, await command(forever));
    expect(await guest.stop(10)).toEqual({ kind: 'stopped' });
  });

  test.each(['60000000000', '-1'])('a sleep of %s ns is left at once when the stop is asked for', async (ns) => {
    const { guest, seen } = await start(runner, await command(`(call $say (i32.const 1)) ${sleep(ns)}`, { imports: [poll] }));
    await vi.waitFor(() => expect(seen.stdout.byteLength).toBe(4), waiting);
    expect(await guest.stop(60_000)).toEqual({ kind: 'stopped' });
    expect([...new Int32Array(Uint8Array.from(seen.stdout).buffer)]).toEqual([1, 0]);
  });

  test('a guest that goes on sleeping after the stop is ended when its grace is over', async () => {
    const { guest } = await start(runner, await command(`(loop $again ${sleep('-1')} (br $again))`, { imports: [poll] }));
    expect(await guest.stop(50)).toEqual({ kind: 'stopped' });
  });

  test('a guest that sees the stop may end by itself', async () => {
    const body = `(loop $again ${sleep('1000000')} (br_if $again (i32.eqz (call $stop_requested)))) (call $print (i32.const 1000) (i32.const 4))`;
    const { guest, seen } = await start(runner, await command(body, { imports: [poll, imported('pier_app.stop_requested', ':i')], more: '(data (i32.const 1000) "bye\\n")' }));
    await guest.stop(60_000);
    expect(Buffer.from(seen.stdout).toString()).toMatch(/bye\n$/);
  });

  test('stopping twice, and after the end, gives the same end', async () => {
    const { guest } = await start(runner, await command(''));
    await guest.ended;
    expect(await guest.stop(0)).toEqual(await guest.stop(0));
  });

  test('a start whose signal has fired gives no guest', async () => {
    await expect(start(runner, await command(forever), {}, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('a start whose signal fires on the way leaves no thread', async () => {
    const giveUp = new AbortController();
    const starting = start(runner, await command(forever), {}, giveUp.signal);
    giveUp.abort();
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('fifty starts and stops leave no thread and no descriptor', async () => {
    const wasm = await command(forever);
    await run(runner, await command(''));
    const held = (): number[] => ['fd', 'task'].map((kind) => readdirSync(`/proc/self/${kind}`).length);
    const before = held();
    for (let n = 0; n < 50; n += 1) {
      const { guest } = await start(runner, wasm);
      await guest.stop(0);
    }
    await vi.waitFor(() => expect(held().filter((count, index) => count > (before[index] ?? 0) + 1)).toEqual([]), waiting);
  });
}

function limitsContract(runner: Runner): void {
  test('a guest that neither calls the host nor sleeps is ended by the watchdog', async () => {
    const { end } = await run(runner, await command(forever), { limits: { watchdogS: 1 } });
    expect(end).toMatchObject({ kind: 'limit', limit: 'watchdog', reason: expect.stringMatching(/1 s/) });
  });

  test('a guest that sleeps past its watchdog, and one that calls the host all the time, live on', async () => {
    expect((await run(runner, await command(sleep('4500000000'), { imports: [poll] }), { limits: { watchdogS: 2 } })).end).toEqual({ kind: 'exited', status: 0 });
    const { guest } = await start(runner, await command(`(loop $again ${sleep('1')} (br $again))`, { imports: [poll] }), { limits: { watchdogS: 2 } });
    expect(await Promise.race([guest.ended, systemClock.sleep(4_500).then(() => 'alive')])).toBe('alive');
    await guest.stop(0);
  });

  test('memory past the limit cannot be had, and the guest lives on', async () => {
    const { said, end } = await run(runner, await command('(call $say (memory.grow (i32.const 15))) (call $say (memory.grow (i32.const 1))) (call $say (memory.grow (i32.const 60000)))'), { limits: { memoryMb: 1 } });
    expect({ said, end }).toEqual({ said: [1, -1, -1], end: { kind: 'exited', status: 0 } });
  });

  test('the size of the memory is told, as it grows', async () => {
    const { guest } = await start(runner, await command('(drop (memory.grow (i32.const 3))) (call $say (i32.const 1))'), { limits: { memoryMb: 1 } });
    await guest.ended;
    expect(guest.stats().memoryBytes).toBe(4 * 65_536);
  });

  test('a declared maximum above the limit is lowered, one below is kept', async () => {
    const grow = '(call $say (memory.grow (i32.const 1)))';
    expect((await run(runner, await command(grow, { memory: '16 65536' }), { limits: { memoryMb: 1 } })).said).toEqual([-1]);
    expect((await run(runner, await command(grow, { memory: '1 1' }), { limits: { memoryMb: 1 } })).said).toEqual([-1]);
  });

  test('a module that starts above its memory limit is refused with both numbers', async () => {
    await expect(start(runner, await command('', { memory: '32' }), { limits: { memoryMb: 1 } })).rejects.toMatchObject({ code: 'guest-limit', message: expect.stringMatching(/2 MiB.*1 MiB/) });
  });

  test('a table cannot grow without end', async () => {
    const grow = (by: number): string => `(call $say (table.grow 0 (ref.null func) (i32.const ${by})))`;
    const { said } = await run(runner, await command(`${grow(99_999)} ${grow(1)} ${grow(9_000_000)}`, { more: '(table 1 funcref)' }));
    expect(said).toEqual([1, -1, -1]);
  });

  test('a flood of output is cut at its rate and counted, and the guest does not wait', async () => {
    const { seen, end } = await run(runner, await command('(local $n i32) (loop $again (call $print (i32.const 0) (i32.const 65536)) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $again (i32.lt_u (local.get $n) (i32.const 1000))))'), { limits: { maxOutputBytesPerS: 1024 } });
    expect(end).toEqual({ kind: 'exited', status: 0 });
    expect(seen.stdout.byteLength + seen.dropped).toBe(65_536_000);
    expect(seen.dropped).toBeGreaterThan(60_000_000);
  });
}

function hostileContract(runner: Runner): void {
  const inval = 28;
  const fault = 21;
  const call = async (name: string, types: `${string}:${string}`, args: string): Promise<number[]> =>
    (await run(runner, await command(`(call $say (call $${name} ${args}))`, { imports: [imported(`${wasi}.${name}`, types)] }))).said;
  const numbers = (...list: number[]): string => list.map((n) => `(i32.const ${n})`).join(' ');

  test.each([
    ['random_get', 'ii:i', numbers(0, -1), inval],
    ['random_get', 'ii:i', numbers(65_530, 100), fault],
    ['clock_time_get', 'iIi:i', '(i32.const 99) (i64.const 0) (i32.const 0)', inval],
    ['clock_time_get', 'iIi:i', '(i32.const 1) (i64.const 0) (i32.const -1)', fault],
    ['clock_res_get', 'ii:i', numbers(-1, 0), inval],
    ['poll_oneoff', 'iiii:i', numbers(0, 0, -2147483648, 0), inval],
    ['poll_oneoff', 'iiii:i', numbers(0, 0, 0, 0), inval],
    ['poll_oneoff', 'iiii:i', numbers(0, 0, 1, -1), fault],
    ['fd_read', 'iiii:i', numbers(0, 0, -2147483648, 0), inval],
    ['fd_read', 'iiii:i', numbers(0, -8, 2, 0), fault],
    ['args_sizes_get', 'ii:i', numbers(-1, 0), fault],
    ['args_get', 'ii:i', numbers(0, 65_535), fault],
    ['fd_close', 'i:i', numbers(77), 8],
    ['fd_prestat_get', 'ii:i', numbers(3, 0), 8],
    ['fd_seek', 'iIii:i', '(i32.const 1) (i64.const 0) (i32.const 0) (i32.const 0)', 70],
    ['path_open', 'iiiiiIIii:i', '(i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)', 8],
    ['proc_raise', 'i:i', numbers(9), 58],
    ['sock_send', 'iiiii:i', numbers(0, 0, 0, 0, 0), 58],
    ['sock_accept', 'iii:i', numbers(0, 0, 0), 58],
  ] as const)('%s with arguments no guest should give answers with an error', async (name, types, args, code) => {
    expect(await call(name, types, args)).toEqual([code]);
  });

  test('fd_write beyond the memory, or of too many pieces, answers with an error', async () => {
    const { said, end } = await run(runner, await command('(call $say (call $fd_write (i32.const 1) (i32.const -4) (i32.const 1) (i32.const 0))) (call $say (call $fd_write (i32.const 1) (i32.const 0) (i32.const 536870912) (i32.const 0))) (call $say (call $fd_write (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 0)))'));
    expect({ said, end }).toEqual({ said: [fault, inval, 8], end: { kind: 'exited', status: 0 } });
  });

  test('text pointers outside the memory are refused by pier_app', async () => {
    const imports = [imported('pier_app.failing', 'ii:i'), imported('pier_app.last_error', 'ii:i')];
    const { said } = await run(runner, await command('(call $say (call $failing (i32.const -1) (i32.const 2))) (call $say (call $last_error (i32.const 0) (i32.const -1)))', { imports }));
    expect(said).toEqual([hostErrors['bad-argument'], hostErrors['bad-argument']]);
  });
}

function appContract(runner: Runner): void {
  test('ready is told once, beats are thinned out, a failing guest says why', async () => {
    const imports = [imported('pier_app.ready', ':i'), imported('pier_app.beat', ':i'), imported('pier_app.failing', 'ii:i')];
    const body = '(local $n i32) (drop (call $ready)) (drop (call $ready)) (loop $again (drop (call $beat)) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $again (i32.lt_u (local.get $n) (i32.const 100000)))) (drop (call $failing (i32.const 1000) (i32.const 8)))';
    const { seen } = await run(runner, await command(body, { imports, more: '(data (i32.const 1000) "no sense")' }));
    expect(seen).toMatchObject({ ready: 1, failing: ['no sense'], firstNs: expect.any(BigInt) });
    expect(seen.beats).toBeGreaterThan(0);
    expect(seen.beats).toBeLessThan(1_000);
  });
}

function gpioContract(runner: Runner): void {
  const all = [
    imported('pier_gpio.open', 'iiii:i'), imported('pier_gpio.get', 'i:i'), imported('pier_gpio.set', 'ii:i'), imported('pier_gpio.toggle', 'i:i'),
    imported('pier_gpio.watch', 'ii:i'), imported('pier_gpio.events', 'iii:i'), imported('pier_gpio.close', 'i:i'), imported('pier_app.last_error', 'ii:i'),
  ];
  const more = '(data (i32.const 1000) "led") (data (i32.const 1010) "button") (data (i32.const 1020) "none")';
  const openLed = '(call $say (call $open (i32.const 1000) (i32.const 3) (i32.const 1) (i32.const 0)))';
  const openButton = '(call $say (call $open (i32.const 1010) (i32.const 6) (i32.const 0) (i32.const 0)))';
  const led = { label: 'led', mode: 'out', safe: 'inactive' };
  const button = { label: 'button', mode: 'in', edges: 'both', active: 'low' };

  test('a granted output is driven by label, and goes to its safe state when closed', async () => {
    using bench = makeLines([led]);
    const body = `${openLed} (call $say (call $set (i32.const 1) (i32.const 1))) (call $say (call $toggle (i32.const 1))) (call $say (call $close (i32.const 1))) (call $say (call $get (i32.const 1)))`;
    const { said } = await run(runner, await command(body, { imports: all, more }), bench);
    expect(said).toEqual([1, 0, 1, 0, hostErrors.closed]);
    expect(bench.line('led').seenLevels()).toEqual([1, 1, 0]);
  });

  test('where low is active, levels are turned round', async () => {
    using bench = makeLines([{ ...led, active: 'low' }, button]);
    const body = `${openLed} ${openButton} (call $say (call $set (i32.const 1) (i32.const 1))) (call $say (call $get (i32.const 2)))`;
    const { said } = await run(runner, await command(body, { imports: all, more }), bench);
    expect(said).toEqual([1, 2, 0, 1]);
    expect(bench.line('led').seenLevels()).toEqual([0]);
  });

  test('what is not granted is refused with the right error and a sentence', async () => {
    using bench = makeLines([led, { ...button, edges: 'none' }]);
    const open = (...args: number[]): string => `(call $say (call $open ${args.map((n) => `(i32.const ${n})`).join(' ')}))`;
    const body = [
      open(1020, 4, 1, 0), open(1000, 3, 0, 0), open(1000, 3, 7, 0), open(1000, 3, 1, 1), open(-1, 9, 1, 0), openLed, openLed, openButton,
      '(call $say (call $set (i32.const 2) (i32.const 1)))', '(call $say (call $watch (i32.const 2) (i32.const 3)))', '(call $say (call $events (i32.const 2) (i32.const 0) (i32.const 24)))',
      '(call $say (call $set (i32.const 1) (i32.const 5)))', '(call $say (call $get (i32.const 99)))', '(call $print (i32.const 2000) (call $last_error (i32.const 2000) (i32.const 100)))',
    ].join('\n');
    const { said, text } = await run(runner, await command(body, { imports: all, more }), bench);
    const e = hostErrors;
    const bad = e['bad-argument'];
    expect(said.slice(0, 13)).toEqual([e['undefined-label'], e['mode-not-allowed'], bad, bad, bad, 1, e['already-in-use'], 2, e['mode-not-allowed'], e['mode-not-allowed'], bad, bad, bad]);
    expect(text).toMatch(/there is no handle 99$/);
  });

  test('writes past the granted rate are refused and do not reach the line', async () => {
    using bench = makeLines([{ ...led, maxWritesPerS: 3 }]);
    const set = '(call $say (call $set (i32.const 1) (i32.const 1)))';
    const { said } = await run(runner, await command(`${openLed} ${set.repeat(50)}`, { imports: all, more }), bench);
    // Time between two calls makes room for one more, on a busy machine at least.
    const refused = said.filter((one) => one === hostErrors['rate-limited']).length;
    expect([said.slice(0, 4), refused > 0, bench.line('led').seenLevels().length]).toEqual([[1, 0, 0, 0], true, 50 - refused]);
  });

  test('edges of a watched input arrive with time, number and losses, and the watch ends with the guest', async () => {
    using bench = makeLines([{ ...button, maxEventsPerS: 2 }]);
    const body = `${openButton} (call $say (call $watch (i32.const 1) (i32.const 3))) (loop $again ${sleep('1000000').replace('$say', '$ignore')} (br_if $again (i32.eqz (local.tee $n (call $events (i32.const 1) (i32.const 3000) (i32.const 100)))))) (call $print (i32.const 3000) (i32.mul (local.get $n) (i32.const 24)))`;
    const { guest, seen } = await start(runner, await command(`(local $n i32) ${body}`, { imports: [...all, poll], more: `${more} (func $ignore (param i32))` }), bench);
    await vi.waitFor(() => expect(seen.stdout.byteLength).toBe(8), waiting);
    bench.line('button').edge({ tNs: 5n, seq: 7, lost: 2, level: 0 });
    await guest.ended;
    const record = new DataView(Uint8Array.from(seen.stdout).buffer, 8);
    expect([record.getBigUint64(0, true), record.getUint32(8, true), record.getUint32(12, true), record.getUint16(16, true), record.getUint16(18, true)]).toEqual([5n, 7, 2, 1, 1]);
    expect(bench.line('button').watches).toBe(0);
  });
}
