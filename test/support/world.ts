/** A whole Pier in one folder for a test: manager, simulated board, site cache; keys and policy made, nothing enrolled yet. */
import type * as z from 'zod';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppName, type DeviceId, type Digest, canonicalJson, silentLog, systemClock } from '@pier/shared/core';
import { type ApiClient, type CallOf, CreatedApiToken, type DeviceDetail, apiClient } from '@pier/shared/api';
import { Asks, type Binding, Limits, capabilityKinds } from '@pier/shared/capability';
import { packArtifact, registryClient } from '@pier/shared/oci';
import { type KeyPair, generateKeyPair, makeSignature, payloadTypes, signEnvelope } from '@pier/shared/signing';
import { openDatabase } from '../../manager/src/db/index.ts';
import { layDatabase } from '../../manager/src/testing/laid-database.ts';
import { checkInvariants } from './invariants.ts';
import { portToKeep } from './ports.ts';
import { type BoardModel, type ManagerReady, type Stage, type StartedBoard, openStage } from './stage.ts';

type Started = Awaited<ReturnType<Stage['startAgent']>>;
export type Pushed = { readonly repository: string; readonly digest: Digest; readonly layer: Digest };
type App = { readonly app: string; readonly version: string; readonly counter: number; readonly wasm: Uint8Array; readonly asks?: unknown; readonly limits?: unknown; readonly signer?: 'release' | 'stranger' | 'nobody' };

export type World = {
  readonly stage: Stage;
  /** Of the process that was started first, whose child the manager is. */
  readonly managerPid: number;
  readonly dir: string;
  readonly manager: ManagerReady;
  readonly api: ApiClient;
  readonly keys: Readonly<Record<'root' | 'release' | 'operator' | 'stranger', KeyPair>>;
  readonly board: StartedBoard;
  readonly mirror: string;
  token(options?: { uses?: number; expiresInS?: number; tags?: Readonly<Record<string, string>>; approval?: boolean }): Promise<string>;
  /** Without a board of its own the device has the world's. */
  enrol(options?: { name?: string; token?: string; board?: StartedBoard; launcher?: string }): Promise<Started & { device: DeviceId }>;
  /** A device with a board of its own. */
  addDevice(name: string, how?: { model?: BoardModel; tags?: Readonly<Record<string, string>> }): Promise<Started & { device: DeviceId; board: StartedBoard }>;
  /** A successor of the policy that the world began with, changed in this. */
  setPolicy(change?: Readonly<Record<string, unknown>>): Promise<void>;
  /** A second person with an account, who signs in and uses an API token. */
  addPerson(name: string, role: 'viewer' | 'operator' | 'admin'): Promise<{ api: ApiClient; token: string }>;
  push(app: App): Promise<Pushed>;
  bind(device: DeviceId, app: string, bindings: Readonly<Record<string, z.input<typeof Binding>>>): Promise<void>;
  /** Makes a release and starts a rollout of it; gives the rollout's id. */
  rollOut(pushed: Pushed, device: DeviceId, options?: { soakS?: number; deadlineS?: number }): Promise<string>;
  /** The same to several, with everything that a plan may say. */
  rollOutTo(pushed: Pushed, plan: Omit<CallOf<'createRollout'>['body'], 'release'>): Promise<string>;
  look(device: DeviceId): Promise<DeviceDetail>;
} & AsyncDisposable;

export const led: z.input<typeof Binding> = { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17, modes: ['out'] };
export const button: z.input<typeof Binding> = { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 27, modes: ['in'] };

