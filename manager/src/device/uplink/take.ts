/** One batch of messages of one kind, taken in: judged, stored in one transaction, acknowledged after its commit. */
import { type Clock, type DeviceId, type Log, type AppName, toFault } from '@pier/shared/core';
import { type CommandState, type Event, type LogBatch, type Order, type Presence, type Reported, type TelemetryBatch, compareOrder, isFinal, topics } from '@pier/shared/wire';
import { type Db, inTransaction } from '../../db/index.ts';
import { resendDesired, writeDesired } from '../desired.ts';
import type { PinWatch } from '../pins.ts';
import type { Publish } from '../publisher.ts';
import { answerToPresence } from '../rules.ts';
import { type Standing, lockDevices, standingsOf } from '../store.ts';
import type { Taken } from './apart.ts';
import type { EndedConnections } from './ended.ts';
import { type Of, type Online, storeEvents, storeOffline, storeOnline, storeReported } from './store.ts';

/**
 * Called in the transaction that stores reports, under the locks of their devices, at most one report a device, in the order
 * of device ids. Out: whether something changed.
 */
export type OnReported = (tx: Db, reports: readonly { readonly device: DeviceId; readonly reported: Reported; readonly nowMs: number }[]) => Promise<boolean>;

/** What a device says has become of a command. */
export type Answered = Of<CommandState>;
/** Called in a transaction of its own with what devices answered, in the order in which it came. Out: the devices of which a command has moved. */
export type OnAnswered = (tx: Db, answers: readonly Answered[]) => Promise<readonly string[]>;

/** What an app of a device streams while somebody looks. */
export type Streamed<T> = Of<T> & { readonly app: AppName };

/** Where logs and telemetry of devices that may speak go. */
export type Streams = {
  takeLog(said: Streamed<LogBatch>): void;
  /** Stores all of it or, when it throws, nothing. */
  takeTelemetry(said: readonly Streamed<TelemetryBatch>[]): Promise<void>;
};

export type IngestDeps = {
  /** Told after the commit of devices that came or went, reported or had something happen: what a heartbeat alone renews is no change. */
  readonly onChanged?: (devices: readonly string[]) => void;
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly publish: Publish;
  readonly schedulerPem: string;
  readonly pins: PinWatch;
  readonly streams: Streams;
  readonly onReported: OnReported;
  /** Without it nobody here has sent a command. */
  readonly onAnswered?: OnAnswered;
  /** Told of a device whose certificate is ours and that is in no table: it came after the backup that this database was restored from. */
  readonly onStranger?: (device: DeviceId) => void;
  /** Called after a commit that others should look at: outbox, rollouts. */
  readonly wake: () => void;
};

/** What this replica remembers from batch to batch, beside what it was given. */
export type Intake = IngestDeps & { readonly ended: EndedConnections };

type Standings = ReadonlyMap<string, Standing>;

/** Whether this enrolment of the device may speak. A former life of a re-flashed board, or a revoked device, may not. */
export function maySpeak(standings: Standings, device: DeviceId, order: Order): boolean {
  const standing = standings.get(device);
  return standing?.state === 'active' && standing.generation === order.gen;
}

/** The newest message of each device. */
function newest<T extends Order>(said: readonly Of<T>[]): Of<T>[] {
  const out = new Map<string, Of<T>>();
  for (const one of said) {
    const known = out.get(one.device);
    if (!known || compareOrder(known.value, one.value) < 0) out.set(one.device, one);
  }
  return [...out.values()];
}

/** A device that holds another document than it should, by what it said of the one it has. */
export type Behind = Of<Online>;

/**
 * Stores who is there and who has gone. Births first, and of each device the newest: goodbyes of a batch are about what is
 * stored then, in whichever order they came. Devices whose document is not ours are added to `behind`.
 */
export async function takePresences(said: readonly Of<Presence>[], { standings, behind, deps }: { standings: Standings; behind: Behind[]; deps: Intake }): Promise<readonly Taken[]> {
  for (const { device } of said) if (!standings.has(device)) deps.onStranger?.(device);
  const spoken = said.filter((one) => maySpeak(standings, one.device, one.value));
  const online = newest(spoken.flatMap((one) => (one.value.online ? [{ ...one, value: one.value }] : [])));
  const offline = spoken.flatMap((one) => (one.value.online ? [] : [{ ...one, value: one.value }]));
  const { here, gone } = await inTransaction(deps.db, async (tx) => ({ here: await storeOnline(tx, online, (device, conn) => deps.ended.has(device, conn)), gone: await storeOffline(tx, offline) }));
  for (const { device, value } of offline) deps.ended.note(device, value.conn);
  const heard = online.filter(({ device }) => here.has(device));
  const present = heard.filter(({ device, value }) => !deps.ended.has(device, value.conn));
  behind.push(...present.filter(({ device, value }) => answerTo(value, standings.get(device)) !== 'nothing'));
  const changed = [...gone, ...present.filter(({ device }) => !standings.get(device)?.online).map(({ device }) => device)];
  if (changed.length > 0) {
    deps.onChanged?.(changed);
    deps.wake();
  }
  const kept = new Set<Presence>(heard.map(({ value }) => value));
  return said.map(({ device, value }) => {
    if (!maySpeak(standings, device, value)) return 'foreign';
    return (value.online ? kept.has(value) : gone.has(device)) ? 'taken' : 'stale';
  });
}

function answerTo(held: Online, ours: Standing | undefined): ReturnType<typeof answerToPresence> {
  return ours ? answerToPresence({ rev: held.rev, desired: held.desired }, { rev: ours.rev, hash: ours.desiredHash }) : 'nothing';
}

