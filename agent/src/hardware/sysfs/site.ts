import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Gpio } from 'onoff';
import { type Clock, Fault } from '@pier/shared/core';
import type { BoardProfile, Line } from '@pier/shared/hardware';
import { type Chip, errnoOf, gpioRoot, scanChips } from './chips.ts';
import type { Exports } from './exports.ts';

/** What all lines of one board share. */
export type Site = {
  readonly clock: Clock;
  readonly profile: BoardProfile;
  readonly exports: Exports;
  /** onoff's class, loaded. */
  readonly Made: typeof Gpio;
  /** The lines that are open. */
  readonly lines: Set<Line>;
  readonly gone: AbortSignal;
  /** Does something with sysfs; what the system says against it becomes a `hardware-fault`, or `board-gone` when the chip itself is. */
  readonly ask: <T>(label: string, what: string, act: () => T) => T;
  /** The board is gone when this chip is not shown any more: then every line of it hears of it. Gives the chip while it is there. */
  readonly checkGone: (label: string) => Chip | undefined;
  /** Ends the board for another reason. */
  readonly lose: (why: Fault) => void;
};

export function openSite(parts: Pick<Site, 'clock' | 'profile' | 'exports' | 'Made'>): Site {
  const gone = new AbortController();
  const checkGone = (label: string): Chip | undefined => {
    if (gone.signal.aborted) return undefined;
    const [chip, why] = lookFor(label);
    if (chip === undefined) gone.abort(new Fault('board-gone', `chip ${label} is gone from ${gpioRoot}: ${why}`));
    return chip;
  };
  return {
    ...parts,
    lines: new Set(),
    gone: gone.signal,
    checkGone,
    lose: (why) => gone.abort(why),
    ask: (label, what, act) => {
      if (gone.signal.aborted) throw gone.signal.reason;
      try {
        return act();
      } catch (cause) {
        checkGone(label);
        if (gone.signal.aborted) throw gone.signal.reason;
        if (cause instanceof Fault) throw cause;
        throw new Fault('hardware-fault', `sysfs does not ${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { errno: errnoOf(cause) }, cause);
      }
    },
  };
}

function lookFor(label: string): [Chip | undefined, string] {
  try {
    return [scanChips().find((chip) => chip.label === label), 'it is not shown any more'];
  } catch (cause) {
    return [undefined, cause instanceof Error ? cause.message : String(cause)];
  }
}

/** The folder of an exported line. */
export function folderOf(number: number): string {
  return join(gpioRoot, `gpio${number}`);
}

export function isExported(number: number): boolean {
  return existsSync(folderOf(number));
}
