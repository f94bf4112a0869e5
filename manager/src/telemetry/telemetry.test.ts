import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eq, sql } from 'drizzle-orm';
import { type DeviceId, AppName, Fault, silentLog, systemClock } from '@pier/shared/core';
import { LogView, TelemetryView, routes } from '@pier/shared/api';
import { topics } from '@pier/shared/wire';
import { device, telemetry } from '../db/index.ts';
import { assign, lockDevices } from '../device/index.ts';
import { type DeviceWorld, app, movableClock, openDeviceWorld } from '../device/testing/device-world.ts';
import { type Streaming, openStreaming, startTelemetryUpkeep, telemetryHandlers } from './index.ts';
import { removeAbove } from './store.ts';

let world: DeviceWorld & { streaming: Streaming };
let made = 0;
const actor = { name: 'vera', role: 'viewer' } as const;
const newDevice = async (): Promise<DeviceId> => world.addDevice(`dock-${(made += 1)}`);
const rowsOf = async (id: string) => world.db.select().from(telemetry).where(eq(telemetry.deviceId, id)).orderBy(telemetry.n);
const handlers = () => telemetryHandlers(world);
const getLog = async (id: DeviceId, query: Record<string, string> = {}) => LogView.parse(await handlers().getLog({ params: { device: id, app }, query: routes.getLog.query.parse(query), body: undefined, actor }));
const getTelemetry = async (id: DeviceId, query: Record<string, string> = {}) => TelemetryView.parse(await handlers().getTelemetry({ params: { device: id }, query: routes.getTelemetry.query.parse(query), body: undefined, actor }));
const leases = (id: DeviceId, of: 'logLease' | 'telemetryLease') => world.sent.filter(({ topic }) => topic === topics[of].of({ device: id })).map(({ payload }) => JSON.parse(payload));
const faultOf = async (work: Promise<unknown>) => work.then(() => undefined, (error: unknown) => (error instanceof Fault ? error.code : error));

type Sample = { n: number; agoMs?: number; series?: string; value?: number };
const batch = (samples: readonly Sample[], of: Record<string, unknown> = {}) => ({
  gen: 1, boot: 1, seq: 1, dropped: 0, units: { power: 'W' }, ...of,
  samples: samples.map(({ n, agoMs = 0, series = 'power', value = n / 2 }) => ({ n, agoMs, series, value })),
});
const upTo = (count: number, from = 1): Sample[] => Array.from({ length: count }, (_, n) => ({ n: from + n }));

async function open(): Promise<typeof world> {
  const clock = movableClock();
  const held: { streaming?: Streaming } = {};
  const opened = await openDeviceWorld({ clock, streams: { takeLog: (said) => held.streaming?.takeLog(said), takeTelemetry: async (said) => held.streaming?.takeTelemetry(said) } });
  const streaming = (held.streaming = openStreaming({ db: opened.db, clock, log: silentLog, publish: opened.publish }));
  return Object.assign(opened, { streaming });
}

beforeAll(async () => {
  world = await open();
}, 120_000);
afterAll(async () => world[Symbol.asyncDispose](), 60_000);

describe('logs', () => {
  const lines = (...texts: string[]) => ({ gen: 1, boot: 1, seq: 1, dropped: 2, lines: texts.map((text, n) => ({ n: n + 1, agoMs: 10, stream: 'stdout', text })) });

  test('asking tells the device to send, and the next answer holds what it sent', async () => {
    const id = await newDevice();
    const first = await getLog(id);
    expect([first.lines, leases(id, 'logLease')]).toEqual([[], [{ app: 'blink', for: 60 }]]);
    await world.say(id, 'log', lines('hello', 'a\0b'));
    const second = await getLog(id, { after: first.next });
    expect(second).toMatchObject({ lines: [{ text: 'hello' }, { text: 'a\uFFFDb' }], dropped: 2 });
    expect(await getLog(id, { after: second.next })).toMatchObject({ lines: [], next: second.next });
    expect(leases(id, 'logLease')).toHaveLength(1);
  });

  test('of another device, of a former life, or of no app, are not heard', async () => {
    const id = await newDevice();
    await getLog(id);
    const before = world.ingest.counts();
    world.ingest.take({ topic: topics.log.of({ device: id, app }), payload: Buffer.from(JSON.stringify(lines('forged'))), from: { kind: 'device', device: 'dock-x' as DeviceId } });
    await world.say(id, 'log', { ...lines('old life'), gen: 0 });
    world.ingest.take({ topic: topics.log.of({ device: id, app: 'No App' }), payload: Buffer.from(JSON.stringify(lines('x'))), from: { kind: 'device', device: id } });
    await world.ingest.idle();
    const after = world.ingest.counts();
    expect([after.foreign - before.foreign, after.malformed - before.malformed]).toEqual([2, 1]);
    expect((await getLog(id)).lines).toEqual([]);
  });

  test('of an unknown device are not found; a revoked one is not asked', async () => {
    expect(await faultOf(getLog('nobody' as DeviceId))).toBe('not-found');
    const id = await newDevice();
    await world.db.update(device).set({ state: 'revoked' }).where(eq(device.id, id));
    expect([(await getLog(id)).lines, leases(id, 'logLease')]).toEqual([[], []]);
  });
});

