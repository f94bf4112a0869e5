/**
 * The accident this stops: an agent that is killed leaves a motor running, and nobody who is left knows which line it was.
 */
import type { AppName, Log } from '@pier/shared/core';
import { toFault } from '@pier/shared/core';
import type { GpioGrant, LineRef } from '@pier/shared/capability';
import { replaceFile } from '@pier/shared/disk';
import { type HeldOutput, bytesOf, heldOutputs, outputsPath, readOutputs } from './held-output.ts';

/** Which outputs this agent holds, on disk for the stop hook. One agent writes it; the hook only reads. */
export type Outputs = {
  /** What is noted now; after a start, what an agent before this one left. */
  all(): readonly HeldOutput[];
  /** On disk when it resolves: call it before a guest gets an output. Gives the lines that nobody had noted before. */
  hold(app: AppName, grants: readonly GpioGrant[]): Promise<readonly LineRef[]>;
  /** The app's lines are safe, and it holds them no more; another app may have them already. */
  release(app: AppName, lines: readonly LineRef[]): Promise<void>;
  /** Writes what the disk did not take when it was noted; nothing where it took all. */
  catchUp(): Promise<void>;
};

const keyOf = ({ chip, line }: LineRef): string => `${chip} ${line}`;

/**
 * A disk that takes no more does not stop an app from running: its outputs are then without a hook, which is logged, and
 * matters only if the agent is killed before there is room again.
 */
export function openOutputs({ folder, log }: { readonly folder: string; readonly log: Log }): Outputs {
  const held = new Map<string, HeldOutput>();
  try {
    for (const one of readOutputs(folder)) held.set(keyOf(one.at), one);
  } catch (cause) {
    log.error({ reason: toFault(cause).message }, 'outputs.unknown');
  }
  let isBehind = false;
  let written: Promise<void> = Promise.resolve();
  const replace = async (): Promise<void> => {
    try {
      await replaceFile({ path: outputsPath(folder), bytes: bytesOf([...held.values()]) });
      isBehind = false;
    } catch (cause) {
      // Said once; it is tried again and again.
      if (!isBehind) log.error({ reason: toFault(cause).message }, 'outputs.not-noted');
      isBehind = true;
    }
  };
  /** One after the other, so that the newest is the last on disk. */
  const write = (): Promise<void> => {
    written = written.then(replace);
    return written;
  };
  return {
    all: () => [...held.values()],
    hold: async (app, grants) => {
      const fresh = heldOutputs(app, grants).filter((one) => !isSame(held.get(keyOf(one.at)), one));
      const added = fresh.map(({ at }) => at).filter((at) => !held.has(keyOf(at)));
      for (const one of fresh) held.set(keyOf(one.at), one);
      if (fresh.length > 0) await write();
      return added;
    },
    release: async (app, lines) => {
      const gone = lines.filter((at) => held.get(keyOf(at))?.app === app && held.delete(keyOf(at)));
      if (gone.length > 0) await write();
    },
    catchUp: async () => {
      if (isBehind) await write();
    },
  };
}

function isSame(held: HeldOutput | undefined, other: HeldOutput): boolean {
  return held?.safe === other.safe && held.app === other.app && held.label === other.label;
}
