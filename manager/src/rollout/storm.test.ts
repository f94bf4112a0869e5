import { expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { DeviceId, Fault } from '@pier/shared/core';
import type { RolloutAct } from '@pier/shared/api';
import { presence } from '../../../test/support/fleet.ts';
import { checkInvariants } from '../../../test/support/invariants.ts';
import { type Made, onDevice, useRollouts } from '../../../test/support/rollouts.ts';
import { seeded } from '../../../shared/src/selector/toy-selectors.ts';
import { deployment, rollout } from '../db/index.ts';

const world = useRollouts();
const { newDevices, newRelease, start, report, reportNothing, goOffline, act, rolloutAt } = world;

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
