/** The part of the runner's contract about waiting: what wakes a guest, what ends a wait, and lists that no guest should give. */
import { hostErrors } from '@pier/shared/abi';
import { systemClock } from '@pier/shared/core';
import { expect, test, vi } from 'vitest';
import type { Runner } from '../../agent/src/run/sandbox/index.ts';
import { command, imported } from '../support/wat.ts';
import { makeLines, run, saidIn, start } from './runner-bench.ts';

const base = [imported('pier_poll.wait', 'iiIi:i'), imported('pier_poll.ready', 'i:i'), imported('pier_poll.drop', 'i:i'), imported('pier_app.subscribe_stop', ':i'), imported('pier_app.stop_requested', ':i'), imported('pier_app.last_error', 'ii:i')];
const gpio = [imported('pier_gpio.open', 'iiii:i'), imported('pier_gpio.watch', 'ii:i'), imported('pier_gpio.subscribe', 'i:i'), imported('pier_gpio.events', 'iii:i'), imported('pier_gpio.close', 'i:i')];
const more = '(data (i32.const 1000) "button") (data (i32.const 1010) "led")';
const waiting = { timeout: 30_000, interval: 10 };
const e = hostErrors;
const bad = e['bad-argument'];

/** The list lies at 2000, the indices at 2100. */
const wait = (count: number, ns: string, list = 2_000, out = 2_100): string => `(call $say (call $wait (i32.const ${list}) (i32.const ${count}) (i64.const ${ns}) (i32.const ${out})))`;
const listed = (...pollables: number[]): string => pollables.map((one, index) => `(i32.store (i32.const ${2_000 + index * 4}) (i32.const ${one}))`).join(' ');
const sayIndex = (place: number): string => `(call $say (i32.load (i32.const ${2_100 + place * 4})))`;
const subscribeStop = '(call $say (call $subscribe_stop))';
const openButton = '(call $say (call $open (i32.const 1000) (i32.const 6) (i32.const 0) (i32.const 0)))';
const watch = (edges: number): string => `(call $say (call $watch (i32.const 1) (i32.const ${edges})))`;
const subscribe = (handle: number): string => `(call $say (call $subscribe (i32.const ${handle})))`;
const button = { label: 'button', mode: 'in', edges: 'both' };
const guest = (...acts: string[]): Promise<Uint8Array> => command(acts.join('\n'), { imports: base, more });
const gpioGuest = (...acts: string[]): Promise<Uint8Array> => command(acts.join('\n'), { imports: [...base, ...gpio], more });

export function pollContract(runner: Runner): void {
  wakingContract(runner);
  stopContract(runner);
  listContract(runner);
}

function wakingContract(runner: Runner): void {
  test('an edge that is watched wakes the guest, one that is not does not', async () => {
    using bench = makeLines([button]);
    const { guest: running, seen } = await start(runner, await gpioGuest(openButton, watch(1), subscribe(1), listed(1), wait(1, '-1'), sayIndex(0), '(call $say (call $ready (i32.const 1)))', '(call $print (i32.const 3000) (i32.mul (i32.const 24) (call $events (i32.const 1) (i32.const 3000) (i32.const 240))))', '(call $say (call $ready (i32.const 1)))'), bench);
    await vi.waitFor(() => expect(saidIn(seen)).toEqual([1, 0, 1]), waiting);
    bench.line('button').edge({ tNs: 5n, seq: 1, lost: 3, level: 0 });
    await systemClock.sleep(100);
    expect(saidIn(seen)).toHaveLength(3);
    bench.line('button').edge({ tNs: 6n, seq: 2, lost: 0, level: 1 });
    await running.ended;
    expect(saidIn(seen).slice(0, 6)).toEqual([1, 0, 1, 1, 0, 1]);
    const record = new DataView(Uint8Array.from(seen.stdout).buffer, 24);
    expect([record.getUint32(8, true), record.getUint32(12, true), saidIn(seen).at(-1)]).toEqual([2, 3, 0]);
  });

  test('time that is up ends a wait with none ready, also without a list', async () => {
    const { said } = await run(runner, await guest(subscribeStop, listed(1), wait(1, '0'), wait(1, '20000000'), wait(0, '20000000')));
    expect(said).toEqual([1, 0, 0, 0]);
  });

  test('a pollable whose handle is closed is ready, so that nobody waits for it in vain', async () => {
    using bench = makeLines([button]);
    const { said } = await run(runner, await gpioGuest(openButton, subscribe(1), '(call $say (call $close (i32.const 1)))', listed(1), wait(1, '-1'), sayIndex(0), subscribe(1)), bench);
    expect(said).toEqual([1, 1, 0, 1, 0, e.closed]);
  });

  test('an output has no events to wait for', async () => {
    using bench = makeLines([{ label: 'led', mode: 'out', safe: 'inactive' }]);
    const { said } = await run(runner, await gpioGuest('(call $say (call $open (i32.const 1010) (i32.const 3) (i32.const 1) (i32.const 0)))', subscribe(1)), bench);
    expect(said).toEqual([1, e['mode-not-allowed']]);
  });

  test('a guest that waits past its watchdog lives on', async () => {
    expect((await run(runner, await guest(wait(0, '2500000000')), { limits: { watchdogS: 1 } })).end).toEqual({ kind: 'exited', status: 0 });
  });
}

