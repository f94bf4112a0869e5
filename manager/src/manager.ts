/**
 * The manager, wired: read this first. Database, identities and registry come up, then what stands on them, and last the three
 * doors through which others reach it: MQTT broker, device listener, API for people. It closes in the opposite order.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, DeviceId, Fault, Log, Random } from '@pier/shared/core';
import { type AccessControl, aboutHandlers, openAccess } from './access/index.ts';
import { keepServerIdentity, openAuthority } from './authority/index.ts';
import { finishRestore } from './backup/index.ts';
import type { Config } from './config.ts';
import { tightenDataDir } from './data-dir.ts';
import { type Db, claimInstallation, openDatabase } from './db/index.ts';
import { announceManager, readDevice } from './device/index.ts';
import { enrollDeviceRoutes, enrollHandlers, openDeviceKeys, openRevocations, startKeyUpkeep } from './enroll/index.ts';
import { healthHandlers, untold, watchDisk } from './health/index.ts';
import { type Handlers, openHttp } from './http/index.ts';
import { type DeviceListener, openDeviceListener } from './listener/index.ts';
import { openPorts } from './ports.ts';
import { openRegistry } from './registry/index.ts';
import { type RoomDeps, type Rooms, openRooms } from './rooms.ts';
import { openSimulator } from './simulator/index.ts';
import { webPages } from './web/index.ts';

const replica = 'main';
const dayMs = 86_400_000;

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
  const { dataDir } = config;
  const onLocked = async (): Promise<void> => {
    await finishRestore(dataDir, log);
    await tightenDataDir(dataDir);
  };
  const database = opening.use(await openDatabase({ dataDir, clock, log, alone: true, onLocked, ...(config.databaseUrl === undefined ? {} : { url: config.databaseUrl }) }));
  const keys = join(dataDir, 'authority');
  // Before a CA is made for a folder that is the wrong one.
  if (!existsSync(keys)) await claimInstallation(database.db, undefined);
  const ports = await openPorts(dataDir, log);
  const publicHosts = await ports.hosts(config.publicHosts);
  const authority = await openAuthority({ dir: keys, clock, hosts: publicHosts, deviceLifeMs: config.deviceCertificateDays * dayMs });
  await claimInstallation(database.db, authority.caFingerprint);
  const disk = opening.use(watchDisk({ dir: dataDir, reserveMb: config.diskReserveMb, clock, log }));
  const registry = opening.use(await openRegistry({ dir: join(dataDir, 'registry'), clock, log, shortage: disk.shortage }));
  const access = openAccess({ db: database.db, clock, log });
  const doorsOpen: DoorsOpen = {};
  const { revocations, deviceKeys, trust, onStranger } = await openTrust({ db: database.db, clock, log, graceMs: config.certificateGraceDays * dayMs, doorsOpen, opening });
  const hosts = { bind: hostToBind(publicHosts), show: publicHosts[0] ?? '127.0.0.1' };
  const rooms = (doorsOpen.rooms = await openRooms({ db: database.db, ...world, authority, registry, isRevoked: revocations.has, onStranger, trust, hosts, listen: (take) => ports.open('mqtt', config.mqttPort, take), opening }));
  const urls = { device: '', registry: '', ...rooms.urls };
  const enrollDeps = { db: database.db, ...world, authority, policies: rooms.policies, urls: () => urls, revocations, keys: deviceKeys, graceMs: config.certificateGraceDays * dayMs, wake: rooms.wake, showDevice: (id: DeviceId) => readDevice(database.db, id) };
  const doors = { host: hosts.bind, identity: authority.server, caPem: authority.caPem, clock, log };
  const listener = (doorsOpen.listener = opening.use(
    await ports.open('device', config.devicePort, (port) => openDeviceListener({ ...doors, port, registry, basicAuth: access.basicAuth, isRevoked: revocations.has, supersededBy: deviceKeys.supersededBy, onSuperseded: trust.onSuperseded, onUsed: ({ device, keyId }) => deviceKeys.used(device, keyId), deviceRoutes: enrollDeviceRoutes(enrollDeps) })),
  ));
  opening.use(keepServerIdentity({ authority, clock, log, doors: [rooms.broker, listener] }));
  urls.device = `https://${hosts.show}:${listener.port}`;
  urls.registry = urls.device;
  const simulator = opening.use(openSimulator({ dir: config.simulatorDir, db: database.db, clock, log }));
  const silent = untold(database.silent);
  const handlers: Handlers = {
    ...healthHandlers({
      database: async () => ((await database.answers()) ? undefined : (silent() ?? 'it does not answer')),
      broker: () => (rooms.broker.isListening() ? undefined : 'it takes no connections'),
      listener: () => (listener.isListening() ? undefined : 'it takes no connections'),
      disk: () => disk.shortage()?.message,
    }),
    getAddresses: async () => ({ ...urls, ca: authority.caPem }),
    ...access.handlers,
    ...(await aboutHandlers({ db: database.db, clock, embedded: config.databaseUrl === undefined, replica, simulator: config.simulatorDir !== undefined })),
    ...rooms.handlers,
    ...enrollHandlers(enrollDeps),
    ...simulator.handlers,
  };
  const people = { handlers, streams: rooms.changes.streams, once: rooms.answers.once, actorOf: access.actorOf, pages: await webPages({ access, log }), silent, publicHosts, clock, log };
  const http = opening.use(await ports.open('http', config.httpPort, (port) => openHttp({ ...people, port })));
  await announceManager({ publish: rooms.publish, replica, epoch: randomUUID() });
  const owned = opening.move();
  return { addresses: { http: http.url, ...urls }, caFile: authority.caFile, access, lost: database.lost, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type DoorsOpen = { rooms?: Rooms; listener?: DeviceListener };
type TrustDeps = { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly graceMs: number; /** Filled later. */ readonly doorsOpen: DoorsOpen; readonly opening: AsyncDisposableStack };

/** Which devices and which of their keys are taken, at both doors. */
async function openTrust({ db, clock, log, graceMs, doorsOpen, opening }: TrustDeps) {
  // A device that is trusted no more loses what it has open, once these doors are there.
  const revocations = await openRevocations({
    db,
    onRevoked: (device) => {
      doorsOpen.rooms?.broker.kick(device);
      doorsOpen.listener?.kick(device);
    },
  });
  const deviceKeys = await openDeviceKeys({ db, clock, log });
  opening.defer(() => deviceKeys.idle());
  opening.use(startKeyUpkeep({ keys: deviceKeys, graceMs, clock, log }));
  // Whichever door an old copy comes to: the broker knows who else is connected.
  const onSuperseded = ({ keyId }: { keyId: string }, { address, connectedMs }: { address: string; connectedMs: number }): void => {
    const copy = deviceKeys.copyOf({ keyId, connectedMs });
    if (copy) doorsOpen.rooms?.broker.noteCopy({ ...copy, address });
  };
  const trust: RoomDeps['trust'] = { supersededBy: deviceKeys.supersededBy, onSuperseded, onLetIn: ({ identity, keyId }) => identity.kind === 'device' && deviceKeys.used(identity.device, keyId) };
  // Until it enrols again it is kept out, or it would speak for ever to nobody.
  const onStranger = (device: string): void => {
    if (revocations.has(device)) return;
    log.warn({ device }, 'device.unknown');
    revocations.add(device);
  };
  return { revocations, deviceKeys, trust: { ...trust, onSuperseded }, onStranger };
}

/** Boards elsewhere can come only where a name for them was given. */
function hostToBind(publicHosts: readonly string[]): string {
  return publicHosts.length === 0 ? '127.0.0.1' : '0.0.0.0';
}
