/** The run stage over a folder, on a real sandbox and a simulated board, as the agent wires it; without a link. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppName, type Clock, DeviceId, silentLog, systemClock, systemRandom } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { Bindings } from '@pier/shared/capability';
import { SimRecord } from '@pier/shared/hardware';
import { Desired, type ReportedApp } from '@pier/shared/wire';
import { turn } from '../src/agent.ts';
import type { Happening } from '../src/guest.ts';
import { openSimBoard } from '../src/hardware/index.ts';
import { reportedOf } from '../src/report/reported.ts';
import { Apps, keepBoard } from '../src/run/index.ts';
import { type Runner, workerRunner } from '../src/run/sandbox/index.ts';
import { openOutputs } from '../src/outputs/index.ts';
import { openStore } from '../src/store/index.ts';
import { createVerifier, openRegistries, openTrust } from '../src/verify/index.ts';
import { type Release, keys, policyEnvelope, startBoard, startRegistry } from './site.ts';

export const blink = AppName.parse('blink');
export const led = Bindings.parse({ led: { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17, modes: ['out'] } });
export const asks = { gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] };

/** Text of a guest that switches the LED on, waits for so long, and then ends as `end` says. */
export const ledGuest = (waitMs: number, end: string): string => `(module
  (import "pier_gpio" "open" (func $open (param i32 i32 i32 i32) (result i32)))
  (import "pier_gpio" "set" (func $set (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "led")
  (func (export "_start") (local $h i32)
    (local.set $h (call $open (i32.const 0) (i32.const 3) (i32.const 1) (i32.const 0)))
    (drop (call $set (local.get $h) (i32.const 1)))
    (i32.store (i32.const 80) (i32.const 1))
    (i64.store (i32.const 88) (i64.const ${BigInt(waitMs) * 1_000_000n}))
    (drop (call $poll (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 512)))
    ${end}))`;

/** Text of a guest that writes a line to its standard output, and then does as `then` says. */
export const talkingGuest = (line: string, then: string): string => `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "${line}")
  (func $sleep (param $ms i64)
    (i32.store (i32.const 80) (i32.const 1))
    (i64.store (i32.const 88) (i64.mul (local.get $ms) (i64.const 1000000)))
    (drop (call $poll (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 512))))
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const ${Buffer.byteLength(line.replaceAll('\\n', '\n'))}))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    ${then}))`;

