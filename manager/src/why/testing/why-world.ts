/** A manager without its doors: database, registry, policies, releases, ingest, engine and the answers, all real; devices speak by their messages. */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { and, eq } from 'drizzle-orm';
import { type RolloutAct, RolloutPlan, type Why, type WhyCounts } from '@pier/shared/api';
import { decodeToken, devicePaths } from '@pier/shared/enroll';
import { Asks, Bindings, Limits } from '@pier/shared/capability';
import { type AppName, DeviceId, Version, canonicalJson, silentLog, systemRandom } from '@pier/shared/core';
import { packArtifact, registryClient } from '@pier/shared/oci';
import { generateKeyPair, makeSignature, payloadTypes, signEnvelope } from '@pier/shared/signing';
import { makeCertificateRequest, makePrivateKey } from '@pier/shared/x509';
import { openAuthority } from '../../authority/index.ts';
import { type Policies, openPolicies, openReleases } from '../../artifact/index.ts';
import { type Db, binding, device } from '../../db/index.ts';
import { PinWatch, deviceHandlers, startIngest } from '../../device/index.ts';
import { board, movableClock, uplink } from '../../device/testing/device-world.ts';
import { type EnrollDeps, enrollDeviceRoutes, enrollHandlers, openDeviceKeys, openRevocations } from '../../enroll/index.ts';
import { listen } from '../../net/index.ts';
import { openRegistry } from '../../registry/index.ts';
import { type EngineDeps, advanceOnReport, rolloutHandlers, tick } from '../../rollout/index.ts';
import { whyHandlers } from '../index.ts';
import { SpeakingDevice } from './speaking-device.ts';

const actor = { name: 'ada', role: 'admin' } as const;
const call = { actor, query: undefined, body: undefined, params: undefined };
const signal = new AbortController().signal;
const ledAsks = Asks.parse({ gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] });
const ledAt = { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17, modes: ['out'] };

type Scope = { readonly prefix: string; readonly capabilities?: readonly string[] };
type PlanPart = Partial<Omit<RolloutPlan, 'waves'>> & { readonly waves?: readonly unknown[] };

type Database = { readonly db: Db; readonly folder: string } & AsyncDisposable;