/** `env` is for the processes of the world, such as a DATABASE_URL; `options` are the manager's. */
export async function openWorld(env: NodeJS.ProcessEnv = {}, options: readonly string[] = []): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'pier-world-'));
  const stage = openStage(dir, env);
  if (env['DATABASE_URL'] === undefined) await layDatabase(join(dir, 'manager'));
  const ports = ['http', 'device', 'mqtt'].filter((name) => !options.includes(`--${name}-port`));
  const addressed = (await Promise.all(ports.map(async (name) => [`--${name}-port`, String(await portToKeep())]))).flat();
  const [{ ready: manager, process: managerProcess }, board] = await Promise.all([stage.startManager([...options, ...addressed]), stage.startBoard()]);
  const { url: mirror } = await stage.startMirror(manager);
  const api = apiClient({ baseUrl: manager.http, token: manager.admin.token });
  const keys = { root: generateKeyPair(), release: generateKeyPair(), operator: generateKeyPair(), stranger: generateKeyPair() };
  await putPolicy(api, keys);
  const addresses = await api.call('getAddresses', {});
  const registry = registryClient({ origin: addresses.registry, tls: { ca: addresses.ca }, basic: { user: manager.registryCredentials.user, password: manager.registryCredentials.password } });
  const world: World = {
    stage,
    managerPid: managerProcess.child.pid ?? 0,
    dir,
    manager,
    api,
    keys,
    board,
    mirror,
    token: async ({ uses = 1, expiresInS = 600, tags = {}, approval = false } = {}) => (await api.call('createToken', { body: { uses, expiresInS, tags, approval } })).token,
    addDevice: async (name, { model = 'raspberry-pi-4b', tags = {} } = {}) => {
      const own = await stage.startBoard({ name: `board-${name}`, model });
      return { ...(await world.enrol({ name, board: own, token: await world.token({ tags }) })), board: own };
    },
    enrol: async ({ name = 'agent', token, board: own = board, launcher } = {}) => {
      const started = await stage.startAgent({ manager: manager.device, token: token ?? (await world.token()), board: own.dir, mirror, name, ...(launcher === undefined ? {} : { launcher }) });
      return { ...started, device: started.device as DeviceId };
    },
    setPolicy: (change) => putPolicy(api, keys, change),
    addPerson: async (user, role) => {
      const token = await signUp(api, manager.http, { user, role });
      return { token, api: apiClient({ baseUrl: manager.http, token }) };
    },
    push: async ({ signer = 'release', ...app }) => {
      const artifact = packArtifact({ ...app, app: AppName.parse(app.app), version: app.version as Parameters<typeof packArtifact>[0]['version'], asks: Asks.parse(app.asks ?? {}), limits: Limits.parse(app.limits ?? {}), title: `${app.app}.wasm` });
      const repository = `apps/${app.app}`;
      const signal = AbortSignal.timeout(pushMs);
      await registry.pushBlob(repository, artifact.config.bytes, signal);
      await registry.pushBlob(repository, artifact.layer.bytes, signal);
      await registry.pushManifest(repository, artifact.manifest, { tag: app.version }, signal);
      if (signer !== 'nobody') await registry.pushSignature(repository, { digest: artifact.digest, ...makeSignature({ digest: artifact.digest, manifestSizeBytes: artifact.manifest.byteLength, privatePem: keys[signer].privatePem }) }, signal);
      return { repository, digest: artifact.digest, layer: artifact.layer.digest };
    },
    bind: async (device, app, bindings) => void (await api.call('putBindings', { params: { device, app: AppName.parse(app) }, body: bindings })),
    rollOut: (pushed, device, { soakS = 1, deadlineS = 60 } = {}) => world.rollOutTo(pushed, { devices: [device], soakS, deadlineS }),
    rollOutTo: async ({ repository, digest }, plan) => {
      const release = await api.call('createRelease', { body: { repository, digest } });
      return (await api.call('createRollout', { body: { release: release.id, soakS: 1, deadlineS: 60, ...plan } })).id;
    },
    look: (device) => api.call('getDevice', { params: { device } }),
    [Symbol.asyncDispose]: async () => {
      registry[Symbol.dispose]();
      await stage[Symbol.asyncDispose]();
      // A database of somebody else is his to look at.
      const broken = env['DATABASE_URL'] === undefined ? await brokenInvariants(join(dir, 'manager')) : [];
      rmSync(dir, { recursive: true, force: true });
      if (broken.length > 0) throw new Error(`after the test the database breaks its invariants: ${broken.join('; ')}`);
    },
  };
  return world;
}

const pushMs = 60_000;

/** What does not hold in the database that a stopped manager left. */
async function brokenInvariants(dataDir: string): Promise<string[]> {
  await using database = await openDatabase({ dataDir, clock: systemClock, log: silentLog });
  return await checkInvariants(database.db);
}

async function putPolicy(api: ApiClient, keys: World['keys'], change: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const scheduler = await api.call('getScheduler', {});
  const policy = {
    number: systemClock.nowMs(),
    root: { id: keys.root.id, pem: keys.root.publicPem },
    keys: [
      { id: keys.release.id, name: 'release', role: 'release', pem: keys.release.publicPem },
      { id: keys.operator.id, name: 'operator', role: 'operator', pem: keys.operator.publicPem },
      { id: scheduler.id, name: 'scheduler', role: 'scheduler', pem: scheduler.pem },
    ],
    scopes: [{ prefix: 'manager/apps', keys: [keys.release.id], threshold: 1, capabilities: [...capabilityKinds] }],
    bindings: 'manager',
    permits: 'optional',
    unsignedCommands: 'readOnly',
    ...change,
  };
  await api.call('putPolicy', { body: signEnvelope({ payloadType: payloadTypes.policy, payload: canonicalJson(JSON.parse(JSON.stringify(policy))), privatePem: keys.root.privatePem }) });
}

/** Makes an account, signs in as a browser does, and gives an API token of that person. */
async function signUp(api: ApiClient, http: string, { user, role }: { user: string; role: 'viewer' | 'operator' | 'admin' }): Promise<string> {
  const password = randomBytes(16).toString('hex');
  await api.call('createUser', { body: { name: user, role, password } });
  const signedIn = await fetch(new URL('/api/v1/session', http), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user, password }) });
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
  const made = await fetch(new URL('/api/v1/api-tokens', http), { method: 'POST', headers: { cookie, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }, body: JSON.stringify({ name: 'flow', role }) });
  if (made.status !== 201) throw new Error(`${user} gets no token: ${made.status} ${await made.text()}`);
  return CreatedApiToken.parse(await made.json()).token;
}

/** Looks again until `look` gives something; fails with what was wanted when time is up. */
export async function until<T>(wanted: string, look: () => Promise<T | undefined> | T | undefined, timeoutMs = 150_000): Promise<T> {
  const endMs = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (systemClock.monotonicMs() > endMs) throw new Error(`not seen within ${timeoutMs} ms: ${wanted}`);
    await systemClock.sleep(100);
  }
}

/** The deployment of a device in a rollout, once it is in one of these states. */
export function deploymentIn(world: World, { device, rollout, states }: { device: DeviceId; rollout: string; states: readonly string[] }) {
  return until(`deployment of ${device} in ${states.join(' or ')}`, async () => {
    const seen = (await world.look(device)).deployments.find((one) => one.rollout === rollout);
    return seen && states.includes(seen.state) ? seen : undefined;
  });
}

/** A rollout, once it is in one of these states. */
export function rolloutIn(world: World, id: string, states: readonly string[], timeoutMs?: number) {
  return until(`rollout ${id} ${states.join(' or ')}`, async () => {
    const seen = await world.api.call('getRollout', { params: { id } });
    return states.includes(seen.state) ? seen : undefined;
  }, timeoutMs);
}
