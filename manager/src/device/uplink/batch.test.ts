import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asc, eq, sql } from 'drizzle-orm';
import { type DeviceId, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type Reported, topics } from '@pier/shared/wire';
import { deviceLive, deviceState, event, outbox } from '../../db/index.ts';
import { writeDesired } from '../desired.ts';
import { type DeviceWorld, movableClock, openDeviceWorld, presence, reported, uplink } from '../testing/device-world.ts';
import { countStatements } from '../testing/statements.ts';

/** What the rollouts were told, call by call; a device named here makes the call fail. */
const told: { device: DeviceId; reported: Reported }[][] = [];
const poisoned = new Set<string>();
let world: DeviceWorld;

beforeAll(async () => {
  world = await openDeviceWorld({
    onReported: async (tx, reports) => {
      await tx.execute(sql`select 1`);
      if (reports.some(({ device }) => poisoned.has(device))) throw new Error('poisoned');
      told.push([...reports]);
      return false;
    },
  });
}, 120_000);
afterAll(async () => world[Symbol.asyncDispose](), 60_000);

const live = async (id: string) => (await world.db.select().from(deviceLive).where(eq(deviceLive.deviceId, id)))[0];
const state = async (id: string) => (await world.db.select().from(deviceState).where(eq(deviceState.deviceId, id)))[0];
const acksTo = (id: string) => world.sent.filter(({ topic }) => topic === `pier/v1/d/${id}/down/ack`).map(({ payload }) => JSON.parse(payload).seq);
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${String(n).padStart(3, '0')}`);

describe('many devices at once', () => {
  test('the reports of 500 devices are few statements, and the rollouts are told once, in the order of ids', async () => {
    const ids = await world.addDevices(names('many', 500));
    told.length = 0;
    using statements = countStatements(world.db);
    for (const id of ids.toReversed()) world.put(id, 'reported', reported({ seq: 3, rev: 9 }));
    await world.ingest.idle();
    expect(statements.count).toBeLessThanOrEqual(8);
    expect(told.map((reports) => reports.map(({ device }) => device))).toEqual([ids]);
    const { rows } = await world.db.execute(sql`select count(*)::int as n from device_state where device_id like 'many-%' and seq = 3 and reported->>'rev' = '9'`);
    expect(rows).toEqual([{ n: 500 }]);
    expect(ids.every((id) => acksTo(id).length === 1)).toBe(true);
  });

  test('so are the heartbeats and events of 200, and what they say is all there', async () => {
    const ids = await world.addDevices(names('beat', 200));
    using statements = countStatements(world.db);
    for (const id of ids) {
      world.put(id, 'presence', presence({ seq: 1, usage: { blink: { cpuMs: 7, memoryBytes: 65_536, outputBytes: 0 } } }));
      world.put(id, 'event', { gen: 1, boot: 1, seq: 2, type: 'app.trapped', app: 'blink', lastOutput: ['a', 'b'], safeMs: 1.25 });
    }
    await world.ingest.idle();
    expect(statements.count).toBeLessThanOrEqual(12);
    expect(await live('beat-199')).toMatchObject({ online: true, usage: { blink: { cpuMs: 7, memoryBytes: 65_536 } } });
    expect(await world.db.select().from(event).where(eq(event.deviceId, 'beat-000'))).toMatchObject([{ type: 'app.trapped', lastOutput: { lines: ['a', 'b'] }, safeMs: 1.25 }]);
    world.put('beat-000', 'presence', presence({ seq: 3 }));
    await world.ingest.idle();
    expect((await live('beat-000'))?.usage, 'of the last heartbeat only').toBeNull();
  });

  test('100 that come back behind are sent their documents in few statements, and one that holds a stranger’s gets a newer one', async () => {
    const ids = await world.addDevices(names('behind', 100));
    const strange = 'behind-000';
    await world.db.transaction(async (tx) => writeDesired(tx, ids, { schedulerPem: world.schedulerPem, nowMs: world.clock.nowMs() }));
    await world.db.delete(outbox);
    const rev = (await state('behind-001'))?.rev ?? 0;
    using statements = countStatements(world.db);
    for (const id of ids) world.put(id, 'presence', presence({ seq: 1, rev: id === strange ? rev + 1_000_000_000 : 0, ...(id === strange ? { desired: digestOf('forged') } : {}) }));
    await world.ingest.idle();
    expect(statements.count).toBeLessThanOrEqual(18);
    const waiting = await world.db.select().from(outbox);
    expect(waiting.map(({ topic }) => topic).toSorted()).toEqual(ids.map((id) => topics.desired.of({ device: id })));
    expect(JSON.parse(waiting.find(({ topic }) => topic === topics.desired.of({ device: 'behind-001' }))?.payload ?? '{}')).toEqual((await state('behind-001'))?.desired);
    expect([(await state('behind-001'))?.rev, (await state('behind-000'))?.rev]).toEqual([rev, rev + 1_000_000_001]);
    await world.db.delete(outbox);
  });

  test('of one device’s reports the newest is kept, the rollouts hear of it alone, and all are acknowledged', async () => {
    const id = await world.addDevice('chatty');
    told.length = 0;
    for (const seq of [4, 9, 2, 7]) world.put(id, 'reported', reported({ seq, rev: seq }));
    await world.ingest.idle();
    expect(told.map((reports) => reports.map((one) => one.reported.seq))).toEqual([[9]]);
    expect(await state(id)).toMatchObject({ seq: 9, reported: { rev: 9 } });
    expect(acksTo(id)).toEqual([4, 9, 2, 7]);
  });
});

describe('one that cannot be stored', () => {
  test('an event that the database refuses is lost alone; it is not acknowledged, its batch is', async () => {
    const ids = await world.addDevices(names('event', 40));
    await world.db.execute(sql.raw(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$`));
    await world.db.execute(sql.raw(`create trigger poison before insert on event for each row when (new.reason = 'poison') execute function refuse()`));
    const before = world.ingest.counts();
    for (const [n, id] of ids.entries()) world.put(id, 'event', { gen: 1, boot: 1, seq: 1, type: 'x', reason: n === 17 ? 'poison' : 'fine' });
    await world.ingest.idle();
    expect(world.ingest.counts()).toEqual({ ...before, failed: before.failed + 1, taken: before.taken + 39 });
    expect(ids.filter((id) => acksTo(id).length === 0)).toEqual(['event-017']);
    const { rows } = await world.db.execute(sql`select count(*)::int as n from event where device_id like 'event-%'`);
    expect(rows).toEqual([{ n: 39 }]);
  });

  test('a report that the rollouts stumble over is lost alone, whole, and is heard when it comes again', async () => {
    const ids = await world.addDevices(names('report', 40));
    poisoned.add('report-031');
    const before = world.ingest.counts();
    for (const id of ids) world.put(id, 'reported', reported({ seq: 1, rev: 5 }));
    await world.ingest.idle();
    expect(world.ingest.counts()).toEqual({ ...before, failed: before.failed + 1, taken: before.taken + 39 });
    expect([(await state('report-031'))?.reported, acksTo('report-031')]).toEqual([undefined, []]);
    poisoned.clear();
    world.put('report-031', 'reported', reported({ seq: 1, rev: 5 }));
    await world.ingest.idle();
    expect([(await state('report-031'))?.reported?.['rev'], acksTo('report-031')]).toEqual([5, [1]]);
  });

  test('a database that says that it goes away is not asked again for every message', async () => {
    let asked = 0;
    await using other = await openDeviceWorld({
      onReported: async (tx) => {
        asked += 1;
        await tx.execute(sql.raw(`do $$ begin raise exception 'going away' using errcode = 'admin_shutdown'; end $$`));
        return true;
      },
    });
    for (const id of await other.addDevices(names('away', 50))) other.put(id, 'reported', reported({ seq: 1 }));
    await other.ingest.idle();
    expect(other.ingest.counts()).toMatchObject({ failed: 50, taken: 0 });
    expect(asked).toBe(1);
  }, 120_000);
});

