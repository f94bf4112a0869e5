/**
 * The manager, wired: read this first. Database, identities and registry come up, then what stands on them, and last the three
 * doors through which others reach it: MQTT broker, device listener, API for people. It closes in the opposite order.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import { type Clock, Fault, type Log, type Random } from '@pier/shared/core';
import { type AccessControl, openAccess } from './access/index.ts';
import { type Policies, type Releases, openPolicies, openReleases } from './artifact/index.ts';
import { type Authority, openAuthority } from './authority/index.ts';
import { type Broker, openBroker } from './broker/index.ts';
import type { Config } from './config.ts';
import { tightenDataDir } from './data-dir.ts';
import { type Database, type Db, device, openDatabase } from './db/index.ts';
import { type Loop, PinWatch, type Publish, announceManager, deviceHandlers, refreshDesired, startIngest, startPublisher, startSilenceWatch } from './device/index.ts';
import { enrollDeviceRoutes, enrollHandlers } from './enroll/index.ts';
import { type Handlers, openHttp } from './http/index.ts';
import { openDeviceListener } from './listener/index.ts';
import { openPorts } from './ports.ts';
import { type Registry, openRegistry } from './registry/index.ts';
import { advanceOnReport, rolloutHandlers, startRolloutEngine } from './rollout/index.ts';
import { webPages } from './web/index.ts';

const replica = 'main';

export type Addresses = { readonly http: string; readonly device: string; readonly mqtt: string; readonly registry: string };
export type Manager = {
  readonly addresses: Addresses;
  readonly caFile: string;
  readonly access: AccessControl;
  /** Resolves when it cannot go on. */
  readonly lost: Promise<Fault>;
} & AsyncDisposable;

type World = { readonly clock: Clock; readonly random: Random; readonly log: Log };

