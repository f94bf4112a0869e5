import { type Clock, Fault, type Log } from '@pier/shared/core';
import type { Board } from '@pier/shared/hardware';
import type { HeldLine, Usage } from '../guest.ts';
import type { Program } from './program.ts';
import { type Leases, type LinePark, type PortNews, openLines, openPorts } from './resources/index.ts';
import type { Guest, GuestEnd, GuestEvents, Runner } from './sandbox/index.ts';

export type LifeDeps = {
  readonly runner: Runner;
  readonly board: () => Board;
  readonly leases: Leases;
  readonly park: LinePark;
  readonly news: PortNews;
  readonly clock: Clock;
  readonly log: Log;
  /** An output could not be made safe; people must know. */
  readonly onUnsafe: (fault: Fault) => void;
};

/** `safeMs`: from the end of the guest's thread until all its outputs were safe, or as safe as they could be made. */
export type LifeEnd = { readonly end: GuestEnd; readonly safeMs: number; readonly isSafe: boolean };

/** One guest from start to end. `over` resolves when its thread is gone, its outputs are safe, its lines and ports closed. */
export type Life = { readonly lines: readonly HeldLine[]; readonly over: Promise<LifeEnd>; usage(): Usage; stop(graceMs: number): Promise<void> };

/**
 * Opens what is granted and starts a guest on it.
 * The order at the end is what protects people and hardware: thread gone → outputs safe → lines and ports closed → leases free.
 * Faults: those of the board and the runner; nothing is left open then, and outputs are safe.
 */
export async function startLife(program: Program, deps: LifeDeps, on: { events: GuestEvents; signal: AbortSignal }): Promise<Life> {
  const { artifact, grant } = program;
  const { app } = artifact;
  const board = deps.board();
  await using opened = new AsyncDisposableStack();
  opened.use(deps.leases.take(app, grant));
  const ports = opened.use(await openPorts(grant, { ...deps, app, board }, on.signal));
  const lines = opened.use(await openLines(board, { app, grant, log: deps.log, park: deps.park }, on.signal));
  let unsafe = 0;
  let safeAtMs = 0;
  // Registered last, so it runs before anything is closed, also when the runner could not start the guest.
  opened.defer(async () => {
    for (const fault of await lines.makeSafe()) {
      unsafe += 1;
      deps.onUnsafe(fault);
    }
    safeAtMs = deps.clock.monotonicMs();
  });
  const guest = await deps.runner.start(
    { app, digest: artifact.digest, wasm: program.wasm, limits: artifact.limits, grant, lines: lines.byLabel, storage: program.storage, serial: ports.byLabel },
    on.events,
    on.signal,
  );
  const stack = opened.move();
  const ended = async (): Promise<LifeEnd> => {
    const end = await guest.ended;
    const endedMs = deps.clock.monotonicMs();
    await stack.disposeAsync();
    return { end, safeMs: safeAtMs - endedMs, isSafe: unsafe === 0 };
  };
  const over = ended();
  return {
    lines: lines.held,
    over,
    usage: () => usageOf(guest),
    stop: async (graceMs) => {
      await guest.stop(graceMs);
      await over;
    },
  };
}

function usageOf(guest: Guest): Usage {
  const { cpuMs, memoryBytes, outputBytes } = guest.stats();
  return { cpuMs, memoryBytes, outputBytes };
}

/** The end of a guest that nobody asked to stop, as a Fault for reports. */
export function faultOf(end: GuestEnd): Fault {
  if (end.kind === 'exited') return new Fault('guest-exited', `the guest ended by itself with status ${end.status}, where it was expected to run`);
  if (end.kind === 'trapped') return new Fault('guest-trapped', `the guest trapped: ${end.reason}`);
  if (end.kind === 'limit') return new Fault('guest-limit', `the guest went past its limit "${end.limit}": ${end.reason}`);
  return new Fault('guest-exited', 'the guest was stopped');
}