describe('gathering', () => {
  /** Monotonic time that stands still, and timers that fire by hand. */
  function heldClock() {
    const timers: (() => void)[] = [];
    const real = movableClock();
    return { timers, clock: { ...real, monotonicMs: () => 1_000, after: (_ms: number, act: () => void) => (timers.push(act), { [Symbol.dispose]: () => {} }) } };
  }
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await systemClock.sleep(5);
  };

  test('a lone message waits for no timer; what comes soon after is gathered', async () => {
    const { clock, timers } = heldClock();
    const batches: number[] = [];
    await using other = await openDeviceWorld({ clock, onReported: async (_tx, reports) => (batches.push(reports.length), false) });
    const ids = await other.addDevices(names('lone', 30));
    other.put(ids[0] ?? '', 'reported', reported({ seq: 1 }));
    await until(() => batches.length === 1 && other.ingest.counts().taken === 1);
    for (const id of ids.slice(1)) other.put(id, 'reported', reported({ seq: 1 }));
    await systemClock.sleep(100);
    expect([batches, timers.length]).toEqual([[1], 1]);
    clock.monotonicMs = () => 1_050;
    timers[0]?.();
    await until(() => other.ingest.counts().taken === 30);
    expect(batches).toEqual([1, 29]);
  }, 120_000);

  test('a full batch waits for nothing', async () => {
    const { clock } = heldClock();
    const batches: number[] = [];
    await using other = await openDeviceWorld({ clock, onReported: async (_tx, reports) => (batches.push(reports.length), false) });
    const ids = await other.addDevices(names('full', 501));
    other.put(ids[0] ?? '', 'reported', reported({ seq: 1 }));
    await until(() => other.ingest.counts().taken === 1);
    for (const id of ids.slice(1)) other.put(id, 'reported', reported({ seq: 1 }));
    await until(() => other.ingest.counts().taken === 501);
    expect(batches).toEqual([1, 500]);
  }, 120_000);
});

