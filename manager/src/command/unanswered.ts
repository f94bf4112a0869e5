import type { Clock, Log } from '@pier/shared/core';
import { type Db, inTransaction } from '../db/index.ts';
import { type Loop, startLoop } from '../device/index.ts';
import { storeUnanswered } from './store.ts';

const beatMs = 5_000;
const batchMax = 500;

type Deps = { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly onChanged: (devices: readonly string[]) => void };

/** Ends commands that no device has answered to the end in time, and tells who listens. */
export function startUnansweredWatch({ db, clock, log, onChanged }: Deps): Loop {
  return startLoop({
    clock,
    log,
    name: 'unanswered-watch',
    everyMs: beatMs,
    act: async () => {
      const devices = await inTransaction(db, async (tx) => storeUnanswered(tx, { nowMs: clock.nowMs(), limit: batchMax }));
      if (devices.length === 0) return;
      log.info({ devices: devices.length }, 'command.unanswered');
      onChanged(devices);
    },
  });
}
