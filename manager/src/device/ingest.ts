/**
 * Takes every message that devices publish. What a device says is never trusted further than about itself: the topic's
 * device must be the publisher, the order (generation, boot, seq) must be newer than what is stored, and whatever cannot
 * be read is counted and let go. Nothing here throws into the broker. A device that floods loses its own messages, not others'.
 */
import type * as z from 'zod';
import { type Clock, type Log, DeviceId, Fault, parseJson, toFault } from '@pier/shared/core';
import { type Identity, type Order, CommandState, Event, Pins, Presence, Reported, commonNameOf, isFinal, payloadBytesMax, topics } from '@pier/shared/wire';
import { type Db, inTransaction } from '../db/index.ts';
import { resendDesired, writeDesired } from './desired.ts';
import { FairQueue } from './fair-queue.ts';
import type { PinWatch } from './pins.ts';
import type { Publish } from './publisher.ts';
import { answerToPresence, withoutNul } from './rules.ts';
import { type Standing, lockDevices, standingOf, storeEvent, storeOffline, storeOnline, storeReported } from './store.ts';

/** An agent that was away long sends a hundred at a time; what is dropped it sends again, up to minutes later. */
const waiting = { perSenderMax: 128, perSenderBytesMax: 1 << 20, bytesMax: 32 << 20 } as const;
/** Topic and bookkeeping beside the payload. */
const overheadBytes = 256;
const atOnceMax = 6;

export type Uplink = { readonly topic: string; readonly payload: Uint8Array; readonly from: Identity };

/** Called in the transaction that stores a report, under the device's lock. Out: whether something changed. */
export type OnReported = (tx: Db, about: { readonly device: DeviceId; readonly reported: Reported; readonly nowMs: number }) => Promise<boolean>;

export type IngestDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly publish: Publish;
  readonly schedulerPem: string;
  readonly pins: PinWatch;
  readonly onReported: OnReported;
  /** Called after a commit that others should look at: outbox, rollouts. */
  readonly wake: () => void;
};

export type IngestCounts = { taken: number; malformed: number; foreign: number; stale: number; failed: number; dropped: number };
export type Ingest = { take(message: Uplink): void; counts(): Readonly<IngestCounts>; idle(): Promise<void> } & AsyncDisposable;

type Said<T> = { readonly device: DeviceId; readonly value: T; readonly deps: IngestDeps };
type Taken = 'taken' | 'foreign' | 'stale';
type Kind = { readonly parse: (topic: string) => { device: string } | undefined; readonly read: (value: unknown) => z.ZodSafeParseResult<unknown>; readonly take: (said: Said<never>) => Promise<Taken> };

function kind<S extends z.ZodType>(topic: { parse(name: string): { device: string } | undefined }, schema: S, take: (said: Said<z.output<S>>) => Promise<Taken>): Kind {
  return { parse: (name) => topic.parse(name), read: (value) => schema.safeParse(value), take };
}

const kinds: readonly Kind[] = [
  kind(topics.presence, Presence, takePresence),
  kind(topics.reported, Reported, takeReported),
  kind(topics.event, Event, takeEvent),
  kind(topics.commandState, CommandState, takeCommandState),
  kind(topics.pins, Pins, takePins),
];

/** Starts taking messages: a bounded share for each sender (its overflow is counted, devices send again), a few transactions at once and one per sender. */
export function startIngest(deps: IngestDeps): Ingest {
  const queue = new FairQueue<Uplink>(waiting);
  const counts: IngestCounts = { taken: 0, malformed: 0, foreign: 0, stale: 0, failed: 0, dropped: 0 };
  const work = { active: 0, done: new Set<Promise<void>>() };
  const stop = new AbortController();
  const drain = async (): Promise<void> => {
    work.active += 1;
    for (let next = queue.next(); next && !stop.signal.aborted; next = queue.next()) {
      counts[await judge(next.item, deps)] += 1;
      const dropped = queue.done(next.sender);
      if (dropped > 0) deps.log.warn({ who: next.sender, dropped }, 'uplink.dropped');
    }
    work.active -= 1;
  };
  const idle = async (): Promise<void> => {
    while (work.active > 0) await Promise.all(work.done);
  };
  return {
    take: (message) => {
      if (tooLarge(message, deps)) {
        counts.malformed += 1;
        return;
      }
      // A copy: what the broker gives is a view that would keep all the bytes that came with it.
      queue.push(commonNameOf(message.from), { ...message, payload: new Uint8Array(message.payload) }, message.payload.byteLength + overheadBytes);
      if (work.active >= atOnceMax || stop.signal.aborted) return;
      const done = drain().finally(() => work.done.delete(done));
      work.done.add(done);
    },
    counts: () => ({ ...counts, dropped: queue.dropped }),
    idle,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await idle();
    },
  };
}

/** Looked at before anything waits: large packets are lawful MQTT, and would fill the room. */
function tooLarge({ topic, payload, from }: Uplink, { log }: IngestDeps): boolean {
  const over = payload.byteLength > payloadBytesMax;
  if (over) log.warn({ topic: topic.slice(0, 256), from, sizeBytes: payload.byteLength, code: 'too-large' }, 'uplink.malformed');
  return over;
}