describe('what is not for the manager', () => {
  test.each([
    ['a command of an operator', topics.command.of({ device: 'dock-1' }), { kind: 'operator', name: 'ada' }],
    ['a lease of an operator', topics.logLease.of({ device: 'dock-1' }), { kind: 'operator', name: 'ada' }],
    ['what another manager sends', topics.desired.of({ device: 'dock-1' }), { kind: 'manager', replica: 'b' }],
    ['the birth of another manager', topics.manager.of({ replica: 'b' }), { kind: 'manager', replica: 'b' }],
  ] as const)('%s is counted apart, and is nobody’s mistake', async (_, topic, from) => {
    const before = world.ingest.counts();
    world.ingest.take({ topic, payload: Buffer.from('{'), from });
    await world.ingest.idle();
    expect(world.ingest.counts()).toEqual({ ...before, downlink: before.downlink + 1 });
  });

  test('a device that writes there is one that writes where it may not', async () => {
    const before = world.ingest.counts();
    world.ingest.take({ ...uplink('dock-1', 'command', '{}') });
    await world.ingest.idle();
    expect(world.ingest.counts()).toEqual({ ...before, malformed: before.malformed + 1 });
  });
});

describe('goodbyes', () => {
  const goodbye = (conn: string, seq: number) => ({ gen: 1, boot: 1, seq, online: false, conn });

  test('a heartbeat from before a goodbye does not undo it, whichever comes first', async () => {
    for (const [name, order] of [['late', [1, -9, 8]], ['twice', [1, 8, -9, 8]], ['at-once', [8, -9, 1]]] as const) {
      const id = await world.addDevice(`bye-${name}`);
      for (const seq of order) await world.say(id, 'presence', seq < 0 ? goodbye('c1', -seq) : presence({ seq, conn: 'c1' }));
      expect(await live(id), `goodbye ${name}`).toMatchObject({ online: false });
    }
  });

  test('a heartbeat that overtakes its connection’s will is no presence; the next connection is', async () => {
    const id = await world.addDevice('bye-will');
    await world.say(id, 'presence', presence({ seq: 2, conn: 'c1' }));
    await world.say(id, 'presence', goodbye('c1', 1));
    await world.say(id, 'presence', presence({ seq: 3, conn: 'c1' }));
    expect(await live(id)).toMatchObject({ online: false, seq: 3 });
    await world.say(id, 'presence', presence({ seq: 5, conn: 'c2' }));
    expect(await live(id)).toMatchObject({ online: true, conn: 'c2' });
  });

  test('all in one batch say the same', async () => {
    const id = await world.addDevice('bye-batch');
    for (const message of [goodbye('c1', 1), presence({ seq: 5, conn: 'c2' }), presence({ seq: 2, conn: 'c1' }), goodbye('c2', 9), presence({ seq: 7, conn: 'c2' })]) world.put(id, 'presence', message);
    await world.ingest.idle();
    expect(await live(id)).toMatchObject({ online: false, conn: 'c2', seq: 9 });
  });

  test('a device that was only silent is there again with its next heartbeat', async () => {
    const id = await world.addDevice('bye-silent');
    await world.say(id, 'presence', presence({ seq: 1, conn: 'c1' }));
    await world.db.update(deviceLive).set({ online: false }).where(eq(deviceLive.deviceId, id));
    await world.say(id, 'presence', presence({ seq: 2, conn: 'c1' }));
    expect(await live(id)).toMatchObject({ online: true });
  });
});

