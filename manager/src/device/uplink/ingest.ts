/**
 * Takes every message that devices publish. What a device says is never trusted further than about itself: the topic's
 * device must be the publisher, the order (generation, boot, seq) must be newer than what is stored, and whatever cannot
 * be read is counted and let go. Nothing here throws into the broker. A device that floods loses its own messages, not others'.
 */
import { commonNameOf, payloadBytesMax } from '@pier/shared/wire';
import { type Outcome, type Waiting, takeBatch } from './batch.ts';
import { EndedConnections } from './ended.ts';
import { FairQueue } from './fair-queue.ts';
import { type Uplink, isDownlink } from './read.ts';
import type { IngestDeps } from './take.ts';

/** An agent that was away long sends a hundred at a time; what is dropped it sends again, up to minutes later. */
const waiting = { perSenderMax: 128, perSenderBytesMax: 1 << 20, bytesMax: 32 << 20 } as const;
/** Topic and bookkeeping beside the payload. */
const overheadBytes = 256;
/** What is gathered for one batch, and for how long after the one before began: below a hundred rows most of what a batch saves is lost. */
const batch = { max: 500, perSenderMax: 32 } as const;
const gatherMs = 50;
/** A second batch goes on while one waits for a lock. */
const atOnceMax = 2;

export type IngestCounts = Record<Outcome | 'dropped' | 'downlink', number>;
export type Ingest = { take(message: Uplink): void; counts(): Readonly<IngestCounts>; idle(): Promise<void> } & AsyncDisposable;

/** Starts taking messages, in batches: at once while little comes, else all that came within `gatherMs`. Each sender has a bounded share; its overflow is counted. */
export function startIngest(deps: IngestDeps): Ingest {
  const { clock, log } = deps;
  const queue = new FairQueue<Waiting>(waiting);
  const intake = { ...deps, ended: new EndedConnections() };
  const counts: IngestCounts = { taken: 0, malformed: 0, foreign: 0, stale: 0, failed: 0, dropped: 0, downlink: 0 };
  const work: { active: number; done: Set<Promise<void>>; lastMs: number; timer?: Disposable | undefined; hurried: number; stopped: boolean } = { active: 0, done: new Set(), lastMs: Number.NEGATIVE_INFINITY, hurried: 0, stopped: false };

  const waitMs = (): number => (work.hurried > 0 || queue.length >= batch.max ? 0 : Math.max(0, work.lastMs + gatherMs - clock.monotonicMs()));
  const drain = async (): Promise<void> => {
    // What comes in the same turn of the loop goes into the same batch.
    await Promise.resolve();
    while (!work.stopped && queue.ready && waitMs() <= 0) {
      work.lastMs = clock.monotonicMs();
      const served = queue.gather(batch);
      for (const outcome of await takeBatch(served.map(({ item }) => item), intake)) counts[outcome] += 1;
      for (const sender of new Set(served.map((one) => one.sender))) {
        const dropped = queue.done(sender);
        if (dropped > 0) log.warn({ who: sender, dropped }, 'uplink.dropped');
      }
    }
  };
  const schedule = (): void => {
    if (work.stopped || work.active >= atOnceMax || !queue.ready) return;
    const ms = waitMs();
    if (ms > 0) {
      work.timer ??= clock.after(ms, () => {
        work.timer = undefined;
        schedule();
      });
      return;
    }
    work.active += 1;
    const done = drain().finally(() => {
      work.active -= 1;
      work.done.delete(done);
      schedule();
    });
    work.done.add(done);
  };

  return {
    take: (message) => {
      if (isDownlink(message)) counts.downlink += 1;
      else if (tooLarge(message, deps)) counts.malformed += 1;
      else {
        // A copy: what the broker gives is a view that would keep all the bytes that came with it.
        queue.push(commonNameOf(message.from), { uplink: { ...message, payload: new Uint8Array(message.payload) }, atMs: clock.nowMs() }, message.payload.byteLength + overheadBytes);
        schedule();
      }
    },
    counts: () => ({ ...counts, dropped: queue.dropped }),
    idle: async () => {
      work.hurried += 1;
      schedule();
      while (work.active > 0) await Promise.all(work.done);
      work.hurried -= 1;
    },
    [Symbol.asyncDispose]: async () => {
      work.stopped = true;
      work.timer?.[Symbol.dispose]();
      while (work.active > 0) await Promise.all(work.done);
    },
  };
}

/** Looked at before anything waits: large packets are lawful MQTT, and would fill the room. */
function tooLarge({ topic, payload, from }: Uplink, { log }: IngestDeps): boolean {
  const over = payload.byteLength > payloadBytesMax;
  if (over) log.warn({ topic: topic.slice(0, 256), from, sizeBytes: payload.byteLength, code: 'too-large' }, 'uplink.malformed');
  return over;
}