async function judge(message: Uplink, deps: IngestDeps): Promise<keyof IngestCounts> {
  try {
    return await read(message, deps);
  } catch (thrown) {
    const fault = toFault(thrown);
    const malformed = thrown instanceof Fault && fault.status < 500;
    if (malformed) deps.log.warn({ topic: message.topic.slice(0, 256), code: fault.code, why: fault.message.slice(0, 300) }, 'uplink.malformed');
    else deps.log.error({ topic: message.topic.slice(0, 256), code: fault.code, why: fault.message.slice(0, 300) }, 'uplink.failed');
    return malformed ? 'malformed' : 'failed';
  }
}

async function read({ topic, payload, from }: Uplink, deps: IngestDeps): Promise<keyof IngestCounts> {
  const found = kinds.map((one) => ({ one, device: one.parse(topic)?.device })).find(({ device }) => device !== undefined);
  if (!found) throw new Fault('input-invalid', 'no message of this protocol version has this topic');
  const device = DeviceId.safeParse(found.device);
  if (!device.success || from.kind !== 'device' || from.device !== device.data) {
    deps.log.warn({ topic: topic.slice(0, 256), from }, 'uplink.foreign');
    return 'foreign';
  }
  const said = found.one.read(withoutNul(parseJson(payload, { what: 'message' })));
  if (!said.success) throw new Fault('input-invalid', said.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  // The schema of this kind read the value, so it is what this kind's `take` wants.
  return found.one.take({ device: device.data, value: said.data as never, deps });
}

/** The device's row if this enrolment of it may speak. A former life of a re-flashed board, or a revoked device, may not. */
async function speaker(db: Db, device: DeviceId, order: Order): Promise<Standing | undefined> {
  const standing = await standingOf(db, device);
  return standing?.state === 'active' && standing.generation === order.gen ? standing : undefined;
}

async function takePresence({ device, value, deps }: Said<Presence>): Promise<Taken> {
  const standing = await speaker(deps.db, device, value);
  if (!standing) return 'foreign';
  if (!value.online) {
    const gone = await storeOffline(deps.db, { id: device, conn: value.conn, gen: value.gen });
    if (gone) deps.wake();
    return gone ? 'taken' : 'stale';
  }
  const newer = await storeOnline(deps.db, { id: device, presence: value, nowMs: deps.clock.nowMs() });
  if (!newer) return 'stale';
  const answer = answerToPresence({ rev: value.rev, desired: value.desired }, { rev: standing.rev, hash: standing.desiredHash });
  if (answer !== 'nothing') await bringUpToDate(device, value, deps);
  if (answer !== 'nothing' || !standing.online) deps.wake();
  return 'taken';
}

/** Judged once more under the device's lock: between presence and now a newer document may have been written. */
async function bringUpToDate(device: DeviceId, held: Extract<Presence, { online: true }>, { db, clock, log, schedulerPem }: IngestDeps): Promise<void> {
  await inTransaction(db, async (tx) => {
    await lockDevices(tx, [device]);
    const now = await standingOf(tx, device);
    if (!now) return;
    const answer = answerToPresence({ rev: held.rev, desired: held.desired }, { rev: now.rev, hash: now.desiredHash });
    if (answer === 'send') await resendDesired(tx, device);
    if (answer === 'render') {
      log.warn({ device, heldRev: held.rev, heldHash: held.desired, rev: now.rev }, 'desired.not-ours');
      await writeDesired(tx, [device], { schedulerPem, nowMs: clock.nowMs() });
    }
  });
}

async function takeReported({ device, value, deps }: Said<Reported>): Promise<Taken> {
  const nowMs = deps.clock.nowMs();
  const result = await inTransaction(deps.db, async (tx): Promise<Taken | 'moved'> => {
    await lockDevices(tx, [device]);
    if (!(await speaker(tx, device, value))) return 'foreign';
    if (!(await storeReported(tx, { id: device, reported: value, nowMs }))) return 'stale';
    return (await deps.onReported(tx, { device, reported: value, nowMs })) ? 'moved' : 'taken';
  });
  if (result === 'foreign') return 'foreign';
  // An older report than the stored one is acknowledged as well: what it said is superseded, and it must not come again.
  acknowledge(device, value, deps);
  if (result === 'moved') deps.wake();
  return result === 'moved' ? 'taken' : result;
}

async function takeEvent({ device, value, deps }: Said<Event>): Promise<Taken> {
  const heard = await inTransaction(deps.db, async (tx) => {
    if (!(await speaker(tx, device, value))) return false;
    await storeEvent(tx, { id: device, fact: value, nowMs: deps.clock.nowMs() });
    return true;
  });
  if (heard) acknowledge(device, value, deps);
  return heard ? 'taken' : 'foreign';
}

/** Commands are answered to whoever sent them; the manager only tells the device that the final word was heard. */
async function takeCommandState({ device, value, deps }: Said<CommandState>): Promise<Taken> {
  if (!(await speaker(deps.db, device, value))) return 'foreign';
  if (isFinal(value.state)) acknowledge(device, value, deps);
  return 'taken';
}

async function takePins({ device, value, deps }: Said<Pins>): Promise<Taken> {
  deps.pins.take(device, value);
  return 'taken';
}

/** Says "committed", so that the device stops sending it again; a lost one is made good by the device's next sending. */
function acknowledge(device: DeviceId, { gen, boot, seq }: Order, { publish, log }: IngestDeps): void {
  publish(topics.ack.of({ device }), JSON.stringify({ gen, boot, seq }), { qos: 0 }).catch((error: unknown) => {
    log.debug({ device, error: toFault(error).message }, 'ack.not-published');
  });
}
