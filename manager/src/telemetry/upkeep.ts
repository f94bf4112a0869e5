import type { Clock, Log } from '@pier/shared/core';
import type { Db } from '../db/index.ts';
import { type Loop, startLoop } from '../device/index.ts';
import { removeAbove, removeOld } from './store.ts';
import type { Streaming } from './streaming.ts';

const beatMs = 60_000;
/** Chunks that one beat removes at most, so that it ends before the next. */
const chunksMax = 100;
/** A device is looked at again when so many more of its samples were stored. */
const grownMin = 10_000;

/** Removes samples older than they are kept, and the oldest of devices that have more than their share; a chunk at a time, so that no lock is held for long. */
export function startTelemetryUpkeep({ db, clock, log, streaming }: { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly streaming: Streaming }): Loop {
  return startLoop({
    clock,
    log,
    name: 'telemetry-upkeep',
    everyMs: beatMs,
    act: async () => {
      await inChunks(async () => removeOld(db, clock.nowMs()));
      for (const device of streaming.budget.grown(grownMin)) await inChunks(async () => removeAbove(db, device));
    },
  });
}

async function inChunks(remove: () => Promise<boolean>): Promise<void> {
  for (let chunk = 0; chunk < chunksMax && (await remove()); chunk += 1);
}
