import type { LineRef } from '@pier/shared/capability';
import { type Clock, Fault, type Log, toFault } from '@pier/shared/core';
import type { Board } from '@pier/shared/hardware';
import { openBareBoard } from './bare-board.ts';
import { type Kernel, Pollers, openChardevBoard, openKernel } from './chardev/index.ts';
import { type MachineRoots, machineRoots } from './machine/index.ts';
import { withReserved } from './reserve.ts';
import { openSimBoard } from './sim-board.ts';
import { openSysfsBoard } from './sysfs/index.ts';

export type BoardOptions = {
  readonly choice: string;
  /** Of this agent, for what a backend has to remember of lines that outlive a process. */
  readonly folder: string;
  /** Lines that no app may have, besides what the kernel holds. */
  readonly reserve?: readonly LineRef[];
  readonly clock: Clock;
  readonly log: Log;
  readonly roots?: MachineRoots;
  readonly kernel?: () => Kernel;
};

type Open = (signal: AbortSignal) => Promise<Board>;
/** In the order in which they are tried. */
type Backends = readonly (readonly [name: 'chardev' | 'sysfs', open: Open])[];

/**
 * Opens the board that was chosen, as often as it is called. Faults: `board-none` where a chosen backend finds nothing to
 * use, saying why; those of the simulated board. `auto` always finds one, though it may be without pins.
 */
export function boardOpener({ choice, folder, reserve = [], clock, log, roots = machineRoots, kernel = openKernel }: BoardOptions): Open {
  if (choice.startsWith('sim:')) return async (signal) => withReserved(await openSimBoard({ dir: choice.slice('sim:'.length), clock }, signal), reserve);
  const pollers = new Pollers();
  let door: Kernel | undefined;
  const backends: Backends = [
    // One door for all openings: each that is made keeps some memory for good, and a board without pins looks for some every few seconds.
    ['chardev', (signal) => openChardevBoard({ openKernel: () => (door ??= kernel()), pollers, clock, roots }, signal)],
    ['sysfs', (signal) => openSysfsBoard({ clock, folder }, signal)],
  ];
  const chosen = backends.find(([name]) => name === choice)?.[1];
  const open: Open = chosen ?? (async (signal) => await openFirst({ backends, clock, log, roots }, signal));
  return async (signal) => withReserved(await open(signal), reserve);
}

type Found = { readonly board: Board } | { readonly board: undefined; readonly tried: Readonly<Record<string, string>> };

async function openFirst({ backends, clock, log, roots }: { readonly backends: Backends } & Required<Pick<BoardOptions, 'clock' | 'log' | 'roots'>>, signal: AbortSignal): Promise<Board> {
  const found = await tryAll(backends, signal);
  if (found.board) return found.board;
  log.warn({ tried: found.tried }, 'board.none');
  const hasPins = async (): Promise<boolean> => {
    const { board } = await tryAll(backends, new AbortController().signal);
    await board?.[Symbol.asyncDispose]();
    return board !== undefined;
  };
  return openBareBoard({ clock, log, roots, hasPins });
}

async function tryAll(backends: Backends, signal: AbortSignal): Promise<Found> {
  const tried: Record<string, string> = {};
  for (const [name, open] of backends) {
    try {
      return { board: await open(signal) };
    } catch (thrown) {
      signal.throwIfAborted();
      const fault = toFault(thrown);
      // What another agent or a flaw of ours stops is not for want of pins, and no reason to run without them.
      if (!(thrown instanceof Fault) || !['board-none', 'platform-unsupported'].includes(fault.code)) throw thrown;
      tried[name] = fault.message;
    }
  }
  return { board: undefined, tried };
}
