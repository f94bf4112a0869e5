import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DeviceId, silentLog } from '@pier/shared/core';
import { type Fleet, openFleet, presence } from '../../../test/support/fleet.ts';
import { audit, deviceLive, event } from '../db/index.ts';
import { awaitDevices, readDevice, startSilenceWatch } from './index.ts';

let fleet: Fleet;
const restart = () => awaitDevices({ db: fleet.db, clock: fleet.clock, log: silentLog });
const seen = async (id: DeviceId) => {
  const { online, standing, why } = await readDevice(fleet.db, id);
  return [online, standing, why?.code];
};
const silentFor = (ms: number) => ({ ...fleet.clock, nowMs: () => fleet.clock.nowMs() + ms });
/** A look of the silence watch as it would be that much later. Out: whom it told of. */
async function lookAfter(ms: number): Promise<readonly string[]> {
  const told: string[] = [];
  const done = Promise.withResolvers<void>();
  await using watch = startSilenceWatch({ db: fleet.db, clock: silentFor(ms), log: silentLog, onChanged: (devices) => void told.push(...devices), wake: done.resolve });
  watch.wake();
  await done.promise;
  return told;
}

beforeAll(async () => {
  fleet = await openFleet();
}, 120_000);
afterAll(() => fleet[Symbol.asyncDispose](), 60_000);

test('whoever was online when a manager ended is not at the next one, and is awaited until its next word, which raises nothing', async () => {
  const [here, away] = [await fleet.addDevice('here'), await fleet.addDevice('away')];
  await fleet.say(here, 'presence', presence({ seq: 1 }));
  await fleet.say(away, 'presence', presence({ seq: 1 }));
  await fleet.say(away, 'presence', { gen: 1, boot: 1, seq: 2, online: false, conn: 'c1' });
  await restart();
  expect([await seen(here), await seen(away)]).toEqual([[false, 'offline', 'device.awaited'], [false, 'offline', 'device.offline']]);
  expect((await readDevice(fleet.db, here)).lastSeenAt).not.toBeNull();
  await fleet.say(here, 'presence', presence({ seq: 3, conn: 'c2' }));
  expect(await seen(here)).toEqual([true, 'in_step', undefined]);
  expect(await fleet.db.select().from(event).where(eq(event.deviceId, here))).toEqual([]);
  expect(await fleet.db.select().from(audit).where(eq(audit.object, `device:${here}`))).toEqual([]);
});

test('one that has not come back counts as offline once silence counts, and pages are told; until then a second restart awaits it anew', async () => {
  const id = await fleet.addDevice('gone');
  await fleet.say(id, 'presence', presence({ seq: 1 }));
  await restart();
  fleet.clock.skip(120_000);
  await restart();
  // Somebody who has long been silent, so that a look has something to tell.
  const other = await fleet.addDevice('other');
  await fleet.say(other, 'presence', presence({ seq: 1 }));
  await fleet.db.update(deviceLive).set({ lastSeenAt: new Date(0) }).where(eq(deviceLive.deviceId, other));
  expect(await lookAfter(60_000)).toEqual(['other']);
  expect(await seen(id)).toEqual([false, 'offline', 'device.awaited']);
  expect(await lookAfter(150_000)).toContain('gone');
  expect(await seen(id)).toEqual([false, 'offline', 'device.offline']);
});

test('a goodbye to the new manager is as good as any', async () => {
  const id = await fleet.addDevice('leaves');
  await fleet.say(id, 'presence', presence({ seq: 1 }));
  await restart();
  await fleet.say(id, 'presence', { gen: 1, boot: 1, seq: 3, online: false, conn: 'c2' });
  expect(await seen(id)).toEqual([false, 'offline', 'device.offline']);
  await restart();
  expect((await fleet.db.select().from(deviceLive).where(eq(deviceLive.deviceId, id)))[0]).toMatchObject({ online: false, awaitedSince: null });
});
