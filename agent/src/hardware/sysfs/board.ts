import type { Gpio } from 'onoff';
import { type Clock, Fault } from '@pier/shared/core';
import type { Board, BoardProfile } from '@pier/shared/hardware';
import { machinePorts, machineRoots, machineSerial, modelOf } from '../machine/index.ts';
import { gpioRoot, probeSysfs, scanChips } from './chips.ts';
import { Exports } from './exports.ts';
import { openLine } from './line.ts';
import { profileChip } from './profile.ts';
import { openSite } from './site.ts';

export type SysfsDeps = {
  readonly clock: Clock;
  /** A folder of this agent, where it keeps on record which lines it has exported. */
  readonly folder: string;
};

/**
 * The pins of this machine through /sys/class/gpio, and its serial ports. Lines that a dead agent of this folder left
 * exported are given back first. Edges come by onoff and its addon, so in the main thread only.
 * Faults: `board-none` when sysfs offers no lines, saying why; `platform-unsupported` without the addon.
 */
export async function openSysfsBoard({ clock, folder }: SysfsDeps, signal: AbortSignal): Promise<Board> {
  signal.throwIfAborted();
  const probe = probeSysfs();
  if (!probe.usable) throw new Fault('board-none', `no pins through sysfs: ${probe.why}`);
  await using stack = new AsyncDisposableStack();
  const Made = await loadOnoff();
  const chips = scanChips();
  const exports = stack.use(new Exports(folder));
  exports.sweep();
  const model = modelOf(machineRoots);
  // An unexported line goes back to its driver, and most make an input of it; a process that dies leaves it exported and as it is.
  const profile: BoardProfile = { model, chips: chips.map((chip) => profileChip(chip, model)), serial: machinePorts(machineRoots), onRelease: 'input' };
  const site = openSite({ clock, profile, exports, Made });
  stack.defer(async () => {
    // By a stack, so that a line that cannot be released keeps no other from it.
    await using lines = new AsyncDisposableStack();
    for (const line of site.lines) lines.use(line);
  });
  signal.throwIfAborted();
  const owned = stack.move();
  return {
    profile,
    gone: site.gone,
    openLine: (request, lineSignal) => openLine(site, request, lineSignal),
    openSerial: machineSerial({ clock, profile, gone: site.gone }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Loaded with the first board, so that an agent without such pins needs neither it nor its addon. */
async function loadOnoff(): Promise<typeof Gpio> {
  try {
    return (await import('onoff')).Gpio;
  } catch (cause) {
    throw new Fault('platform-unsupported', `${gpioRoot} is there, but onoff cannot be loaded; its addon epoll has to be compiled for this machine: ${cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)}`, {}, cause);
  }
}