describe('samples', () => {
  test('are stored with their unit and the time at which they were taken, by our clock', async () => {
    const id = await newDevice();
    const beforeMs = world.clock.nowMs();
    await world.say(id, 'telemetry', batch([{ n: 1, agoMs: 5_000, value: 1.5 }, { n: 2, series: 'noise', value: -1e-300 }]));
    const [first, second] = await rowsOf(id);
    expect([first, second]).toMatchObject([{ app: 'blink', series: 'power', value: 1.5, unit: 'W' }, { series: 'noise', value: -1e-300, unit: '' }]);
    expect(Math.abs((first?.at.getTime() ?? 0) - (beforeMs - 5_000))).toBeLessThan(60_000);
    expect((second?.at.getTime() ?? 0) - (first?.at.getTime() ?? 0)).toBe(5_000);
  });

  test('that come twice are stored once, and a second start counts anew', async () => {
    const id = await newDevice();
    for (let n = 0; n < 3; n += 1) await world.say(id, 'telemetry', batch(upTo(4)));
    await world.say(id, 'telemetry', batch(upTo(2), { boot: 2 }));
    expect(await rowsOf(id)).toHaveLength(6);
  });

  test('above the rate are dropped and counted, for that device alone', async () => {
    const [loud, calm] = [await newDevice(), await newDevice()];
    for (let n = 0; n < 30; n += 1) world.put(loud, 'telemetry', batch(upTo(200, n * 200 + 1), { seq: n + 1, dropped: n }));
    world.put(calm, 'telemetry', batch(upTo(10)));
    await world.ingest.idle();
    const stored = (await rowsOf(loud)).length;
    expect(stored).toBeGreaterThanOrEqual(2_000);
    expect(stored).toBeLessThan(6_000);
    expect((await getTelemetry(loud, { app: 'blink' })).dropped).toBe(6_000 - stored + 29);
    expect([(await rowsOf(calm)).length, (await getTelemetry(calm)).dropped]).toEqual([10, 0]);
  });

  test('older than they would be kept, or from before time, are not stored', async () => {
    const id = await newDevice();
    await world.say(id, 'telemetry', batch([{ n: 1, agoMs: 8 * 86_400_000 }, { n: 2, agoMs: 2 ** 52 }, { n: 3, agoMs: 0.5 }]));
    expect((await rowsOf(id)).map((row) => row.n)).toEqual([3]);
  });

  test('one batch that cannot be stored costs no other, nor the budget of its device', async () => {
    const [bad, good] = [await newDevice(), await newDevice()];
    await world.db.execute(sql.raw(`create function no_sample() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$`));
    await world.db.execute(sql.raw(`create trigger poison before insert on telemetry for each row when (new.series = 'poison') execute function no_sample()`));
    world.put(bad, 'telemetry', batch([{ n: 1, series: 'poison' }]));
    world.put(good, 'telemetry', batch(upTo(3)));
    world.put(bad, 'telemetry', batch(upTo(1_0, 2), { seq: 2 }));
    await world.ingest.idle();
    expect([(await rowsOf(bad)).length, (await rowsOf(good)).length, world.streaming.budget.droppedOf(bad)]).toEqual([10, 3, 0]);
  });
});

