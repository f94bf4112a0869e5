/** A manager's database with a policy, releases and devices in it, and the parts that work on it: for tests of the manager's nouns. */
import { eq } from 'drizzle-orm';
import { type Clock, type Log, AppName, DeviceId, Digest, isoTime, silentLog, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type RolloutPlan, Gate, Release, WavePlan } from '@pier/shared/api';
import { Asks } from '@pier/shared/capability';
import type { BoardProfile } from '@pier/shared/hardware';
import { type Desired, type Reported, Desired as DesiredSchema, topics } from '@pier/shared/wire';
import { TrustPolicy, generateKeyPair, openEnvelope, payloadTypes, signEnvelope } from '@pier/shared/signing';
import { type Db, binding, deployment, device, deviceState, policy, release, rollout, storeAudit, wave } from '../../manager/src/db/index.ts';
import { type Ingest, PinWatch, type Publish, type Streams, startIngest } from '../../manager/src/device/index.ts';
import { type RolloutDeps, advanceOnReport, rolloutHandlers, tick } from '../../manager/src/rollout/index.ts';
import { openTestDatabase } from './postgres.ts';

export const board: BoardProfile = {
  model: 'Raspberry Pi 4 Model B',
  onRelease: 'input',
  serial: [],
  chips: [
    {
      label: 'pinctrl-bcm2711',
      lines: Array.from({ length: 28 }, (_, line) => ({ line, name: `GPIO${line}`, ...(line < 2 ? { reserved: 'HAT EEPROM' } : {}) })),
    },
  ],
};

export const blinkAsks = Asks.parse({ gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] });
export const app = AppName.parse('blink');
export const ledBinding = { led: { kind: 'gpio' as const, chip: 'pinctrl-bcm2711', line: 17, modes: ['out' as const] } };

/** Real time, except that `nowMs` can be moved on. */
export function movableClock(): Clock & { skip(ms: number): void } {
  let skipped = 0;
  return { ...systemClock, nowMs: () => systemClock.nowMs() + skipped, skip: (ms) => void (skipped += ms) };
}

export type Sent = { readonly topic: string; readonly payload: string };

/** Nobody looks at logs or telemetry here. */
const noStreams: Streams = { takeLog: () => {}, takeTelemetry: async () => {} };

