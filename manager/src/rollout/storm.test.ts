import { expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { DeviceId, Fault } from '@pier/shared/core';
import { type RolloutAct, RolloutPlan } from '@pier/shared/api';
import { app, presence } from '../../../test/support/fleet.ts';
import { checkInvariants } from '../../../test/support/invariants.ts';
import { type Made, onDevice, useRollouts } from '../../../test/support/rollouts.ts';
import { seeded } from '../../../shared/src/selector/toy-selectors.ts';
import { assignment, deployment, device as deviceTable, release as releaseTable, rollout } from '../db/index.ts';
import { deviceHandlers } from '../device/index.ts';

const world = useRollouts();
const { newDevices, newRelease, start, report, reportNothing, goOffline, act, bind, rolloutAt } = world;

const words = ['accepted', 'downloading', 'soaking', 'proven', 'proven', 'proven', 'failed', 'refused'] as const;
const steps = 40;

/** What a device, an operator or the engine does next; devices lie about one time in ten. */
function storm(random: () => number, { id, devices, before, release }: { id: string; devices: readonly DeviceId[]; before: Made; release: Made }) {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  let boot = 2;
  const verbs = (): RolloutAct => {
    const some = devices.filter(() => random() < 0.3);
    const named = some.length === 0 ? devices.slice(0, 1) : some;
    return pick<RolloutAct>([{ verb: 'pause' }, { verb: 'resume' }, { verb: 'resume' }, { verb: 'advance' }, { verb: 'retry' }, { verb: 'retry', devices: named }, { verb: 'exclude', devices: named.slice(0, 1) }, { verb: 'set_cap', maxInFlight: 1 + Math.floor(random() * 6) }, { verb: 'approve' }]);
  };
  const speak = async (): Promise<void> => {
    const device = pick(devices);
    const [row] = (await world.fleet.db.select().from(deployment).where(eq(deployment.deviceId, device))).filter((one) => one.rolloutId === id);
    if (random() < 0.1) return reportNothing(device);
    const back = row?.state === 'rolling_back' || random() < 0.1;
    const attempt = Math.max(1, (row?.attempt ?? 1) + (random() < 0.1 ? 1 : 0));
    const state = pick(words);
    await report(device, back ? before : release, { attempt, state, ...(state === 'proven' ? { lastGood: onDevice(back ? before : release) } : { lastGood: onDevice(before) }) });
  };
  const operate = async (): Promise<void> => {
    await act(id, verbs(), { by: pick(['ada', 'bob']) }).catch((error: unknown) => {
      if (!(error instanceof Fault) || error.status >= 500) throw error;
    });
  };
  const move = async (): Promise<void> => {
    const device = pick(devices);
    if (random() < 0.5) await goOffline(device);
    else await world.fleet.say(device, 'presence', presence({ boot: (boot += 1), seq: 1, conn: `b${boot}` }));
  };
  return { pick, one: async () => pick([speak, speak, speak, speak, operate, move, async () => world.fleet.tick(), async () => world.fleet.tick()])() };
}

/** What else goes on in a fleet: rollouts that come over one another, hands, and trust that is lost and found. */
function crowd(random: () => number, { devices, releases }: { devices: readonly DeviceId[]; releases: readonly Made[] }) {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const { fleet } = world;
  const actor = { name: 'eve', role: 'operator' } as const;
  const allowed = async (work: Promise<unknown>): Promise<void> => {
    await work.catch((error: unknown) => {
      if (!(error instanceof Fault) || error.status >= 500) throw error;
    });
  };
  const place = () => ({ params: { device: pick(devices), app }, query: undefined, actor });
  const rollouts: string[] = [];
  const startOne = async (): Promise<void> => {
    const some = random() < 0.5 ? { selector: 'site=storm', mode: pick(['static', 'dynamic'] as const) } : { devices: devices.filter(() => random() < 0.6) };
    const plan = RolloutPlan.safeParse({ release: pick(releases).id, soakS: 1, deadlineS: 60, maxInFlight: 3, waves: [{ take: { by: 'count', count: 2 } }], ...some });
    if (plan.success) await allowed(fleet.handlers.createRollout({ params: undefined, query: undefined, body: plan.data, actor }).then(({ id }) => rollouts.push(id)));
  };
  const bindOrNot = async (): Promise<void> => allowed(random() < 0.5 ? bind(pick(devices)) : deviceHandlers(fleet).putBindings({ ...place(), body: {} }));
  const judge = async (): Promise<unknown> => fleet.db.update(releaseTable).set({ state: pick(['verified', 'verified', 'withdrawn']), reasonText: 'judged anew' }).where(eq(releaseTable.id, pick(releases).id));
  const byHand = async (): Promise<void> => allowed(fleet.handlers.assignApp({ ...place(), body: { release: random() < 0.3 ? null : pick(releases).id, soakS: 1 } }));
  const giveBack = async (): Promise<void> => allowed(fleet.handlers.releaseApp({ ...place(), body: undefined }));
  const operate = async (): Promise<void> => {
    const id = rollouts[Math.floor(random() * rollouts.length)];
    const verb = pick<RolloutAct>([{ verb: 'pause' }, { verb: 'resume' }, { verb: 'approve' }, { verb: 'deny' }, { verb: 'abort' }, { verb: 'roll_back' }, { verb: 'retry' }, { verb: 'advance' }, { verb: 'exclude', devices: [pick(devices)] }]);
    if (id !== undefined) await allowed(act(id, verb, { by: pick(['eve', 'bob']) }));
  };
  const speak = async (): Promise<void> => {
    const device = pick(devices);
    const [held] = await fleet.db.select().from(assignment).where(eq(assignment.deviceId, device));
    const release = releases.find(({ id }) => id === held?.releaseId) ?? pick(releases);
    const state = pick(words);
    const lastGood = onDevice(state === 'proven' ? release : pick(releases));
    await (held && held.releaseId !== null ? report(device, release, { attempt: held.attempt, state, lastGood }) : reportNothing(device));
  };
  return { rollouts, startOne, one: async () => pick([startOne, judge, byHand, giveBack, giveBack, operate, operate, bindOrNot, speak, speak, speak, speak, async () => fleet.tick()])() };
}

test.each([21, 22, 23, 27])('rollouts over one another, hands, and trust that comes and goes break nothing, and all can be ended (seed %i)', async (seed) => {
  const random = seeded(seed);
  const releases = [await newRelease(), await newRelease(), await newRelease()];
  const devices = (await newDevices(6, { tags: { site: 'storm' } })).map((id) => DeviceId.parse(id));
  const { one, startOne, rollouts } = crowd(random, { devices, releases });
  while (rollouts.length < 2) await startOne();
  for (let n = 0; n < steps; n += 1) {
    await Promise.all([one(), one(), one(), world.fleet.tick()]);
    if (random() < 0.2) world.fleet.clock.skip([1_000, 31_000, 62_000][Math.floor(random() * 3)] ?? 0);
    expect([n, await checkInvariants(world.fleet.db)]).toEqual([n, []]);
  }
  for (const id of rollouts) await act(id, { verb: 'abort' }).catch(() => undefined);
  for (let n = 0; n < 10; n += 1) {
    world.fleet.clock.skip(62_000);
    await world.fleet.tick();
    expect([n, await checkInvariants(world.fleet.db)]).toEqual([n, []]);
  }
  for (const id of rollouts) expect(['aborted', 'denied', 'rolled_back']).toContain((await rolloutAt(id))?.state);
  await world.fleet.db.update(deviceTable).set({ tags: {} });
}, 180_000);

test.each([11, 12, 13])('whatever devices, operators and two engines do at once, what must hold holds, and the rollout can be ended (seed %i)', async (seed) => {
  const random = seeded(seed);
  const [before, release] = [await newRelease(), await newRelease()];
  const devices = (await newDevices(6, { lastGood: before })).map((id) => DeviceId.parse(id));
  const gate = { failurePercent: 60, successPercent: 40, presentPercent: 20 };
  const id = await start(release, [], { maxInFlight: 3, waves: [{ devices: devices.slice(0, 2), gate }, { devices: devices.slice(2, 4), gate, advance: 'manual' }, { devices: devices.slice(4), gate }] });
  const { one, pick } = storm(random, { id, devices, before, release });
  for (let n = 0; n < steps; n += 1) {
    await Promise.all([one(), one(), one(), world.fleet.tick()]);
    if (random() < 0.15) world.fleet.clock.skip(pick([1_000, 31_000, 62_000]));
    expect([n, await checkInvariants(world.fleet.db)]).toEqual([n, []]);
  }
  const last = pick(['roll_back', 'abort'] as const);
  await act(id, { verb: last });
  for (let n = 0; n < 8; n += 1) {
    world.fleet.clock.skip(62_000);
    await world.fleet.tick();
    expect([n, await checkInvariants(world.fleet.db)]).toEqual([n, []]);
  }
  expect(await rolloutAt(id)).toMatchObject({ state: last === 'abort' ? 'aborted' : 'rolled_back' });
  await world.fleet.db.update(rollout).set({ nextTickAt: new Date(0) }).where(eq(rollout.id, id));
  await world.fleet.tick();
  expect((await rolloutAt(id))?.finishedAt).toBeInstanceOf(Date);
}, 180_000);