describe('reading samples', () => {
  test.each([['oldest', 'asc'], ['newest', 'desc']] as const)('%s first, page by page, each once, also where many have one time', async (_, order) => {
    const id = await newDevice();
    await world.say(id, 'telemetry', batch(upTo(7)));
    await world.say(id, 'telemetry', batch([{ n: 100, agoMs: 60_000, value: 42 }]));
    const pages: number[][] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: TelemetryView = await getTelemetry(id, { limit: '3', order, ...(cursor === '' ? {} : { cursor }) });
      pages.push(page.items.map(({ value }) => value));
      cursor = page.next;
    }
    expect(pages).toEqual(order === 'asc' ? [[42, 0.5, 1], [1.5, 2, 2.5], [3, 3.5]] : [[3.5, 3, 2.5], [2, 1.5, 1], [0.5, 42]]);
  });

  test('by app, by series and since when', async () => {
    const id = await newDevice();
    await world.say(id, 'telemetry', batch([{ n: 1, agoMs: 120_000 }, { n: 2, series: 'volts' }, { n: 3 }]));
    await world.db.insert(telemetry).values({ deviceId: id, app: 'meter', gen: 1, boot: 1, n: 1, series: 'power', value: 9, at: new Date(world.clock.nowMs()) });
    const shown = async (query: Record<string, string>) => (await getTelemetry(id, query)).items.map(({ app: of, series, value }) => `${of} ${series} ${value}`).toSorted();
    expect(await shown({ app: 'meter' })).toEqual(['meter power 9']);
    expect(await shown({ series: 'volts' })).toEqual(['blink volts 1']);
    expect(await shown({ app: 'blink', sinceS: '60' })).toEqual(['blink power 1.5', 'blink volts 1']);
    expect(await shown({})).toHaveLength(4);
  });

  test('asks the device for the app named, else for every app that it is to run', async () => {
    const id = await newDevice();
    await getTelemetry(id);
    expect(leases(id, 'telemetryLease')).toEqual([]);
    const [blink, meter] = [await world.addRelease(), await world.addRelease({ name: 'meter' })];
    await world.db.transaction(async (tx) => {
      await lockDevices(tx, [id]);
      await assign(tx, [[app, blink.id], [AppName.parse('meter'), meter.id], [AppName.parse('gone'), null]].map(([of, releaseId]) => ({ device: id, app: AppName.parse(of), releaseId: releaseId ?? null, soakS: 1, setBy: 'ada' })), { schedulerPem: world.schedulerPem, nowMs: world.clock.nowMs() });
    });
    await getTelemetry(id);
    await getTelemetry(id, { app: 'other' });
    expect(leases(id, 'telemetryLease').map((lease) => lease.app)).toEqual(['blink', 'meter', 'other']);
  });

  test('of an unknown device is not found; cursors and names from nowhere are refused', async () => {
    expect(await faultOf(getTelemetry('nobody' as DeviceId))).toBe('not-found');
    const id = await newDevice();
    const of = (text: string) => Buffer.from(text).toString('base64url');
    for (const query of [{ series: 'a\0b' }, { cursor: 'x' }, { cursor: of("1/a'; --/1/1/1") }, { cursor: of(`${'9'.repeat(20)}/a/1/1/1`) }, { cursor: of('1/a/1/1') }]) expect(await faultOf(getTelemetry(id, query))).toBe('input-invalid');
    expect((await getTelemetry(id, { cursor: of(`${'9'.repeat(14)}/a/${'9'.repeat(16)}/1/1`) })).items).toEqual([]);
  });
});

describe('upkeep', () => {
  test('samples older than a week are removed, newer ones and those of others stay', async () => {
    const id = await newDevice();
    const day = 86_400_000;
    await world.db.insert(telemetry).values([6, 8, 30].map((days, n) => ({ deviceId: id, app, gen: 1, boot: 1, n, series: 'power', value: days, at: new Date(world.clock.nowMs() - days * day) })));
    const before = (await world.db.select({ n: sql<number>`count(*)::int` }).from(telemetry))[0]?.n ?? 0;
    await using upkeep = startTelemetryUpkeep({ ...world, log: silentLog });
    upkeep.wake();
    await upkeep.idle();
    expect((await rowsOf(id)).map((row) => row.value)).toEqual([6]);
    expect((await world.db.select({ n: sql<number>`count(*)::int` }).from(telemetry))[0]?.n).toBe(before - 2);
  });

  test('a device with more than its share loses its oldest, chunk by chunk, and nobody else any', async () => {
    const [id, other] = [await newDevice(), await newDevice()];
    for (const one of [id, other]) await world.db.execute(sql`insert into telemetry (device_id, app, gen, boot, n, series, value, at) select ${one}, 'blink', 1, 1, n, 'power', n, now() - (25000 - n) * interval '1 second' from generate_series(1, 25000) n`);
    let chunks = 1;
    while (await removeAbove(world.db, id, 500)) chunks += 1;
    const kept = await rowsOf(id);
    expect([chunks, kept.length, kept[0]?.n]).toEqual([3, 500, 24_501]);
    expect(await removeAbove(world.db, id, 500)).toBe(false);
    expect(await rowsOf(other)).toHaveLength(25_000);
  });

  test('runs by itself', async () => {
    let beats = 0;
    const fast = { ...systemClock, every: (ms: number, act: () => void) => systemClock.every(ms / 6_000, () => {
      beats += 1;
      act();
    }) };
    const id = await newDevice();
    await world.db.insert(telemetry).values({ deviceId: id, app, gen: 1, boot: 1, n: 1, series: 'power', value: 1, at: new Date(0) });
    await using upkeep = startTelemetryUpkeep({ ...world, clock: fast, log: silentLog });
    while ((await rowsOf(id)).length > 0) await systemClock.sleep(10);
    expect(beats).toBeGreaterThan(0);
    await upkeep.idle();
  });
});
