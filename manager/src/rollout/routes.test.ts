import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { type DeviceId, Fault, systemClock } from '@pier/shared/core';
import { Deployment, Rollout } from '@pier/shared/api';
import { type Fleet, board, openFleet } from '../../../test/support/fleet.ts';
import { checkInvariants, invariants } from '../../../test/support/invariants.ts';
import { deployment, device, release, rollout } from '../db/index.ts';
import { createRollout } from './create.ts';
import { rolloutHandlers } from './routes.ts';

let fleet: Fleet;
let made = 0;
const actor = { name: 'ada', role: 'operator' } as const;
const none = { params: undefined, query: undefined, body: undefined, actor };

beforeAll(async () => {
  fleet = await openFleet();
}, 120_000);
afterEach(async () => expect(await checkInvariants(fleet.db)).toEqual([]));
afterAll(async () => fleet[Symbol.asyncDispose](), 60_000);

const releases = {
  get: async (id: string) => {
    const [row] = await fleet.db.select().from(release).where(eq(release.id, id));
    return row && ({ ...row, reason: row.reasonCode === null ? null : { code: row.reasonCode, reason: row.reasonText ?? '' } } as never);
  },
};
const handlers = () => rolloutHandlers({ db: fleet.db, clock: fleet.clock, random: Math.random, releases, wake: fleet.wake });
const newDevice = async (): Promise<DeviceId> => fleet.addDevice(`dock-${(made += 1)}`);
const newRelease = async (of: Parameters<Fleet['addRelease']>[0] = {}) => fleet.addRelease({ counter: (made += 1), ...of });
const start = async (releaseId: string, devices: string[]) => handlers().createRollout({ ...none, body: { release: releaseId, devices: devices as DeviceId[], soakS: 5, deadlineS: 60 } });
const faultOf = async (work: Promise<unknown>) => work.then(() => undefined, (error: unknown) => (error instanceof Fault ? { code: error.code, message: error.message } : error));

describe('starting a rollout', () => {
  test('all devices wait in its one wave, each once however often it is named', async () => {
    const [a, b, one] = [await newDevice(), await newDevice(), await newRelease()];
    const shown = Rollout.parse(await start(one.id, [b, a, b]));
    expect(shown).toMatchObject({ release: one.id, app: 'blink', version: one.version, digest: one.digest, state: 'running', reason: null, soakS: 5, createdBy: 'ada', finishedAt: null, waves: [{ n: 1, state: 'active', total: 2, counts: { waiting: 2 } }] });
  });

  test('a release that is not verified is not rolled out, and it says why', async () => {
    const [a, one] = [await newDevice(), await newRelease({ state: 'rejected' })];
    expect(await faultOf(start(one.id, [a]))).toMatchObject({ code: 'release-unverified', message: expect.stringMatching(/nobody signed it \(unsigned\)/) });
  });

  test('unknown things are named, and nothing is stored', async () => {
    const [a, one] = [await newDevice(), await newRelease()];
    const before = (await fleet.db.select().from(rollout)).length;
    expect(await faultOf(start('no-such', [a]))).toMatchObject({ code: 'not-found', message: expect.stringMatching(/no-such/) });
    expect(await faultOf(start(one.id, [a, 'ghost-1', 'ghost-2']))).toMatchObject({ code: 'not-found', message: expect.stringMatching(/"ghost-1", "ghost-2"/) });
    const many = Array.from({ length: 30 }, (_, n) => `ghost-${n}`);
    expect(await faultOf(start(one.id, many))).toMatchObject({ message: expect.stringMatching(/and 20 more/) });
    expect((await fleet.db.select().from(rollout)).length).toBe(before);
  });

  test('a revoked device is not taken along', async () => {
    const [a, one] = [await newDevice(), await newRelease()];
    await fleet.db.update(device).set({ state: 'revoked' }).where(eq(device.id, a));
    expect(await faultOf(start(one.id, [a]))).toMatchObject({ code: 'conflict', message: expect.stringMatching(a) });
  });

  test('a newer one takes over devices that still wait, and the older one ends without them', async () => {
    const [a, one, two] = [await newDevice(), await newRelease(), await newRelease()];
    const [older, newer] = [await start(one.id, [a]), await start(two.id, [a])];
    const [row] = await fleet.db.select().from(deployment).where(eq(deployment.rolloutId, older.id));
    expect(row).toMatchObject({ state: 'superseded', reasonCode: 'superseded', reasonText: expect.stringMatching(newer.id) });
    await fleet.tick();
    expect(await handlers().getRollout({ ...none, params: { id: older.id } })).toMatchObject({ state: 'failed', reason: { reason: 'of 1 devices: 1 superseded' } });
    expect(await handlers().getRollout({ ...none, params: { id: newer.id } })).toMatchObject({ state: 'running' });
  });

  test('a device at work in another rollout is not torn out of it: the conflict names that one', async () => {
    const [a, one, two] = [await newDevice(), await newRelease(), await newRelease()];
    const older = await start(one.id, [a]);
    await fleet.db.update(deployment).set({ state: 'offered', attempt: 1, deadlineAt: new Date(fleet.clock.nowMs() + 60_000) }).where(eq(deployment.rolloutId, older.id));
    expect(await faultOf(start(two.id, [a]))).toMatchObject({ code: 'conflict', message: expect.stringMatching(new RegExp(`${older.id}.*${a}`)) });
    await fleet.db.update(deployment).set({ state: 'waiting', attempt: null, deadlineAt: null }).where(eq(deployment.rolloutId, older.id));
  });

  test('two at once for one device: one waits, the other gave way', async () => {
    const [a, one, two] = [await newDevice(), await newRelease(), await newRelease()];
    await Promise.all([start(one.id, [a]), start(two.id, [a])]);
    const rows = await fleet.db.select().from(deployment).where(eq(deployment.deviceId, a));
    expect(rows.map((row) => row.state).toSorted()).toEqual(['superseded', 'waiting']);
  });

  test('a new one waits for whoever changes its devices, and sees what is there then', async () => {
    const [a, one, two] = [await newDevice(), await newRelease(), await newRelease()];
    let later: Promise<unknown> = Promise.resolve();
    await fleet.db.transaction(async (tx) => {
      await createRollout({ db: tx, clock: fleet.clock, random: Math.random, releases, wake: fleet.wake }, { release: one.id, devices: [a], soakS: 5, deadlineS: 60 }, 'ada');
      later = start(two.id, [a]);
      await systemClock.sleep(200);
    });
    await later;
    const rows = await fleet.db.select().from(deployment).where(eq(deployment.deviceId, a));
    expect(rows.map((row) => row.state).toSorted()).toEqual(['superseded', 'waiting']);
  });

  test('two apps on one device are two rollouts', async () => {
    const [a, one, two] = [await newDevice(), await newRelease(), await newRelease({ name: 'pump' })];
    await start(one.id, [a]);
    await start(two.id, [a]);
    const rows = await fleet.db.select().from(deployment).where(eq(deployment.deviceId, a));
    expect(rows.map((row) => `${row.app} ${row.state}`).toSorted()).toEqual(['blink waiting', 'pump waiting']);
  });
});

