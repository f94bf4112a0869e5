/** What tests of rollouts say and look at, over a manager's real database. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { and, asc, eq, sql } from 'drizzle-orm';
import { type DeviceId, Fault, type Log, silentLog, systemClock } from '@pier/shared/core';
import type { RolloutAct } from '@pier/shared/api';
import { type Fleet, type Started, app, ledBinding, openFleet, presence, reported } from './fleet.ts';
import { checkInvariants } from './invariants.ts';
import { type Db, assignment, audit, deployment, rollout, wave } from '../../manager/src/db/index.ts';
import { deviceHandlers } from '../../manager/src/device/index.ts';

export type Made = Awaited<ReturnType<Fleet['addRelease']>>;
type Place = { readonly online?: boolean; readonly bound?: boolean; readonly tags?: Record<string, string>; readonly lastGood?: Made };

export const onDevice = ({ digest, version, counter }: Made) => ({ digest, version, counter });
export const failure = { state: 'failed', reason: { code: 'guest-trapped', reason: 'unreachable' } };

/** Opens a fleet for a test file; after each test everything that must hold is checked, and that nothing was logged as an error. */
export function useRollouts() {
  const open: { fleet?: Fleet } = {};
  const alarms: object[] = [];
  const log: Log = { ...silentLog, error: (fields) => void alarms.push(fields) };
  beforeAll(async () => {
    open.fleet = await openFleet({ log });
  }, 120_000);
  afterEach(async () => {
    expect(await checkInvariants(fleetOf(open).db)).toEqual([]);
    expect(alarms.splice(0)).toEqual([]);
  });
  afterAll(async () => fleetOf(open)[Symbol.asyncDispose](), 60_000);
  return {
    get fleet(): Fleet {
      return fleetOf(open);
    },
    ...making(() => fleetOf(open)),
    ...looking(() => fleetOf(open)),
  };
}

function fleetOf({ fleet }: { fleet?: Fleet }): Fleet {
  if (!fleet) throw new Error('the fleet is opened before the first test');
  return fleet;
}

function making(fleet: () => Fleet) {
  const count = { devices: 0, releases: 100, seq: 10 };
  const bind = async (id: DeviceId): Promise<void> => {
    await deviceHandlers(fleet()).putBindings({ params: { device: id, app }, query: undefined, body: ledBinding, actor: { name: 'ada', role: 'operator' } });
  };
  const report = async (device: DeviceId, of: Made, said: Record<string, unknown>) => {
    await fleet().say(device, 'reported', reported({ seq: (count.seq += 1), apps: { blink: { digest: of.digest, ...said } } }));
  };
  const newDevice = async ({ online = true, bound = true, tags = {}, lastGood }: Place = {}): Promise<DeviceId> => {
    const id = await fleet().addDevice(`dock-${String((count.devices += 1)).padStart(4, '0')}`, tags);
    if (online) await fleet().say(id, 'presence', presence({ seq: 1 }));
    if (bound) await bind(id);
    if (lastGood) await report(id, lastGood, { running: { ...onDevice(lastGood), restarts: 0, sinceMs: 1 }, lastGood: onDevice(lastGood) });
    return id;
  };
  return {
    bind,
    report,
    newDevice,
    newDevices: async (many: number, place: Place = {}): Promise<DeviceId[]> => {
      const ids: DeviceId[] = [];
      for (let n = 0; n < many; n += 1) ids.push(await newDevice(place));
      return ids;
    },
    newRelease: async (of: Parameters<Fleet['addRelease']>[0] = {}): Promise<Made> => fleet().addRelease({ counter: (count.releases += 1), ...of }),
    /** One wave of devices, unless waves are given. */
    start: async (release: { readonly id: string }, devices: readonly string[], more: Partial<Started> = {}): Promise<string> => fleet().addRollout({ release, waves: [{ devices }], ...more }),
    /** Says as the device that it does not have the app at all. */
    reportNothing: async (device: DeviceId) => fleet().say(device, 'reported', reported({ seq: (count.seq += 1), apps: {} })),
    goOffline: async (device: DeviceId) => fleet().say(device, 'presence', { gen: 1, boot: 1, seq: 1, online: false, conn: 'c1' }),
    comeBack: async (device: DeviceId) => fleet().say(device, 'presence', presence({ boot: 2, seq: (count.seq += 1), conn: `c${count.seq}` })),
  };
}

function looking(fleet: () => Fleet) {
  const at = async (id: string, device: string) => (await fleet().db.select().from(deployment).where(and(eq(deployment.rolloutId, id), eq(deployment.deviceId, device))))[0];
  const rolloutAt = async (id: string) => (await fleet().db.select().from(rollout).where(eq(rollout.id, id)))[0];
  return {
    at,
    rolloutAt,
    statesOf: async (id: string, devices: readonly string[]) => Promise.all(devices.map(async (device) => (await at(id, device))?.state)),
    wavesAt: async (id: string) => (await fleet().db.select({ state: wave.state }).from(wave).where(eq(wave.rolloutId, id)).orderBy(asc(wave.n))).map((row) => row.state),
    assigned: async (device: string) => (await fleet().db.select().from(assignment).where(eq(assignment.deviceId, device)))[0],
    auditOf: async (object: string) => fleet().db.select({ actor: audit.actor, action: audit.action, detail: audit.detail }).from(audit).where(eq(audit.object, object)).orderBy(audit.id),
    /** A person's act, decided on the present revision unless another is given. */
    act: async (id: string, body: RolloutAct, { by = 'bob', revision }: { by?: string; revision?: number } = {}) => {
      const ifMatch = revision ?? (await rolloutAt(id))?.revision;
      return fleet().handlers.actOnRollout({ params: { id }, query: undefined, body, actor: { name: by, role: 'operator' }, ifMatch });
    },
    preview: async (id: string, by = 'bob', devices?: string) => {
      const { items } = await fleet().handlers.previewRollout({ params: { id }, query: { devices }, body: undefined, actor: { name: by, role: 'operator' } });
      return new Map(items.map((item) => [item.verb, item]));
    },
    /** A tick at which everything is due. */
    tickLater: async (ms = 61_000) => {
      fleet().clock.skip(ms);
      await fleet().tick();
    },
  };
}

export type Rollouts = ReturnType<typeof useRollouts>;

/** Reports that the attempt which a device was given is in a state. */
export async function answer(of: Pick<Rollouts, 'at' | 'report'>, { id, device, release }: { id: string; device: DeviceId; release: Made }, said: Record<string, unknown> = { state: 'proven', lastGood: onDevice(release) }): Promise<void> {
  await of.report(device, release, { attempt: (await of.at(id, device))?.attempt, ...said });
}

/** Until somebody's statement waits for a lock. */
export async function untilLocked(db: Db): Promise<void> {
  const found = async () => (await db.execute(sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).rows.length > 0;
  const untilMs = systemClock.nowMs() + 30_000;
  while (!(await found())) {
    if (systemClock.nowMs() > untilMs) throw new Error('nobody waits for a lock');
    await systemClock.sleep(10);
  }
}

export async function faultOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof Fault ? { code: error.code, message: error.message } : error),
  );
}