export async function openFleet({ log = silentLog, streams = noStreams }: { log?: Log; streams?: Streams } = {}) {
  const opened = await openTestDatabase();
  const { db } = opened;
  const clock = movableClock();
  const keys = { root: generateKeyPair(), release: generateKeyPair(), scheduler: generateKeyPair() };
  const trust = await storePolicy(db, keys);
  const sent: Sent[] = [];
  const publish: Publish = async (topic, payload) => void sent.push({ topic, payload });
  const woken = { count: 0 };
  const pins = new PinWatch({ clock, publish });
  const schedulerPem = keys.scheduler.privatePem;
  const wake = (): void => void (woken.count += 1);
  const ingest: Ingest = startIngest({ db, clock, log, publish, schedulerPem, pins, streams, wake, onReported: advanceOnReport({ schedulerPem }) });
  const policies = { policyInForce: async () => trust };
  const engine = { db, clock, log, schedulerPem, policies, wakePublisher: () => {}, offerS: 30 };
  const rollouts: RolloutDeps = { db, clock, random: Math.random, schedulerPem, policies, wake, releases: { get: async (id) => releaseOf(db, id) } };
  return {
    /** What the routes of rollouts are made with, and they themselves. */
    rollouts,
    handlers: rolloutHandlers(rollouts),
    addRollout: (of: Started) => storeRollout(db, clock, of),
    bind: async (id: string, name: string = app, bindings: object = ledBinding) => {
      const row = { deviceId: id, app: name, bindings: { ...bindings }, setBy: 'ada' };
      await db.insert(binding).values(row).onConflictDoUpdate({ target: [binding.deviceId, binding.app], set: { bindings: row.bindings } });
    },
    db, clock, keys, sent, publish, pins, ingest, woken, wake, policies, schedulerPem, engine,
    tick: (all = true) => tick(engine, { all }),
    addDevice: (name: string, tags: Record<string, string> = {}) => storeDevice(db, name, tags),
    addRelease: (of: Parameters<typeof storeRelease>[1] = {}) => storeRelease(db, of),
    desiredOf: (id: string) => desiredOf(db, { id, publicPem: keys.scheduler.publicPem, keyId: keys.scheduler.id }),
    say: async (id: DeviceId, topic: keyof typeof topics, message: unknown) => {
      ingest.take({ topic: topicOf(topic, id), payload: Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)), from: { kind: 'device', device: id } });
      await ingest.idle();
    },
    [Symbol.asyncDispose]: async () => {
      await ingest[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}
export type Fleet = Awaited<ReturnType<typeof openFleet>>;

function topicOf(name: keyof typeof topics, id: DeviceId): string {
  if (name === 'telemetry' || name === 'log') return topics[name].of({ device: id, app });
  return name === 'commandState' ? topics.commandState.of({ device: id, id: 'c1' }) : name === 'manager' ? topics.manager.of({ replica: 'a' }) : topics[name].of({ device: id });
}

async function storePolicy(db: Db, { root, release: signer, scheduler }: { root: ReturnType<typeof generateKeyPair>; release: ReturnType<typeof generateKeyPair>; scheduler: ReturnType<typeof generateKeyPair> }) {
  const document = TrustPolicy.parse({
    number: 7,
    root: { id: root.id, pem: root.publicPem },
    keys: [
      { id: signer.id, name: 'developer', role: 'release', pem: signer.publicPem },
      { id: scheduler.id, name: 'manager', role: 'scheduler', pem: scheduler.publicPem },
    ],
    scopes: [{ prefix: 'manager', keys: [signer.id] }],
    bindings: 'manager',
    permits: 'optional',
    unsignedCommands: 'readOnly',
  });
  const envelope = signEnvelope({ payloadType: payloadTypes.policy, payload: JSON.stringify(document), privatePem: root.privatePem });
  await db.insert(policy).values({ number: document.number, rootId: root.id, envelope, setBy: 'admin' });
  return { policy: document, envelope, number: document.number, rootId: root.id };
}

async function storeDevice(db: Db, name: string, tags: Record<string, string>): Promise<DeviceId> {
  const id = DeviceId.parse(name);
  await db.insert(device).values({ id, name, model: board.model, profile: board, tags, keyId: digestOf(name) });
  await db.insert(deviceState).values({ deviceId: id });
  return id;
}

async function storeRelease(db: Db, { counter = 1, asks = blinkAsks, name = 'blink', state = 'verified', repository = 'apps/blink' }: { counter?: number; asks?: Asks; name?: string; state?: string; repository?: string } = {}) {
  const digest = digestOf(`${name} ${counter}`);
  const id = `release-${name}-${counter}`;
  await db.insert(release).values({ id, app: name, version: `1.0.${counter}`, counter, repository, digest, sizeBytes: 1_000, asks, limits: {}, state, signedBy: { ids: [] }, createdBy: 'dev', ...(state === 'verified' ? {} : { reasonCode: 'unsigned', reasonText: 'nobody signed it' }) });
  return { id, digest: Digest.parse(digest), version: `1.0.${counter}`, counter };
}

/** A rollout by its waves and their devices, as a plan would have made it. */
export type Started = Partial<Pick<RolloutPlan, 'name' | 'selector' | 'mode' | 'soakS' | 'deadlineS' | 'maxInFlight' | 'onFailure' | 'horizonS'>> & {
  readonly release: { readonly id: string };
  readonly waves: readonly { readonly devices: readonly string[]; readonly gate?: Partial<Gate>; readonly advance?: 'auto' | 'manual'; readonly soakS?: number }[];
  readonly state?: 'running' | 'awaiting_approval';
  readonly reasonCode?: string;
  readonly createdBy?: string;
};

let rolloutsMade = 0;

async function storeRollout(db: Db, clock: Clock, of: Started): Promise<string> {
  const { release: { id: releaseId }, waves, state = 'running', reasonCode = null, createdBy = 'ada' } = of;
  const { name = 'a rollout', selector = null, mode = 'static', soakS = 1, deadlineS = 60, maxInFlight = 500, onFailure = 'pause', horizonS = 86_400 } = of;
  // Ids sort by the time they were made, as those of the manager do.
  const id = `rollout-${String((rolloutsMade += 1)).padStart(6, '0')}`;
  const found = await releaseOf(db, releaseId);
  const now = new Date(clock.nowMs());
  await db.transaction(async (tx) => {
    await tx.insert(rollout).values({ id, name, releaseId, app: found?.app ?? app, state, reasonCode, selector, mode, soakS, deadlineS, maxInFlight, onFailure, horizonS, nextTickAt: now, createdBy, createdAt: now });
    for (const [index, { devices, gate = {}, advance = 'auto', soakS: own }] of waves.entries()) {
      const plan = WavePlan.parse({ take: { by: 'count', count: Math.max(devices.length, 1) }, gate: Gate.parse(gate), advance, ...(own === undefined ? {} : { soakS: own }) });
      await tx.insert(wave).values({ rolloutId: id, n: index + 1, state: index === 0 ? 'active' : 'pending', plan, openedAt: index === 0 && state === 'running' ? now : null });
      for (let at = 0; at < devices.length; at += 1_000) {
        await tx.insert(deployment).values(devices.slice(at, at + 1_000).map((deviceId) => ({ rolloutId: id, deviceId, app: found?.app ?? app, wave: index + 1, state: 'waiting', updatedAt: now })));
      }
    }
    await storeAudit(tx, [{ actor: createdBy, action: 'rollout.created', object: `rollout:${id}` }], now.getTime());
  });
  return id;
}

async function releaseOf(db: Db, id: string): Promise<Release | undefined> {
  const rows = await db.select().from(release).where(eq(release.id, id));
  const row = rows[0];
  if (!row) return undefined;
  const { reasonCode, reasonText, createdAt, signedBy, ...rest } = row;
  return Release.parse({ ...rest, permissions: [], signedBy: signedBy.ids, reason: reasonCode === null ? null : { code: reasonCode, reason: reasonText ?? '' }, createdAt: isoTime(createdAt.getTime()) });
}

/** The document that is stored for a device, opened with the scheduler's key as the device would; undefined when there is none. */
async function desiredOf(db: Db, { id, publicPem, keyId }: { id: string; publicPem: string; keyId: ReturnType<typeof generateKeyPair>['id'] }): Promise<Desired | undefined> {
  const rows = await db.select().from(deviceState);
  const envelope = rows.find((row) => row.deviceId === id)?.desired;
  if (!envelope) return undefined;
  const opened = openEnvelope(envelope, { payloadType: payloadTypes.desired, keys: [{ id: keyId, pem: publicPem }] });
  if (!opened.ok) throw new Error(opened.refusal.reason);
  return DesiredSchema.parse(JSON.parse(Buffer.from(opened.value.payload).toString()));
}

type Ordered = { readonly gen?: number; readonly boot?: number; readonly seq: number };

export function presence({ gen = 1, boot = 1, seq, ...rest }: Ordered & Record<string, unknown>) {
  return { gen, boot, seq, online: true, conn: 'c1', agent: '0.1.0', proto: 1, model: board.model, can: ['cmd'], rev: 0, desired: null, reported: null, ...rest };
}

export function reported({ gen = 1, boot = 1, seq, apps = {}, ...rest }: Ordered & { apps?: Record<string, unknown> } & Record<string, unknown>): Record<string, unknown> & Pick<Reported, 'gen' | 'boot' | 'seq'> {
  return { gen, boot, seq, rev: 0, desired: null, policy: 7, apps, ...rest };
}
