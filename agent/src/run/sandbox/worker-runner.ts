import type { Worker } from 'node:worker_threads';
import { type Clock, Fault, type Log, invariant } from '@pier/shared/core';
import { CompiledModules } from './compiled.ts';
import { admit } from './gate/index.ts';
import type { Guest, GuestEnd, Program, Runner } from './runner.ts';
import { SpareThread } from './spare-thread.ts';
import { type ThreadData, type ThreadSerial, type ThreadVolume, control, wakeGuest } from './thread.ts';
import { type ArmedLines, armLines } from './watches.ts';
import { WorkerGuest } from './worker-guest.ts';

/** `thread`: one that was started before there was a runner. */
type Deps = { readonly clock: Clock; readonly log: Log; readonly thread?: Worker | undefined };

/**
 * The default sandbox: one worker thread for each guest. It starts in tens of milliseconds, and `terminate()` ends whatever a guest
 * does; a guest reaches only the functions of its import object.
 */
export function workerRunner(deps: Deps): Runner {
  const modules = new CompiledModules();
  const threads = new SpareThread(deps.clock, deps.thread);
  return {
    admit,
    warmUp: () => threads.warmUp(),
    start: async (program, events, signal) => {
      signal.throwIfAborted();
      const verdict = admit(program.wasm, program.grant);
      if (!verdict.ok) throw new Fault(verdict.refusal.code, verdict.refusal.reason, { app: program.app, digest: program.digest });
      const module = await modules.get(program.digest, program.wasm, program.limits.memoryMb);
      await using armed = new AsyncDisposableStack();
      const words = new Int32Array(new SharedArrayBuffer(control.words * Int32Array.BYTES_PER_ELEMENT));
      const wake = (): void => wakeGuest(words);
      const lines = armed.use(await armLines(program, { nowNs: () => deps.clock.monotonicNs(), wake }, signal));
      const serial = linked(armed, program, wake);
      const guest = new WorkerGuest(threads.take(), threadData(program, { module, base: verdict.value.base, control: words.buffer, lines, serial }), { events, lines: program.lines, serial: program.serial, watchdogS: program.limits.watchdogS, ...deps });
      await up(guest, signal);
      const stack = armed.move();
      return facade(guest, endedThenUnwatched(guest, stack, deps.log));
    },
  };
}

/** The guest as others see it. */
function facade(guest: WorkerGuest, ended: Guest['ended']): Guest {
  return {
    ended,
    base: guest.base,
    stop: async (graceMs) => {
      await guest.stop(graceMs);
      return ended;
    },
    stats: () => guest.stats(),
  };
}

/** Over as soon as the thread is gone: outputs are made safe then, and need not wait for the watches of inputs to be taken off. */
async function endedThenUnwatched(guest: Guest, stack: AsyncDisposableStack, log: Log): Promise<GuestEnd> {
  const end = await guest.ended;
  // A board that went away takes its watches with it; a line that is closed meanwhile ends its own.
  stack.disposeAsync().catch((error: unknown) => log.warn({ fault: error instanceof Error ? error.message : String(error) }, 'guest.unwatch-failed'));
  return end;
}

async function up(guest: WorkerGuest, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const abort = (): void => aborted.resolve();
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (!signal.aborted) await Promise.race([guest.started, aborted.promise]);
    if (!signal.aborted) return;
    await guest.kill();
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function linked(armed: AsyncDisposableStack, program: Program, wake: () => void): ThreadSerial[] {
  return program.grant.serial.map(({ ask }) => {
    const link = program.serial.get(ask.label);
    invariant(link, `the link of the serial grant "${ask.label}" was made before the start`);
    armed.use(link.connect(wake));
    return { label: ask.label, ask, shared: link.shared };
  });
}

function threadData(program: Program, made: { readonly module: WebAssembly.Module; readonly base: boolean; readonly control: SharedArrayBuffer; readonly lines: ArmedLines; readonly serial: readonly ThreadSerial[] }): ThreadData {
  return {
    app: program.app,
    module: made.module,
    base: made.base,
    control: made.control,
    args: [program.app, ...(program.args ?? [])],
    env: program.env ?? {},
    stdin: program.stdin ?? new Uint8Array(),
    maxOutputBytesPerS: program.limits.maxOutputBytesPerS,
    lines: made.lines.lines,
    serial: made.serial,
    series: program.grant.telemetry.map(({ ask }) => ({ label: ask.label, maxPerS: ask.maxPerS })),
    volumes: program.grant.storage.map(({ ask, maxBytes }): ThreadVolume => {
      const folder = program.storage.get(ask.label);
      invariant(folder !== undefined, `the folder of the storage grant "${ask.label}" was made before the start`);
      return { path: ask.path, folder, maxBytes };
    }),
  };
}