/** Judged once more under the devices' locks: between presence and now a newer document may have been written. */
export async function bringUpToDate(behind: readonly Behind[], { db, clock, log, schedulerPem, wake }: IngestDeps): Promise<readonly Taken[]> {
  await inTransaction(db, async (tx) => {
    const ids = behind.map(({ device }) => device).toSorted();
    await lockDevices(tx, ids);
    const now = await standingsOf(tx, ids);
    const answers = behind.map(({ device, value }) => ({ device, held: value, ours: now.get(device), answer: answerTo(value, now.get(device)) }));
    await resendDesired(tx, answers.flatMap(({ device, answer }) => (answer === 'send' ? [device] : [])));
    const strange = answers.filter(({ answer }) => answer === 'render');
    for (const { device, held, ours } of strange) log.warn({ device, heldRev: held.rev, heldHash: held.desired, rev: ours?.rev }, 'desired.not-ours');
    const tooLarge = await writeDesired(tx, strange.map(({ device }) => device), { schedulerPem, nowMs: clock.nowMs() });
    for (const device of tooLarge) log.error({ device }, 'desired.too-large');
  });
  wake();
  return behind.map(() => 'taken');
}

/** Stores what devices report, and lets deployments move by it. What is older than the stored one is acknowledged as well: it must not come again. */
export async function takeReports(said: readonly Of<Reported>[], deps: IngestDeps): Promise<readonly Taken[]> {
  const ids = [...new Set(said.map(({ device }) => device))].sort();
  const { standings, kept, moved } = await inTransaction(deps.db, async (tx) => {
    await lockDevices(tx, ids);
    const locked = await standingsOf(tx, ids);
    const latest = newest(said.filter((one) => maySpeak(locked, one.device, one.value)));
    const stored = await storeReported(tx, latest);
    const news = latest.filter(({ device }) => stored.has(device)).toSorted((a, b) => (a.device < b.device ? -1 : 1));
    const nowMs = deps.clock.nowMs();
    const anything = news.length > 0 && (await deps.onReported(tx, news.map(({ device, value }) => ({ device, reported: value, nowMs }))));
    return { standings: locked, kept: new Set(news.map(({ value }) => value)), moved: anything };
  });
  if (kept.size > 0) deps.log.debug({ devices: kept.size }, 'step.report-stored');
  if (kept.size > 0) deps.onChanged?.(said.flatMap(({ device, value }) => (kept.has(value) ? [device] : [])));
  if (moved) deps.wake();
  return said.map(({ device, value }) => {
    if (!maySpeak(standings, device, value)) return 'foreign';
    acknowledge(device, value, deps);
    return kept.has(value) ? 'taken' : 'stale';
  });
}

export async function takeEvents(said: readonly Of<Event>[], { standings, deps }: { standings: Standings; deps: IngestDeps }): Promise<readonly Taken[]> {
  const spoken = said.filter((one) => maySpeak(standings, one.device, one.value));
  const news = spoken.length === 0 ? [] : await inTransaction(deps.db, async (tx) => storeEvents(tx, spoken));
  if (news.length > 0) deps.log.debug({ devices: news.length }, 'step.event-stored');
  if (news.length > 0) deps.onChanged?.(news);
  for (const { device, value } of spoken) acknowledge(device, value, deps);
  return said.map(({ device, value }) => (maySpeak(standings, device, value) ? 'taken' : 'foreign'));
}

/** Commands are answered to whoever sent them, people beside this manager; the device is told that a final word was heard once it is stored. */
export async function takeCommandStates(said: readonly Of<CommandState>[], { standings, deps }: { standings: Standings; deps: IngestDeps }): Promise<readonly Taken[]> {
  const { onAnswered } = deps;
  const spoken = said.filter((one) => maySpeak(standings, one.device, one.value));
  const moved = spoken.length === 0 || !onAnswered ? [] : await inTransaction(deps.db, async (tx) => onAnswered(tx, spoken));
  if (moved.length > 0) deps.log.debug({ devices: moved.length }, 'step.answer-stored');
  if (moved.length > 0) deps.onChanged?.(moved);
  for (const { device, value } of spoken) if (isFinal(value.state)) acknowledge(device, value, deps);
  return said.map(({ device, value }) => (maySpeak(standings, device, value) ? 'taken' : 'foreign'));
}

export async function takeTelemetry(said: readonly Streamed<TelemetryBatch>[], { standings, deps }: { standings: Standings; deps: IngestDeps }): Promise<readonly Taken[]> {
  const spoken = said.filter((one) => maySpeak(standings, one.device, one.value));
  if (spoken.length > 0) await deps.streams.takeTelemetry(spoken);
  return said.map(({ device, value }) => (maySpeak(standings, device, value) ? 'taken' : 'foreign'));
}

export function takeLog(said: Streamed<LogBatch>, { standings, deps }: { standings: Standings; deps: IngestDeps }): Taken {
  if (!maySpeak(standings, said.device, said.value)) return 'foreign';
  deps.streams.takeLog(said);
  return 'taken';
}

/** Says "committed", so that the device stops sending it again; a lost one is made good by the device's next sending. */
function acknowledge(device: DeviceId, { gen, boot, seq }: Order, { publish, log }: IngestDeps): void {
  publish(topics.ack.of({ device }), JSON.stringify({ gen, boot, seq }), { qos: 0 }).catch((error: unknown) => {
    log.debug({ device, error: toFault(error).message }, 'ack.not-published');
  });
}
