import { type Clock, Fault, type Log } from '@pier/shared/core';
import type { Board } from '@pier/shared/hardware';
import type { HeldLine } from '../guest.ts';
import { type Leases, type LinePark, openLines } from './lines.ts';
import type { Program } from './program.ts';
import type { Guest, GuestEnd, GuestEvents, Runner } from './sandbox/index.ts';

export type LifeDeps = {
  readonly runner: Runner;
  readonly board: () => Board;
  readonly leases: Leases;
  readonly park: LinePark;
  readonly clock: Clock;
  readonly log: Log;
  /** An output could not be made safe; people must know. */
  readonly onUnsafe: (fault: Fault) => void;
};

/** One guest from start to end. `over` resolves when its thread is gone, its outputs are safe and its lines closed. */
export type Life = { readonly lines: readonly HeldLine[]; readonly over: Promise<GuestEnd>; stop(graceMs: number): Promise<void> };

/**
 * Opens the granted lines and starts a guest on them.
 * The order at the end is what protects people and hardware: thread gone → outputs safe → lines closed or parked → lease free.
 * Faults: those of the board and the runner; nothing is left open then, and outputs are safe.
 */
export async function startLife(program: Program, deps: LifeDeps, on: { events: GuestEvents; signal: AbortSignal }): Promise<Life> {
  const { app } = program.artifact;
  await using opened = new AsyncDisposableStack();
  opened.use(deps.leases.take(app, program.grant));
  const lines = opened.use(await openLines(deps.board(), { app, grant: program.grant, log: deps.log, park: deps.park }, on.signal));
  // Registered after the lines, so it runs before they are closed, also when the runner could not start the guest.
  opened.defer(async () => {
    const sinceMs = deps.clock.monotonicMs();
    for (const fault of await lines.makeSafe()) deps.onUnsafe(fault);
    deps.log.debug({ app, tookMs: deps.clock.monotonicMs() - sinceMs }, 'guest.outputs-safe');
  });
  const { artifact } = program;
  const guest = await deps.runner.start(
    { app, digest: artifact.digest, wasm: program.wasm, limits: artifact.limits, grant: program.grant, lines: lines.byLabel, storage: program.storage },
    on.events,
    on.signal,
  );
  const stack = opened.move();
  const over = endOf(guest, stack);
  return {
    lines: lines.held,
    over,
    stop: async (graceMs) => {
      await guest.stop(graceMs);
      await over;
    },
  };
}

async function endOf(guest: Guest, stack: AsyncDisposableStack): Promise<GuestEnd> {
  const end = await guest.ended;
  await stack.disposeAsync();
  return end;
}

/** The end of a guest that nobody asked to stop, as a Fault for reports. */
export function faultOf(end: GuestEnd): Fault {
  if (end.kind === 'exited') return new Fault('guest-exited', `the guest ended by itself with status ${end.status}, where it was expected to run`);
  if (end.kind === 'trapped') return new Fault('guest-trapped', `the guest trapped: ${end.reason}`);
  if (end.kind === 'limit') return new Fault('guest-limit', `the guest went past its limit "${end.limit}": ${end.reason}`);
  return new Fault('guest-exited', 'the guest was stopped');
}
