import type { Clock, Log } from '@pier/shared/core';
import { heartbeatS } from '@pier/shared/wire';
import { type Db, inTransaction } from '../db/index.ts';
import { writeDesired } from './desired.ts';
import { type Loop, startLoop } from './loop.ts';
import { lockDevices, storeAwaited, storeSilent } from './store.ts';
import { idsBehindPolicy } from './wanted.ts';

/** Two heartbeats missed, each up to 20 % late. */
const silentAfterMs = heartbeatS * 1_000 * 2.4;
const beatMs = 10_000;
const refreshBeatMs = 60_000;
const batchMax = 500;

/**
 * Called at a manager's start, before its broker takes anybody: what the one before it knew of sessions is over with that one's
 * broker. Who was there is awaited: offline and sent nothing, but no rollout counts it as away until it has had the time to
 * come back that a device's silence is given anyway.
 */
export async function awaitDevices({ db, clock, log }: { readonly db: Db; readonly clock: Clock; readonly log: Log }): Promise<void> {
  const devices = await storeAwaited(db, clock.nowMs());
  if (devices > 0) log.info({ devices }, 'device.awaited');
}

type WatchDeps = { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly onChanged: (devices: readonly string[]) => void; readonly wake: () => void };

/** Marks devices offline that fell silent without a will, and tells who listens, and the rollouts. */
export function startSilenceWatch({ db, clock, log, onChanged, wake }: WatchDeps): Loop {
  return startLoop({
    clock,
    log,
    name: 'silence-watch',
    everyMs: beatMs,
    act: async () => {
      const silent = await storeSilent(db, clock.nowMs() - silentAfterMs);
      if (silent.length === 0) return;
      log.info({ devices: silent.length }, 'device.silent');
      onChanged(silent);
      wake();
    },
  });
}

type RefreshDeps = { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly schedulerPem: string; /** Documents are in the outbox. */ readonly wakePublisher: () => void };

/**
 * Tells the newest policy's number to every device whose document was made for an older one, a page at a time until none is
 * left. What a crash cut short, or a document written while the policy came, is found again at the next start or beat.
 */
export function startPolicyRefresh({ db, clock, log, schedulerPem, wakePublisher }: RefreshDeps): Loop {
  const at = { after: '' };
  const loop: Loop = startLoop({
    clock,
    log,
    name: 'policy-refresh',
    everyMs: refreshBeatMs,
    act: async () => {
      const ids = await inTransaction(db, async (tx) => {
        const page = await idsBehindPolicy(tx, { after: at.after, limit: batchMax });
        await lockDevices(tx, page);
        const tooLarge = await writeDesired(tx, page, { schedulerPem, nowMs: clock.nowMs() });
        for (const device of tooLarge) log.error({ device }, 'desired.too-large');
        return page;
      });
      at.after = (ids.length === batchMax && ids.at(-1)) || '';
      if (ids.length > 0) wakePublisher();
      if (at.after !== '') loop.wake();
    },
  });
  loop.wake();
  return loop;
}
