import type { Clock, DeviceId, Log } from '@pier/shared/core';
import { heartbeatS } from '@pier/shared/wire';
import { type Db, inTransaction } from '../db/index.ts';
import { writeDesired } from './desired.ts';
import { type Loop, startLoop } from './loop.ts';
import { lockDevices, storeSilent } from './store.ts';
import { idsToRefresh } from './wanted.ts';

/** Two heartbeats missed, each up to 20 % late. */
const silentAfterMs = heartbeatS * 1_000 * 2.4;
const beatMs = 10_000;
const batchMax = 500;

/** Marks devices offline that fell silent without a will. */
export function startSilenceWatch({ db, clock, log }: { db: Db; clock: Clock; log: Log }): Loop {
  return startLoop({
    clock,
    log,
    name: 'silence-watch',
    everyMs: beatMs,
    act: async () => {
      const silent = await storeSilent(db, clock.nowMs() - silentAfterMs);
      if (silent > 0) log.info({ devices: silent }, 'device.silent');
    },
  });
}

/** Renders every device's document anew, so that a new policy's number reaches all of them. Out: how many. */
export async function refreshDesired({ db, clock, schedulerPem }: { db: Db; clock: Clock; schedulerPem: string }): Promise<number> {
  let count = 0;
  for (let after = ''; ; ) {
    const ids: DeviceId[] = await idsToRefresh(db, { after, limit: batchMax });
    const last = ids.at(-1);
    if (last === undefined) return count;
    await inTransaction(db, async (tx) => {
      await lockDevices(tx, ids);
      await writeDesired(tx, ids, { schedulerPem, nowMs: clock.nowMs() });
    });
    count += ids.length;
    after = last;
  }
}
