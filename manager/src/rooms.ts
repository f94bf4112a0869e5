/**
 * The rooms of a manager, made and joined: what devices say goes in through the broker and the ingest; what they should do
 * comes out of transactions, by outbox and publisher; what changes is told to who listens.
 */
import { type Clock, Fault, type Log, type Random } from '@pier/shared/core';
import { type Policies, type Releases, openPolicies, openReleases } from './artifact/index.ts';
import { type Changes, type KeptAnswers, auditHandlers, openChanges, openKeptAnswers } from './audit/index.ts';
import type { Authority } from './authority/index.ts';
import { type Broker, type BrokerOptions, openBroker } from './broker/index.ts';
import { commandHandlers, startUnansweredWatch, takeAnswers } from './command/index.ts';
import type { Db } from './db/index.ts';
import { type Loop, type IdentityAlarm, PinWatch, type Publish, awaitDevices, deviceHandlers, openIdentityAlarm, startIngest, startPolicyRefresh, startPublisher, startSilenceWatch } from './device/index.ts';
import type { Handlers } from './http/index.ts';
import type { Registry } from './registry/index.ts';
import { advanceOnReport, graceAfterStart, rolloutHandlers, startRolloutEngine } from './rollout/index.ts';
import { openStreaming, startTelemetryUpkeep, telemetryHandlers } from './telemetry/index.ts';
import { whyHandlers } from './why/index.ts';

export type RoomDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly authority: Authority;
  readonly registry: Registry;
  readonly isRevoked: (device: string) => boolean;
  readonly onStranger: (device: string) => void;
  /** Which certificates are given up, and which are seen. */
  readonly trust: Pick<BrokerOptions, 'supersededBy' | 'onSuperseded' | 'onLetIn'>;
  readonly hosts: { readonly bind: string; readonly show: string };
  /** Opens the broker on the port that it is to have. */
  readonly listen: (open: (port: number) => Promise<Broker>) => Promise<Broker>;
  /** Who closes what is opened here, in reverse order. */
  readonly opening: AsyncDisposableStack;
};

export type Rooms = {
  readonly broker: Broker;
  readonly publish: Publish;
  readonly policies: Policies;
  readonly releases: Releases;
  readonly changes: Changes;
  readonly answers: KeptAnswers;
  readonly wake: () => void;
  readonly urls: { readonly mqtt: string };
  readonly handlers: ReturnType<typeof handlersOf>;
};

/** What the parts tell each other, before all of them are there: devices that know this manager speak as soon as its port is open. */
type Wires = { broker?: Broker; publisher?: Loop; engine?: Loop; policyRefresh?: Loop; changes?: Changes };

export async function openRooms(deps: RoomDeps): Promise<Rooms> {
  const { db, clock, random, log, opening, authority, registry } = deps;
  const schedulerPem = authority.scheduler.privatePem;
  const wires: Wires = {};
  const publish: Publish = async (topic, payload, options) => {
    if (!wires.broker) throw new Fault('unreachable', 'the broker is not open yet');
    await wires.broker.publish(topic, payload, options);
  };
  const wakePublisher = (): void => {
    wires.publisher?.wake();
    wires.changes?.wake();
  };
  const wake = (): void => {
    wires.engine?.wake();
    wakePublisher();
  };
  const pins = new PinWatch({ clock, publish });
  const streaming = openStreaming({ db, clock, log, publish });
  const changes = (wires.changes = opening.use(openChanges({ db, clock, log })));
  const answers = opening.use(openKeptAnswers({ db, clock, log }));
  const alarm = opening.use(await openIdentityAlarm({ db, clock, log, onChanged: changedDevices(changes) }));
  await awaitDevices({ db, clock, log });
  const broker = (wires.broker = await openBrokerFor(deps, { publish, pins, streaming, changes, alarm, wake }));
  const policies: Policies = openPolicies({
    db,
    clock,
    log,
    scheduler: authority.scheduler,
    onChange: async () => {
      wires.policyRefresh?.wake();
      await releases.rejudge();
      wake();
    },
  });
  const releases = openReleases({ db, clock, random, log, registry, policies, wake });
  await releases.rejudge();
  wires.publisher = opening.use(startPublisher({ db, clock, log, publish }));
  wires.policyRefresh = opening.use(startPolicyRefresh({ db, clock, log, schedulerPem, wakePublisher }));
  await graceAfterStart({ db, clock });
  wires.engine = opening.use(startRolloutEngine({ db, clock, log, schedulerPem, policies, wakePublisher }));
  opening.use(startSilenceWatch({ db, clock, log, onChanged: changedDevices(changes), wake }));
  opening.use(startUnansweredWatch({ db, clock, log, onChanged: changedDevices(changes) }));
  opening.use(startTelemetryUpkeep({ db, clock, log, streaming }));
  const handlers = handlersOf({ db, clock, random, log, schedulerPem, policies, releases, pins, streaming, wake });
  return { broker, publish, policies, releases, changes, answers, wake, urls: { mqtt: `mqtts://${deps.hosts.show}:${broker.port}` }, handlers };
}

const changedDevices = (changes: Changes) => (devices: readonly string[]): void => changes.changed('device', devices);

type Uplinks = { readonly publish: Publish; readonly pins: PinWatch; readonly streaming: ReturnType<typeof openStreaming>; readonly changes: Changes; readonly alarm: IdentityAlarm; readonly wake: () => void };

/** The broker with the ingest behind it; the ingest is closed after it, with nothing left to take. */
async function openBrokerFor({ db, clock, log, authority, isRevoked, onStranger, trust, hosts, listen, opening }: RoomDeps, { publish, pins, streaming, changes, alarm, wake }: Uplinks): Promise<Broker> {
  const schedulerPem = authority.scheduler.privatePem;
  const ingest = opening.use(startIngest({ db, clock, log, publish, schedulerPem, pins, streams: streaming, onReported: advanceOnReport({ schedulerPem }), onAnswered: takeAnswers, onChanged: changedDevices(changes), onStranger, wake }));
  const identity = { ...authority.server, caPem: authority.caPem };
  return opening.use(
    await listen((port) =>
      openBroker({ ...trust, onConflict: alarm.take, identity, host: hosts.bind, port, clock, log, isRevoked: (who) => who.kind === 'device' && isRevoked(who.device), onMessage: (message) => ingest.take(message) }),
    ),
  );
}

type HandlerDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly schedulerPem: string;
  readonly policies: Policies;
  readonly releases: Releases;
  readonly pins: PinWatch;
  readonly streaming: ReturnType<typeof openStreaming>;
  readonly wake: () => void;
};

function handlersOf(deps: HandlerDeps) {
  return {
    ...deps.policies.handlers,
    ...deps.releases.handlers,
    ...deviceHandlers(deps),
    ...telemetryHandlers(deps),
    ...commandHandlers(deps),
    ...rolloutHandlers(deps),
    ...whyHandlers(deps),
    ...auditHandlers(deps),
  } satisfies Partial<Handlers>;
}