/** Starts everything; what is open is closed again when a part fails. Faults: those of the parts. */
export async function openManager(config: Config, world: World): Promise<Manager> {
  const { clock, log } = world;
  await using opening = new AsyncDisposableStack();
  await tightenDataDir(config.dataDir);
  const database = opening.use(await openDatabase({ dataDir: config.dataDir, clock, log, ...(config.databaseUrl === undefined ? {} : { url: config.databaseUrl }) }));
  const ports = await openPorts(config.dataDir, log);
  const authority = await openAuthority({ dir: join(config.dataDir, 'authority'), clock, hosts: config.publicHosts });
  const registry = opening.use(await openRegistry({ dir: join(config.dataDir, 'registry'), clock, log }));
  const access = openAccess({ db: database.db, clock, log });
  const rooms = await openRooms({ database, authority, registry, world, opening, listen: (open) => ports.open('mqtt', config.mqttPort, open), config });
  const urls = { device: '', registry: '', ...rooms.urls };
  const enrollDeps = { db: database.db, ...world, authority, policies: rooms.policies, urls: () => urls };
  const doors = { host: hostToBind(config), identity: authority.server, caPem: authority.caPem, clock, log };
  const listener = opening.use(
    await ports.open('device', config.devicePort, (port) => openDeviceListener({ ...doors, port, registry, basicAuth: access.basicAuth, isRevoked: rooms.isRevoked, deviceRoutes: enrollDeviceRoutes(enrollDeps) })),
  );
  urls.device = `https://${hostToShow(config)}:${listener.port}`;
  urls.registry = urls.device;
  const handlers: Handlers = {
    health: async () => {
      const health = { database: await database.answers(), broker: rooms.broker.isListening() };
      return { ok: health.database && health.broker, ...health };
    },
    getAddresses: async () => ({ ...urls, ca: authority.caPem }),
    ...access.handlers,
    ...rooms.handlers,
    ...enrollHandlers(enrollDeps),
  };
  const http = opening.use(await ports.open('http', config.httpPort, (port) => openHttp({ handlers, actorOf: access.actorOf, pages: webPages({ access }), port, publicHosts: config.publicHosts, log })));
  await announceManager({ publish: rooms.publish, replica, epoch: randomUUID() });
  const open = opening.move();
  return { addresses: { http: http.url, ...urls }, caFile: authority.caFile, access, lost: database.lost, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

type RoomDeps = {
  readonly database: Database;
  readonly authority: Authority;
  readonly registry: Registry;
  readonly world: World;
  readonly opening: AsyncDisposableStack;
  readonly config: Config;
  readonly listen: (open: (port: number) => Promise<Broker>) => Promise<Broker>;
};

type Rooms = {
  readonly broker: Broker;
  readonly publish: Publish;
  readonly policies: Policies;
  readonly releases: Releases;
  readonly isRevoked: (device: string) => boolean;
  readonly urls: { readonly mqtt: string };
  readonly handlers: Omit<Handlers, 'health' | 'getAddresses' | 'whoAmI' | 'logout' | 'createToken' | 'signOperator'>;
};

/** What devices say goes in through the broker and the ingest; what they should do comes out of transactions, by outbox and publisher. */
async function openRooms({ database, authority, registry, world, opening, config, listen }: RoomDeps): Promise<Rooms> {
  const { db } = database;
  const { clock, random, log } = world;
  const schedulerPem = authority.scheduler.privatePem;
  const revoked = await revokedDevices(db);
  const isRevoked = (id: string): boolean => revoked.has(id);
  // Devices that know this manager speak as soon as its port is open, before the parts below are: what they cause then waits for a beat of the loops.
  const open: { broker?: Broker; publisher?: Loop; engine?: Loop } = {};
  const publish: Publish = async (topic, payload, options) => {
    if (!open.broker) throw new Fault('unreachable', 'the broker is not open yet');
    await open.broker.publish(topic, payload, options);
  };
  const wakePublisher = (): void => open.publisher?.wake();
  const wake = (): void => {
    open.engine?.wake();
    wakePublisher();
  };
  const pins = new PinWatch({ clock, publish });
  const ingest = opening.use(startIngest({ db, clock, log, publish, schedulerPem, pins, onReported: advanceOnReport({ schedulerPem }), wake }));
  const broker = (open.broker = opening.use(
    await listen((port) =>
      openBroker({
        identity: { ...authority.server, caPem: authority.caPem },
        host: hostToBind(config),
        port,
        clock,
        log,
        isRevoked: (identity) => identity.kind === 'device' && isRevoked(identity.device),
        onMessage: (message) => ingest.take(message),
      }),
    ),
  ));
  const policies: Policies = openPolicies({
    db,
    clock,
    log,
    scheduler: authority.scheduler,
    onChange: async () => {
      await releases.rejudge();
      await refreshDesired({ db, clock, schedulerPem });
      wake();
    },
  });
  const releases = openReleases({ db, clock, random, log, registry, policies });
  await releases.rejudge();
  open.publisher = opening.use(startPublisher({ db, clock, log, publish }));
  open.engine = opening.use(startRolloutEngine({ db, clock, log, schedulerPem, policies, wakePublisher }));
  opening.use(startSilenceWatch({ db, clock, log }));
  return {
    broker,
    publish,
    policies,
    releases,
    isRevoked,
    urls: { mqtt: `mqtts://${hostToShow(config)}:${broker.port}` },
    handlers: { ...policies.handlers, ...releases.handlers, ...deviceHandlers({ db, clock, schedulerPem, pins, wake }), ...rolloutHandlers({ db, clock, random, releases, wake }) },
  };
}

async function revokedDevices(db: Db): Promise<ReadonlySet<string>> {
  const rows = await db.select({ id: device.id }).from(device).where(eq(device.state, 'revoked'));
  return new Set(rows.map((row) => row.id));
}

/** Boards elsewhere can come only where a name for them was given. */
function hostToBind({ publicHosts }: Config): string {
  return publicHosts.length === 0 ? '127.0.0.1' : '0.0.0.0';
}

function hostToShow({ publicHosts }: Config): string {
  return publicHosts[0] ?? '127.0.0.1';
}