describe('a storm', () => {
  /** Mulberry32: the same numbers for the same seed. */
  const chance = (seed: number) => () => {
    let x = (seed += 0x6d2b79f5);
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
  type Message = ['presence' | 'reported' | 'event', Record<string, unknown>];

  /** A life of two starts and three connections each: births, heartbeats, reports, events, ends by will or goodbye, the last one open or not. */
  function life(random: () => number): Message[] {
    const out: Message[] = [];
    for (let boot = 1; boot <= 2; boot += 1) {
      let seq = 0;
      for (let n = 0; n < 3; n += 1) {
        const conn = `c${boot}${n}`;
        const atConnect = (seq += 1);
        const order = () => ({ gen: 1, boot, seq: (seq += 1) });
        out.push(['presence', presence({ ...order(), conn })]);
        for (let beat = 0; beat < 3; beat += 1) {
          const kind = (['presence', 'reported', 'event'] as const)[Math.floor(random() * 3)] ?? 'event';
          const at = order();
          out.push([kind, kind === 'presence' ? presence({ ...at, conn }) : kind === 'reported' ? reported({ ...at, rev: at.seq }) : { ...at, type: 'x', reason: `${boot}.${at.seq}` }]);
        }
        if (boot === 2 && n === 2 && random() < 0.5) break;
        out.push(['presence', random() < 0.5 ? { gen: 1, boot, seq: atConnect, online: false, conn } : { ...order(), online: false, conn }]);
      }
    }
    return out;
  }

  const summary = async (id: string) => ({
    online: (await live(id))?.online,
    conn: (await live(id))?.conn,
    reported: await state(id).then((row) => row && { boot: row.boot, seq: row.seq, reported: row.reported }),
    events: (await world.db.select().from(event).where(eq(event.deviceId, id)).orderBy(asc(event.boot), asc(event.seq))).map((row) => row.reason),
  });

  test.each([1, 2, 3, 4])('duplicates and any order end where the order of things ends (seed %i)', async (seed) => {
    const random = chance(seed);
    const lives = await Promise.all(Array.from({ length: 4 }, async (_, n) => ({ calm: await world.addDevice(`calm-${seed}-${n}`), wild: await world.addDevice(`wild-${seed}-${n}`), messages: life(random) })));
    for (const { calm, messages } of lives) for (const [kind, message] of messages) await world.say(calm, kind, message);
    const storm = lives.flatMap(({ wild, messages }) => messages.flatMap((message) => Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({ wild, message }))));
    for (const { wild, message } of storm.map((one) => ({ one, at: random() })).toSorted((a, b) => a.at - b.at).map(({ one }) => one)) {
      world.put(wild, ...message);
      if (random() < 0.05) await world.ingest.idle();
    }
    await world.ingest.idle();
    for (const { calm, wild } of lives) expect(await summary(wild), `life ${wild}`).toEqual(await summary(calm));
  }, 60_000);
});