/** The rooms of a manager that have a part in the answers, over a database that is closed with them. */
async function openRooms(database: Database) {
  await using opening = new AsyncDisposableStack();
  const { db, folder } = opening.use(database);
  const [log, clock] = [silentLog, movableClock()];
  const keys = { root: generateKeyPair(), release: generateKeyPair(), other: generateKeyPair(), scheduler: generateKeyPair() };
  const schedulerPem = keys.scheduler.privatePem;
  const registry = opening.use(await openRegistry({ dir: join(folder, 'registry'), clock, log }));
  const server = createServer((request, response) => void registry.handle(request, response, { kind: 'user', user: 'ci', may: 'push' }));
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  opening.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const client = opening.use(registryClient({ origin: `http://127.0.0.1:${port}` }));
  const wake = (): void => {};
  const judging = { on: true };
  const policies: Policies = openPolicies({ db, clock, log, scheduler: keys.scheduler, onChange: async () => void (judging.on && (await releases.rejudge())) });
  const releases = openReleases({ db, clock, random: systemRandom, log, registry, policies, wake });
  const publish = async (): Promise<void> => {};
  const pins = new PinWatch({ clock, publish });
  const streams = { takeLog: () => {}, takeTelemetry: async () => {} };
  const ingest = opening.use(startIngest({ db, clock, log, publish, schedulerPem, pins, wake, streams, onReported: advanceOnReport({ schedulerPem }) }));
  const engine: EngineDeps = { db, clock, log, schedulerPem, policies, wakePublisher: wake, offerS: 30 };
  const rollouts = rolloutHandlers({ db, clock, random: systemRandom, releases, policies, schedulerPem, wake });
  const devices = deviceHandlers({ db, clock, schedulerPem, pins, wake });
  const why = whyHandlers({ db, clock, policies });
  const authority = await openAuthority({ dir: join(folder, 'authority'), clock, hosts: [] });
  const revocations = await openRevocations({ db, onRevoked: () => {} });
  const deviceKeys = await openDeviceKeys({ db, clock, log });
  const showDevice = (id: DeviceId) => devices.getDevice({ ...call, params: { device: id } });
  const enrolling: EnrollDeps = { db, clock, random: systemRandom, log, authority, policies, urls: () => ({ mqtt: 'mqtts://127.0.0.1:1' }), revocations, keys: deviceKeys, graceMs: 0, wake, showDevice };
  const enroll = enrollHandlers(enrolling);
  const open = opening.move();
  return { db, clock, judging, keys, client, policies, releases, ingest, engine, rollouts, devices, why, enrolling, enroll, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** Over a database that is closed with it. */
export async function openWhyWorld(database: Database) {
  const rooms = await openRooms(database);
  const { db, clock, judging, keys, client, policies, releases, ingest, engine, rollouts, devices, why, enrolling, enroll } = rooms;
  let number = 0;

  const say = async (id: DeviceId, topic: 'presence' | 'reported', message: unknown): Promise<void> => {
    ingest.take(uplink(id, topic, message));
    await ingest.idle();
  };
  return {
    db, clock, judging,
    tick: () => tick(engine, { all: true }),
    /** A new policy; releases are judged anew by it, unless that is switched off. */
    trust: async ({ by = keys.release, scopes = [{ prefix: 'manager' }] }: { by?: typeof keys.release; scopes?: readonly Scope[] } = {}) => {
      number += 1;
      const all = { capabilities: ['gpio', 'serial', 'storage', 'telemetry'], threshold: 1, keys: [by.id] };
      const document = {
        number, root: { id: keys.root.id, pem: keys.root.publicPem }, bindings: 'manager', permits: 'optional', unsignedCommands: 'readOnly', scopes: scopes.map((scope) => ({ ...all, ...scope })),
        keys: [{ id: by.id, name: 'developer', role: 'release', pem: by.publicPem }, { id: keys.scheduler.id, name: 'manager', role: 'scheduler', pem: keys.scheduler.publicPem }],
      };
      const body = signEnvelope({ payloadType: payloadTypes.policy, payload: canonicalJson(document), privatePem: keys.root.privatePem });
      await policies.handlers.putPolicy({ ...call, body });
    },
    stranger: keys.other,
    release: async (app: AppName, counter = 1, repository = 'apps/scene') => {
      const packed = packArtifact({ wasm: Buffer.from(`\0asm ${app} ${counter}`), app, version: Version.parse(`${counter}.0.0`), counter, asks: ledAsks, limits: Limits.parse({}), title: 'scene.wasm' });
      await client.pushBlob(repository, packed.config.bytes, signal);
      await client.pushBlob(repository, packed.layer.bytes, signal);
      const digest = await client.pushManifest(repository, packed.manifest, {}, signal);
      await client.pushSignature(repository, { digest, ...makeSignature({ digest, manifestSizeBytes: packed.manifest.byteLength, privatePem: keys.release.privatePem }) }, signal);
      return releases.handlers.createRelease({ ...call, body: { repository, digest } });
    },
    withdraw: (id: string) => releases.handlers.withdrawRelease({ ...call, params: { id }, body: { remark: 'burns lamps' } }),
    addDevice: async (name: string) => {
      const id = DeviceId.parse(name);
      await db.insert(device).values({ id, name, model: board.model, profile: board, keyId: `key ${name}`, tags: { scene: name.replace(/-\d+$/, '') } });
      return new SpeakingDevice({ db, id, say });
    },
    /** A board that comes with a token that wants approval; out: the device that waits. */
    asksToBeLetIn: async (name: string) => {
      const token = await enroll.createToken({ ...call, body: { uses: 1, expiresInS: 60, tags: {}, approval: true } });
      const csr = await makeCertificateRequest({ privatePem: makePrivateKey(), commonName: name });
      const body = Buffer.from(JSON.stringify({ secret: decodeToken(token.token)?.secret, csr, profile: board, name }));
      await enrollDeviceRoutes(enrolling)({ method: 'POST', path: devicePaths.enroll, body }).catch((fault: unknown) => fault);
      const waiting = await enroll.listPending({ ...call, query: { limit: 500 } });
      return DeviceId.parse(waiting.items.find((one) => one.name === name)?.device);
    },
    approve: (id: DeviceId) => enroll.approveDevice({ ...call, params: { device: id }, body: {} }),
    revoke: (id: DeviceId) => enroll.revokeDevice({ ...call, params: { device: id }, body: {} }),
    setDevice: (id: DeviceId, change: Partial<typeof device.$inferInsert>) => db.update(device).set(change).where(eq(device.id, id)),
    bind: (id: DeviceId, app: AppName, change: object = {}) => devices.putBindings({ ...call, params: { device: id, app }, body: Bindings.parse({ led: { ...ledAt, ...change } }) }),
    /** Past the manager, which would refuse so many labels. */
    bindUnchecked: async (id: DeviceId, app: AppName, more: object) => db.update(binding).set({ bindings: { led: ledAt, ...more } }).where(and(eq(binding.deviceId, id), eq(binding.app, app))),
    start: async (release: string, { waves, ...plan }: PlanPart) => rollouts.createRollout({ ...call, body: RolloutPlan.parse({ release, soakS: 0, deadlineS: 3_600, ...plan, ...(waves && { waves }) }) }),
    act: (id: string, body: RolloutAct) => rollouts.actOnRollout({ ...call, params: { id }, body, ifMatch: undefined }),
    assign: (id: DeviceId, app: AppName, release: string | null) => rollouts.assignApp({ ...call, params: { device: id, app }, body: { release, soakS: 0 } }),
    giveBack: (id: DeviceId, app: AppName) => rollouts.releaseApp({ ...call, params: { device: id, app } }),
    whyDevice: async (id: string, app?: AppName): Promise<readonly Why[]> => (await why.whyDevice({ ...call, params: { device: DeviceId.parse(id) }, query: { app } })).items,
    whyRollout: (id: string): Promise<WhyCounts> => why.whyRollout({ ...call, params: { id } }),
    whyDeps: { db, clock, policies },
    [Symbol.asyncDispose]: () => rooms[Symbol.asyncDispose](),
  };
}
export type WhyWorld = Awaited<ReturnType<typeof openWhyWorld>>;
