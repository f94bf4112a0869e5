import { type Clock, Fault, type Log, toFault } from '@pier/shared/core';
import type { Board, BoardProfile } from '@pier/shared/hardware';
import { type MachineRoots, machinePorts, machineSerial, modelOf } from './machine/index.ts';

/** How often it is looked whether pins have come: a driver that loads late, an adapter that is plugged in. */
const lookMs = 10_000;

/**
 * This machine without pins: apps that ask for none run on it, and those with serial ports. Gone as soon as `hasPins`
 * says so, so that whoever keeps the board opens it anew.
 */
export function openBareBoard({ clock, log, roots, hasPins }: { readonly clock: Clock; readonly log: Log; readonly roots: MachineRoots; readonly hasPins: () => Promise<boolean> }): Board {
  const profile: BoardProfile = { model: modelOf(roots), chips: [], serial: machinePorts(roots), onRelease: 'keep' };
  const gone = new AbortController();
  let isLooking = false;
  let reason: string | undefined;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    try {
      if (await hasPins()) gone.abort(new Fault('board-gone', 'this machine has pins now: it is opened anew'));
      reason = undefined;
    } catch (cause) {
      // A look that fails finds nothing; the next one may. Said once, not every time.
      const { code, message } = toFault(cause);
      if (message !== reason) log.warn({ code, reason: message }, 'board.look-failed');
      reason = message;
    } finally {
      isLooking = false;
    }
  };
  const timer = clock.every(lookMs, () => void look());
  return {
    profile,
    gone: gone.signal,
    openLine: async ({ at }) => {
      throw gone.signal.aborted ? gone.signal.reason : new Fault('line-unknown', `this ${profile.model} has no line ${at.line} on a chip "${at.chip}"; it has no GPIO that can be used`);
    },
    openSerial: machineSerial({ clock, profile, gone: gone.signal }),
    [Symbol.asyncDispose]: async () => timer[Symbol.dispose](),
  };
}
