/** A manager's database with devices and releases in it, and what takes their messages in: for tests of this room and of those beside it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, type Log, AppName, DeviceId, Digest, silentLog, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { Asks } from '@pier/shared/capability';
import { BoardProfile } from '@pier/shared/hardware';
import { type Desired, type Reported, Desired as DesiredSchema, topics } from '@pier/shared/wire';
import { generateKeyPair, openEnvelope, payloadTypes } from '@pier/shared/signing';
import { layDatabase } from '../../testing/laid-database.ts';
import { type Db, device, deviceState, openDatabase, policy, release } from '../../db/index.ts';
import { type Ingest, type OnAnswered, type OnReported, PinWatch, type Publish, type Streams, startIngest } from '../index.ts';

export const board = BoardProfile.parse({
  model: 'Raspberry Pi 4 Model B',
  onRelease: 'input',
  chips: [{ label: 'pinctrl-bcm2711', lines: Array.from({ length: 28 }, (_, line) => ({ line, name: `GPIO${line}`, ...(line < 2 ? { reserved: 'HAT EEPROM' } : {}) })) }],
  serial: [{ path: '/dev/ttyAMA0', name: 'console', reserved: 'console' }, { path: '/dev/ttyAMA1', name: 'UART 3' }],
});
export const app = AppName.parse('blink');
export const ledBinding = { led: { kind: 'gpio' as const, chip: 'pinctrl-bcm2711', line: 17, modes: ['out' as const] } };
const blinkAsks = Asks.parse({ gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] });

export type Sent = { readonly topic: string; readonly payload: string };
type Options = { readonly log?: Log; readonly clock?: Clock & { skip(ms: number): void }; readonly onReported?: OnReported; readonly onAnswered?: OnAnswered; readonly onChanged?: (devices: readonly string[]) => void; readonly streams?: Streams };

const noStreams: Streams = { takeLog: () => {}, takeTelemetry: async () => {} };

export async function openDeviceWorld({ log = silentLog, onReported = async () => false, onAnswered = async () => [], onChanged = () => {}, streams = noStreams, clock = movableClock() }: Options = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'pier-devices-'));
  await layDatabase(folder);
  const database = await openDatabase({ dataDir: folder, clock: systemClock, log: silentLog });
  const { db } = database;
  const keys = { root: generateKeyPair(), scheduler: generateKeyPair() };
  // Only its number goes into documents.
  await db.insert(policy).values({ number: 7, rootId: keys.root.id, envelope: {}, setBy: 'admin' });
  const sent: Sent[] = [];
  const publish: Publish = async (topic, payload) => void sent.push({ topic, payload });
  const woken = { count: 0 };
  const wake = (): void => void (woken.count += 1);
  const pins = new PinWatch({ clock, publish });
  const schedulerPem = keys.scheduler.privatePem;
  const deps = { db, clock, log, publish, schedulerPem, pins, wake, onReported, onAnswered, onChanged, streams };
  const ingest: Ingest = startIngest(deps);
  return {
    db, clock, keys, sent, publish, pins, ingest, deps, woken, wake, schedulerPem,
    addDevice: (name: string) => addDevice(db, name),
    addDevices: async (names: readonly string[]) => {
      await db.insert(device).values(names.map((name) => ({ id: name, name, model: board.model, profile: board, keyId: digestOf(name) })));
      return names.map((name) => DeviceId.parse(name));
    },
    addRelease: (of: Parameters<typeof addRelease>[1] = {}) => addRelease(db, of),
    desiredOf: (id: string) => desiredOf(db, id, keys.scheduler),
    put: (id: string, topic: keyof typeof topics, message: unknown) => ingest.take(uplink(id, topic, message)),
    say: async (id: string, topic: keyof typeof topics, message: unknown) => {
      ingest.take(uplink(id, topic, message));
      await ingest.idle();
    },
    [Symbol.asyncDispose]: async () => {
      await ingest[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
export type DeviceWorld = Awaited<ReturnType<typeof openDeviceWorld>>;

/** Real time, except that `nowMs` can be moved on. */
export function movableClock(): Clock & { skip(ms: number): void } {
  let skipped = 0;
  return { ...systemClock, nowMs: () => systemClock.nowMs() + skipped, skip: (ms) => void (skipped += ms) };
}

export function uplink(id: string, name: keyof typeof topics, message: unknown) {
  return { topic: topicOf(name, id), payload: Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)), from: { kind: 'device' as const, device: DeviceId.parse(id) } };
}

function topicOf(name: keyof typeof topics, id: string): string {
  if (name === 'manager') return topics.manager.of({ replica: 'a' });
  if (name === 'commandState') return topics.commandState.of({ device: id, id: 'c1' });
  return name === 'log' || name === 'telemetry' ? topics[name].of({ device: id, app }) : topics[name].of({ device: id });
}

async function addDevice(db: Db, name: string): Promise<DeviceId> {
  const id = DeviceId.parse(name);
  await db.insert(device).values({ id, name, model: board.model, profile: board, keyId: digestOf(name) });
  await db.insert(deviceState).values({ deviceId: id });
  return id;
}

async function addRelease(db: Db, { counter = 1, asks = blinkAsks, name = 'blink' }: { counter?: number; asks?: Asks; name?: string }) {
  const digest = Digest.parse(digestOf(`${name} ${counter}`));
  const id = `release-${name}-${counter}`;
  await db.insert(release).values({ id, app: name, version: `1.0.${counter}`, counter, repository: 'apps/blink', digest, sizeBytes: 1_000, asks, limits: {}, state: 'verified', signedBy: { ids: [] }, createdBy: 'dev' });
  return { id, digest, version: `1.0.${counter}`, counter };
}

/** The document that is stored for a device, opened with the scheduler's key as the device would; undefined when there is none. */
async function desiredOf(db: Db, id: string, scheduler: ReturnType<typeof generateKeyPair>): Promise<Desired | undefined> {
  const envelope = (await db.select().from(deviceState)).find((row) => row.deviceId === id)?.desired;
  if (!envelope) return undefined;
  const opened = openEnvelope(envelope, { payloadType: payloadTypes.desired, keys: [{ id: scheduler.id, pem: scheduler.publicPem }] });
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