describe('what is shown', () => {
  test('rollouts are listed newest first, page by page, each once', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await handlers().listRollouts({ ...none, query: { limit: 2, ...(cursor === undefined ? {} : { cursor }) } });
      seen.push(...page.items.map((item) => Rollout.parse(item).id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual((await fleet.db.select({ id: rollout.id }).from(rollout)).map((row) => row.id).toSorted().toReversed());
  });

  test('deployments are listed by device, page by page', async () => {
    const [a, b, c, one] = [await newDevice(), await newDevice(), await newDevice(), await newRelease()];
    const { id } = await start(one.id, [c, a, b]);
    const first = await handlers().listDeployments({ ...none, params: { id }, query: { limit: 2 } });
    const second = await handlers().listDeployments({ ...none, params: { id }, query: { limit: 2, cursor: first.next ?? '' } });
    const devices = [...first.items, ...second.items].map((item) => Deployment.parse(item).device);
    expect([devices, second.next]).toEqual([[a, b, c].toSorted(), null]);
  });

  test.each(['nothing', 'a\0b', "'; drop table rollout; --"])('a rollout %j is not found', async (id) => {
    expect(await faultOf(handlers().getRollout({ ...none, params: { id } }))).toMatchObject({ code: 'not-found' });
    expect(await faultOf(handlers().listDeployments({ ...none, params: { id }, query: { limit: 1 } }))).toMatchObject({ code: 'not-found' });
  });
});

test('ten thousand devices are one rollout', async () => {
  const ids = Array.from({ length: 10_000 }, (_, n) => `many-${n}`);
  for (let at = 0; at < ids.length; at += 2_000) await fleet.db.insert(device).values(ids.slice(at, at + 2_000).map((id) => ({ id, name: id, model: board.model, profile: board, keyId: id })));
  const one = await newRelease();
  expect(await start(one.id, ids)).toMatchObject({ waves: [{ total: 10_000, counts: { waiting: 10_000 } }] });
  await fleet.tick();
  const rows = await fleet.db.select().from(deployment).where(eq(deployment.reasonCode, 'device.offline'));
  expect(rows.length).toBeGreaterThanOrEqual(10_000);
}, 120_000);

test('the checks of what must hold find what does not', async () => {
  await using other = await openFleet();
  const [a, one] = [await other.addDevice('dock-a'), await other.addRelease()];
  await other.db.insert(rollout).values({ id: 'r1', releaseId: one.id, app: 'blink', state: 'completed', soakS: 1, deadlineS: 1, createdBy: 'x' });
  await other.db.insert(deployment).values({ rolloutId: 'r1', deviceId: a, app: 'blink', wave: 1, state: 'soaking', attempt: 3, deadlineAt: new Date(0) });
  const broken = (await checkInvariants(other.db)).map((line) => line.split(':')[0]);
  expect(broken).toEqual(expect.arrayContaining(['a completed rollout is proven everywhere', 'a deployment in flight is what the device is assigned', 'a rollout that is over has nothing open', 'every state that a deployment reached has its audit row']));
  expect(Object.keys(invariants)).toEqual(expect.arrayContaining(broken));
}, 120_000);
