import { asc, inArray } from 'drizzle-orm';
import { type Clock, type Log, toFault } from '@pier/shared/core';
import { topics } from '@pier/shared/wire';
import { type Db, inTransaction, outbox } from '../db/index.ts';
import { type Loop, startLoop } from './loop.ts';

/** Hands one message to the broker; resolved when the broker has it. */
export type Publish = (topic: string, payload: string, options?: { readonly qos?: 0 | 1 }) => Promise<void>;

const batchMax = 500;
const beatMs = 1_000;

/**
 * Publishes what transactions left in the outbox, then deletes it: at least once, and never before its commit. A replica
 * that works on rows holds their locks, so several share the work. What the broker does not take stays for the next beat.
 */
export function startPublisher({ db, clock, log, publish }: { db: Db; clock: Clock; log: Log; publish: Publish }): Loop {
  const act = async (): Promise<void> => {
    while ((await publishBatch({ db, log, publish })) === batchMax);
  };
  return startLoop({ clock, log, name: 'publisher', everyMs: beatMs, act });
}

async function publishBatch({ db, log, publish }: { db: Db; log: Log; publish: Publish }): Promise<number> {
  return inTransaction(db, async (tx) => {
    const rows = await tx.select().from(outbox).orderBy(asc(outbox.id)).limit(batchMax).for('update', { skipLocked: true });
    const done: number[] = [];
    for (const row of rows) {
      const failure = await publish(row.topic, row.payload, { qos: 1 }).then(() => undefined, toFault);
      if (failure) {
        log.warn({ topic: row.topic, error: failure.message, waiting: rows.length - done.length }, 'outbox.publish-failed');
        break;
      }
      done.push(row.id);
    }
    if (done.length > 0) await tx.delete(outbox).where(inArray(outbox.id, done));
    return done.length;
  });
}

/** Tells all devices that this manager has started: each announces itself anew after a delay of its own. */
export async function announceManager({ publish, replica, epoch }: { publish: Publish; replica: string; epoch: string }): Promise<void> {
  await publish(topics.manager.of({ replica }), JSON.stringify({ online: true, epoch }), { qos: 1 });
}