function stopContract(runner: Runner): void {
  test('the wish to stop makes its pollable ready, and ends a wait for other things once', async () => {
    const { guest: running, seen } = await start(runner, await guest(subscribeStop, subscribeStop, listed(2), '(call $say (call $ready (i32.const 1)))', wait(1, '-1'), sayIndex(0), wait(0, '60000000000'), wait(0, '1000000'), '(call $say (call $stop_requested))'));
    await vi.waitFor(() => expect(saidIn(seen)).toHaveLength(3), waiting);
    expect(await running.stop(60_000)).toEqual({ kind: 'stopped' });
    expect(saidIn(seen)).toEqual([1, 2, 0, 1, 0, 0, 0, 1]);
  });

  test('a wait without end that nobody subscribed to ends at the stop', async () => {
    const { guest: running, seen } = await start(runner, await guest('(call $say (i32.const 7))', wait(0, '-1')));
    await vi.waitFor(() => expect(saidIn(seen)).toEqual([7]), waiting);
    await running.stop(60_000);
    expect(saidIn(seen)).toEqual([7, 0]);
  });

  test('a guest that waits on after the stop is ended when its grace is over', async () => {
    const { guest: running, seen } = await start(runner, await guest('(call $say (i32.const 7))', wait(0, '-1'), wait(0, '-1')));
    await vi.waitFor(() => expect(saidIn(seen)).toEqual([7]), waiting);
    expect(await running.stop(100)).toEqual({ kind: 'stopped' });
  });

  test('a parked guest is ended at once without any grace', async () => {
    const { guest: running, seen } = await start(runner, await guest('(call $say (i32.const 7))', '(loop $again', wait(0, '-1'), '(br $again))'));
    await vi.waitFor(() => expect(saidIn(seen)).toEqual([7]), waiting);
    expect(await running.stop(0)).toEqual({ kind: 'stopped' });
  });
}

function listContract(runner: Runner): void {
  test('several that are ready are told by their places in the list', async () => {
    using bench = makeLines([button]);
    const { said } = await run(runner, await gpioGuest(subscribeStop, openButton, subscribe(1), '(drop (call $close (i32.const 1)))', listed(2, 1, 2), wait(3, '-1'), sayIndex(0), sayIndex(1)), bench);
    expect(said).toEqual([1, 1, 2, 2, 0, 2]);
  });

  test('lists outside the memory, too long, or of what is no pollable are refused', async () => {
    const { said } = await run(runner, await guest(subscribeStop, listed(1), wait(1, '0', -1), wait(1, '0', 2_000, 65_534), wait(257, '0'), wait(-1, '0'), listed(9), wait(1, '0'), '(call $say (call $drop (i32.const 1)))', listed(1), wait(1, '0'), '(call $say (call $ready (i32.const 1)))', '(call $say (call $drop (i32.const 1)))', '(call $say (call $ready (i32.const -1)))'));
    expect(said).toEqual([1, bad, bad, bad, bad, bad, 0, e.closed, e.closed, e.closed, bad]);
  });

  test('a guest holds 256 pollables and no more, until it drops one', async () => {
    const fill = '(local $n i32) (loop $again (drop (call $subscribe_stop)) (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 255))))';
    const { said, text } = await run(runner, await guest(fill, subscribeStop, subscribeStop, '(call $print (i32.const 3000) (call $last_error (i32.const 3000) (i32.const 100)))'));
    expect(said.slice(0, 2)).toEqual([256, e.other]);
    expect(text).toMatch(/256 pollables are held; one has to be dropped first$/);
    expect((await run(runner, await guest(fill, subscribeStop, '(call $say (call $drop (i32.const 3)))', subscribeStop))).said).toEqual([256, 0, 257]);
  });
}