/** Text of a guest that says "hi" to the serial port "bus" every 50 ms, and tells what comes back: on its output, and as the series "heard". */
export const serialGuest = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $print (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "pier_serial" "open" (func $open (param i32 i32) (result i32)))
  (import "pier_serial" "write" (func $write (param i32 i32 i32) (result i32)))
  (import "pier_serial" "read" (func $read (param i32 i32 i32) (result i32)))
  (import "pier_telemetry" "open" (func $series (param i32 i32) (result i32)))
  (import "pier_telemetry" "record" (func $record (param i32 f64) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "bus") (data (i32.const 1040) "hi\\n") (data (i32.const 1056) "heard")
  (func (export "_start") (local $port i32) (local $heard i32) (local $n i32)
    (local.set $port (call $open (i32.const 1024) (i32.const 3)))
    (local.set $heard (call $series (i32.const 1056) (i32.const 5)))
    (loop $again
      (drop (call $write (local.get $port) (i32.const 1040) (i32.const 3)))
      (i32.store (i32.const 80) (i32.const 1)) (i64.store (i32.const 88) (i64.const 50000000))
      (drop (call $poll (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 512)))
      (local.set $n (call $read (local.get $port) (i32.const 2048) (i32.const 64)))
      (if (i32.gt_s (local.get $n) (i32.const 0)) (then
        (i32.store (i32.const 0) (i32.const 2048)) (i32.store (i32.const 4) (local.get $n))
        (drop (call $print (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
        (drop (call $record (local.get $heard) (f64.convert_i32_s (local.get $n))))))
      (br $again))))`;

/** A folder with a board and a registry beside it. */
export async function openSite({ parts = [] }: { parts?: readonly object[] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'pier-apps-'));
  const registry = await startRegistry();
  const board = await startBoard(folder, parts);
  const ledNow = () => {
    const rows = readFileSync(board.record, 'utf8').split('\n').slice(0, -1).map((line) => SimRecord.parse(JSON.parse(line)));
    return rows.findLast((row) => row.name === 'GPIO17');
  };
  return {
    folder, registry, board, ledNow,
    isOn: () => ledNow()?.level === 1,
    openAgent: ({ hurry = 1, nowMs = () => systemClock.nowMs() } = {}) => openRunStage({ folder, boardDir: board.dir, registryUrl: registry.url, clock: { ...hurried(hurry), nowMs } }),
    [Symbol.asyncDispose]: async () => {
      await board[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
export type RunStage = Awaited<ReturnType<typeof openRunStage>>;
export type Site = Awaited<ReturnType<typeof openSite>>;

/** The agent's time runs so many times faster than the guests'. */
function hurried(times: number): Clock {
  return {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() * times,
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
    after: (ms, act) => systemClock.after(ms / times, act),
    every: (ms, act) => systemClock.every(ms / times, act),
  };
}

/** The same runner, with what it is asked for written down. */
function noted(runner: Runner): { readonly runner: Runner; readonly calls: (keyof Runner)[] } {
  const calls: (keyof Runner)[] = [];
  const note = (name: keyof Runner): void => void calls.push(name);
  return {
    calls,
    runner: {
      admit: (...how) => {
        note('admit');
        return runner.admit(...how);
      },
      warmUp: () => {
        note('warmUp');
        runner.warmUp();
      },
      start: (...how) => {
        note('start');
        return runner.start(...how);
      },
    },
  };
}

/** Disposing is a clean stop. */
async function openRunStage({ folder, boardDir, registryUrl, clock }: { folder: string; boardDir: string; registryUrl: string; clock: Clock }) {
  const store = await openStore(join(folder, 'agent'));
  const keeper = keepBoard((signal) => openSimBoard({ dir: boardDir, clock: systemClock }, signal), { clock: systemClock, random: systemRandom, log: silentLog });
  const trust = openTrust({ store, enrolled: policyEnvelope(), rootId: keys.root.id, log: silentLog });
  const registries = openRegistries({ manager: { origin: 'https://127.0.0.1:1' }, mirror: registryUrl });
  const events: Happening[] = [];
  const states: string[] = [];
  const on = { state: (_state: string): void => {} };
  const tell = {
    event: (happening: Happening) => void events.push(happening),
    changed: () => {
      const { progress } = store.apps.get(blink) ?? {};
      const state = progress ? `${progress.attempt}:${progress.state}` : '';
      if (state === '' || states.at(-1) === state) return;
      states.push(state);
      on.state(state);
    },
  };
  const verifier = createVerifier({ store, registries, trust, log: silentLog });
  const { runner, calls } = noted(workerRunner({ clock: systemClock, log: silentLog }));
  const apps = new Apps({ store, verifier, runner, board: keeper, outputs: openOutputs({ folder: join(folder, 'agent'), log: silentLog }), clock, random: systemRandom, log: silentLog, tell });
  const stop = new AbortController();
  const running = apps.run((app, signal) => turn(apps, app, signal), stop.signal);
  const reported = (app = blink): ReportedApp | undefined => reportedOf({ store, policy: 1, alive: (name) => apps.alive(name), lastEnd: (name) => apps.lastEnd(name) }).apps[app];
  let rev = store.settings.get('desired')?.rev ?? 0;
  return {
    store, apps, events, states, reported,
    /** What the sandbox was asked for so far. */
    asked: calls,
    /** Called at each new state, in the moment that it is. */
    set onState(act: (state: string) => void) {
      on.state = act;
    },
    want: (entries: Record<string, object>) => {
      rev += 1;
      const desired = Desired.parse({ device: DeviceId.parse('board-1'), rev, policy: 1, apps: entries });
      apps.want(desired, { hash: digestOf(JSON.stringify(desired)), signedBy: [keys.scheduler.id] });
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      await apps[Symbol.asyncDispose]();
      await keeper[Symbol.asyncDispose]();
      registries[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

export const entry = (release: Release, { attempt = 1, soakS = 0, bindings = led, repository = 'apps/blink' }: { attempt?: number; soakS?: number; bindings?: Bindings; repository?: string } = {}) => ({ repository, digest: release.digest, version: release.version, counter: release.counter, attempt, soakS, bindings });

/** Looks again until `look` gives something. */
export async function until<T>(wanted: string, look: () => T | undefined | false): Promise<T> {
  for (let tries = 0; tries < 600; tries += 1) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    await systemClock.sleep(50);
  }
  throw new Error(`not seen: ${wanted}`);
}
