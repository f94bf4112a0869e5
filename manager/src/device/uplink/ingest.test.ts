import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { type DeviceId, AppName, canonicalJson, silentLog } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { payloadBytesMax, topics } from '@pier/shared/wire';
import { type DeviceWorld, openDeviceWorld, presence, reported } from '../testing/device-world.ts';
import { checkInvariants } from '../../../../test/support/invariants.ts';
import { assignment, audit, binding, device, deviceLive, deviceState, event, outbox } from '../../db/index.ts';
import { assign, writeDesired } from '../desired.ts';
import { storeSilent } from '../store.ts';
import { startSilenceWatch } from '../upkeep.ts';

let fleet: DeviceWorld;
let made = 0;
const newDevice = async (): Promise<DeviceId> => fleet.addDevice(`dock-${(made += 1)}`);
const live = async (id: string) => (await fleet.db.select().from(deviceLive).where(eq(deviceLive.deviceId, id)))[0];
const state = async (id: string) => (await fleet.db.select().from(deviceState).where(eq(deviceState.deviceId, id)))[0];
const events = async (id: string) => fleet.db.select().from(event).where(eq(event.deviceId, id)).orderBy(event.id);
const waitingFor = async (id: DeviceId) => (await fleet.db.select().from(outbox)).filter((row) => row.topic === topics.desired.of({ device: id }));
const assignedTo = async (id: DeviceId) => fleet.db.select().from(assignment).where(eq(assignment.deviceId, id));
const acksTo = (id: DeviceId) => fleet.sent.filter(({ topic }) => topic === topics.ack.of({ device: id })).map(({ payload }) => JSON.parse(payload));

beforeAll(async () => {
  fleet = await openDeviceWorld();
}, 120_000);
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
}, 60_000);
afterAll(async () => expect(await checkInvariants(fleet.db)).toEqual([]));

describe('what is no message', () => {
  test.each([
    ['not JSON', '{'],
    ['not UTF-8', Buffer.from([0xff, 0xfe, 0x00])],
    ['JSON twice', '{}{}'],
    ['a key twice', '{"gen":1,"gen":2}'],
    ['an empty object', '{}'],
    ['a list', '[]'],
    ['a number out of range', JSON.stringify(presence({ seq: 1 })).replace('"seq":1', '"seq":1e300')],
    ['a negative order', presence({ seq: -1 })],
    ['a fraction', presence({ seq: 1.5 })],
    ['deeply nested', '['.repeat(100)],
    ['too large', JSON.stringify(presence({ seq: 1, conn: 'c'.repeat(100_000) }))],
  ])('%s is counted and let go', async (_, message) => {
    const id = await newDevice();
    const before = fleet.ingest.counts();
    fleet.ingest.take({ topic: topics.presence.of({ device: id }), payload: Buffer.from(typeof message === 'object' && !Buffer.isBuffer(message) ? JSON.stringify(message) : message), from: { kind: 'device', device: id } });
    await fleet.ingest.idle();
    expect(fleet.ingest.counts()).toEqual({ ...before, malformed: before.malformed + 1 });
    expect(await live(id)).toBeUndefined();
  });

  test.each(['pier/v1/d/dock/up', 'pier/v1/d//up/presence', 'pier/v1/d/a/b/up/presence', 'pier/v1/d/UPPER/up/presence', 'pier/v1/d/x\0y/up/presence', 'pier/v2/d/dock/up/presence', '$SYS/x', '', 'pier/v1/d/dock/up/unheard-of'])('the topic %j is nobody’s', async (topic) => {
    const before = fleet.ingest.counts();
    fleet.ingest.take({ topic, payload: Buffer.from('{}'), from: { kind: 'manager', replica: 'a' } });
    await fleet.ingest.idle();
    const after = fleet.ingest.counts();
    expect(after.malformed + after.foreign).toBe(before.malformed + before.foreign + 1);
  });

  test('keys of a newer agent are no obstacle', async () => {
    const id = await newDevice();
    await fleet.say(id, 'presence', presence({ seq: 1, weather: 'fine' }));
    expect(await live(id)).toMatchObject({ online: true });
  });
});

describe('who speaks', () => {
  test.each([
    ['another device', { kind: 'device', device: 'dock-x' as DeviceId }],
    ['an operator', { kind: 'operator', name: 'eve' }],
    ['a manager', { kind: 'manager', replica: 'a' }],
  ] as const)('%s cannot speak for a device', async (_, from) => {
    const id = await newDevice();
    fleet.ingest.take({ topic: topics.presence.of({ device: id }), payload: Buffer.from(JSON.stringify(presence({ seq: 1 }))), from });
    await fleet.ingest.idle();
    expect(await live(id)).toBeUndefined();
  });

  test('an unknown device is not heard, and nothing is acknowledged', async () => {
    const id = 'never-enrolled' as DeviceId;
    await fleet.say(id, 'presence', presence({ seq: 1 }));
    await fleet.say(id, 'event', { gen: 1, boot: 1, seq: 2, type: 'app.trapped' });
    expect(acksTo(id)).toEqual([]);
  });

  test.each(['presence', 'reported', 'event'] as const)('%s of a revoked device is not heard', async (kind) => {
    const id = await newDevice();
    await fleet.db.update(device).set({ state: 'revoked' }).where(eq(device.id, id));
    await fleet.say(id, kind, kind === 'presence' ? presence({ seq: 1 }) : kind === 'reported' ? reported({ seq: 1, rev: 3 }) : { gen: 1, boot: 1, seq: 1, type: 'x' });
    expect([await live(id), (await state(id))?.reported, await events(id), acksTo(id)]).toEqual([undefined, null, [], []]);
  });

  test.each(['presence', 'reported', 'event'] as const)('%s of another life of the board is not heard, older or newer', async (kind) => {
    const id = await newDevice();
    await fleet.db.update(device).set({ generation: 5 }).where(eq(device.id, id));
    for (const gen of [4, 6]) await fleet.say(id, kind, kind === 'presence' ? presence({ gen, seq: 1 }) : kind === 'reported' ? reported({ gen, seq: 1, rev: 3 }) : { gen, boot: 1, seq: 1, type: 'x' });
    expect([await live(id), (await state(id))?.reported, await events(id), acksTo(id)]).toEqual([undefined, null, [], []]);
  });
});

describe('presence', () => {
  test('a heartbeat that comes late changes nothing', async () => {
    const id = await newDevice();
    await fleet.say(id, 'presence', presence({ boot: 2, seq: 1, conn: 'new' }));
    await fleet.say(id, 'presence', presence({ boot: 1, seq: 900, conn: 'old' }));
    expect(await live(id)).toMatchObject({ boot: 2, seq: 1, conn: 'new' });
  });

  test('a will ends its own connection, and no newer one', async () => {
    const id = await newDevice();
    await fleet.say(id, 'presence', presence({ seq: 1, conn: 'first' }));
    await fleet.say(id, 'presence', presence({ seq: 2, conn: 'second' }));
    await fleet.say(id, 'presence', { gen: 1, boot: 1, seq: 0, online: false, conn: 'first' });
    expect(await live(id)).toMatchObject({ online: true });
    await fleet.say(id, 'presence', { gen: 1, boot: 1, seq: 0, online: false, conn: 'second' });
    expect(await live(id)).toMatchObject({ online: false });
  });

  test('a device that falls silent without a will is offline', async () => {
    const id = await newDevice();
    await fleet.say(id, 'presence', presence({ seq: 1 }));
    await storeSilent(fleet.db, fleet.clock.nowMs() - 60_000);
    expect(await live(id)).toMatchObject({ online: true });
    await storeSilent(fleet.db, fleet.clock.nowMs() + 60_000);
    expect(await live(id)).toMatchObject({ online: false });
  });
});

describe('desired follows presence', () => {
  const given = async (): Promise<{ id: DeviceId; rev: number; hash: string }> => {
    const id = await newDevice();
    await writeDesired(fleet.db, [id], { schedulerPem: fleet.schedulerPem, nowMs: fleet.clock.nowMs() });
    await fleet.db.delete(outbox);
    const row = await state(id);
    return { id, rev: row?.rev ?? 0, hash: row?.desiredHash ?? '' };
  };

  test('a device that is behind is sent the stored document once more, under its old revision', async () => {
    const { id, rev } = await given();
    await fleet.say(id, 'presence', presence({ seq: 1, rev: 0 }));
    const [row, ...others] = await waitingFor(id);
    expect(others).toEqual([]);
    expect(JSON.parse(row?.payload ?? '{}')).toEqual((await state(id))?.desired);
    expect((await state(id))?.rev).toBe(rev);
  });

  test('a device that is up to date is sent nothing', async () => {
    const { id, rev, hash } = await given();
    await fleet.say(id, 'presence', presence({ seq: 1, rev, desired: hash }));
    expect(await waitingFor(id)).toEqual([]);
  });

  test('a device that took a document from somebody else gets a newer one: forged under our revision, or above it', async () => {
    const { id, rev } = await given();
    const forged = digestOf('a document signed with a stolen scheduler key');
    await fleet.say(id, 'presence', presence({ seq: 1, rev, desired: forged }));
    const second = (await state(id))?.rev ?? 0;
    expect(second).toBeGreaterThan(rev);
    await fleet.say(id, 'presence', presence({ seq: 2, rev: second + 1_000_000_000, desired: forged }));
    expect((await state(id))?.rev).toBe(second + 1_000_000_001);
    expect(await waitingFor(id)).toHaveLength(2);
    expect(await fleet.desiredOf(id)).toMatchObject({ device: id, rev: second + 1_000_000_001, policy: 7 });
  });

  test('a manager that lost its database heals a device that it never gave anything', async () => {
    const id = await newDevice();
    await fleet.say(id, 'presence', presence({ seq: 1, rev: 4_000_000_000_000, desired: digestOf('before the loss') }));
    expect(await fleet.desiredOf(id)).toMatchObject({ rev: 4_000_000_000_001, apps: {} });
  });

  test('a device that claims the highest number there is does not run the numbers out', async () => {
    const { id, rev } = await given();
    await fleet.say(id, 'presence', presence({ seq: 1, rev: Number.MAX_SAFE_INTEGER, desired: digestOf('x') }));
    const healed = (await state(id))?.rev ?? 0;
    expect(healed).toBeGreaterThan(rev);
    expect(healed).toBeLessThan(fleet.clock.nowMs() + 60_000);
  });

  test('the stored hash is that of the signed payload bytes', async () => {
    const { id, hash } = await given();
    const desired = await fleet.desiredOf(id);
    expect(digestOf(canonicalJson(desired))).toBe(hash);
  });
});

describe('reports', () => {
  test('a report is stored, and acknowledged by its own order', async () => {
    const id = await newDevice();
    await fleet.say(id, 'reported', reported({ boot: 3, seq: 9, rev: 12, apps: { blink: { attempt: 1, state: 'soaking' } } }));
    expect(await state(id)).toMatchObject({ gen: 1, boot: 3, seq: 9, reported: { rev: 12, apps: { blink: { attempt: 1, state: 'soaking' } } } });
    expect(acksTo(id)).toEqual([{ gen: 1, boot: 3, seq: 9 }]);
  });

  test('the same one again, or an older one, changes nothing and is acknowledged all the same', async () => {
    const id = await newDevice();
    await fleet.say(id, 'reported', reported({ boot: 2, seq: 5, rev: 2 }));
    const stored = await state(id);
    await fleet.say(id, 'reported', reported({ boot: 2, seq: 5, rev: 99 }));
    await fleet.say(id, 'reported', reported({ boot: 1, seq: 900, rev: 98 }));
    expect(await state(id)).toEqual(stored);
    expect(acksTo(id)).toEqual([{ gen: 1, boot: 2, seq: 5 }, { gen: 1, boot: 2, seq: 5 }, { gen: 1, boot: 1, seq: 900 }]);
  });

  test('many at once in any order end in the newest', async () => {
    const id = await newDevice();
    const seqs = Array.from({ length: 40 }, (_, n) => ((n * 17) % 40) + 1);
    for (const seq of seqs) fleet.ingest.take({ topic: topics.reported.of({ device: id }), payload: Buffer.from(JSON.stringify(reported({ seq, rev: seq }))), from: { kind: 'device', device: id } });
    await fleet.ingest.idle();
    expect(await state(id)).toMatchObject({ seq: 40, reported: { rev: 40 } });
    expect(acksTo(id)).toHaveLength(40);
  });

  test('NUL and other nonsense in a reason is kept visibly and stops nothing', async () => {
    const id = await newDevice();
    const reason = { code: 'guest-trapped', reason: 'a\0b \u202e\u{1F4A3} \'"; drop table device; --' };
    await fleet.say(id, 'reported', reported({ seq: 1, apps: { blink: { attempt: 1, state: 'failed', reason } } }));
    expect((await state(id))?.reported).toMatchObject({ apps: { blink: { reason: { reason: reason.reason.replace('\0', '\uFFFD') } } } });
    expect(acksTo(id)).toHaveLength(1);
  });

  test.each([
    ['an app name that is none', { '../etc': {} }],
    ['an app name from the prototype', { __proto__: { attempt: 1 } }],
    ['an unknown state', { blink: { attempt: 1, state: 'rolled_back' } }],
    ['an attempt that is no number', { blink: { attempt: '1' } }],
  ])('%s is not stored', async (_, apps) => {
    const id = await newDevice();
    const text = JSON.stringify(reported({ seq: 1 })).replace('"apps":{}', `"apps":${JSON.stringify(apps) === '{}' ? '{"__proto__":{"attempt":1}}' : JSON.stringify(apps)}`);
    await fleet.say(id, 'reported', text);
    expect((await state(id))?.reported ?? { apps: {} }).toMatchObject({ apps: {} });
    expect(Object.keys(((await state(id))?.reported?.['apps'] as object | undefined) ?? {})).toEqual([]);
  });
});

describe('events and commands', () => {
  test('an event is kept once however often it comes, and acknowledged each time', async () => {
    const id = await newDevice();
    const fact = { gen: 1, boot: 1, seq: 4, type: 'artifact.refused', app: 'blink', digest: digestOf('x'), attempt: 2, code: 'digest-mismatch', reason: 'one byte differs\0' };
    for (let n = 0; n < 3; n += 1) await fleet.say(id, 'event', fact);
    expect(await events(id)).toMatchObject([{ type: 'artifact.refused', code: 'digest-mismatch', reason: 'one byte differs\uFFFD', attempt: 2 }]);
    expect(acksTo(id)).toHaveLength(3);
  });

  test('the newest thousand events of a device are kept, and nobody else’s are touched', async () => {
    const [id, other] = [await newDevice(), await newDevice()];
    await fleet.say(other, 'event', { gen: 1, boot: 1, seq: 1, type: 'safe-state' });
    await fleet.db.insert(event).values(Array.from({ length: 1_005 }, (_, n) => ({ deviceId: id, gen: 1, boot: 1, seq: n, type: 'app.exited' })));
    await fleet.say(id, 'event', { gen: 1, boot: 2, seq: 1, type: 'app.trapped' });
    const kept = await events(id);
    expect([kept.length, kept[0]?.seq, kept.at(-1)?.type]).toEqual([1_000, 6, 'app.trapped']);
    expect(await events(other)).toHaveLength(1);
  });

  test('the last word about a command is acknowledged, and no other', async () => {
    const id = await newDevice();
    await fleet.say(id, 'commandState', { gen: 1, boot: 1, seq: 1, id: 'c1', n: 1, state: 'accepted' });
    await fleet.say(id, 'commandState', { gen: 1, boot: 1, seq: 2, id: 'c1', n: 2, state: 'done', result: {} });
    expect(acksTo(id)).toEqual([{ gen: 1, boot: 1, seq: 2 }]);
  });
});

test('what nobody can store is counted as failed, and the next message is heard', async () => {
  await using other = await openDeviceWorld();
  const id = await other.addDevice('dock-a');
  await other.db.execute('alter table event rename to event_away');
  await other.say(id, 'event', { gen: 1, boot: 1, seq: 1, type: 'x' });
  expect(other.ingest.counts()).toMatchObject({ failed: 1, taken: 0 });
  await other.db.execute('alter table event_away rename to event');
  await other.say(id, 'event', { gen: 1, boot: 1, seq: 1, type: 'x' });
  expect(other.ingest.counts()).toMatchObject({ failed: 1, taken: 1 });
}, 120_000);

test('a flood beyond its share drops the oldest, and counts them', async () => {
  const id = await newDevice();
  const before = fleet.ingest.counts();
  const heard = presence({ seq: 7 });
  for (let n = 0; n < 10_030; n += 1) fleet.ingest.take({ topic: topics.presence.of({ device: id }), payload: Buffer.from('{'), from: { kind: 'device', device: id } });
  fleet.ingest.take({ topic: topics.presence.of({ device: id }), payload: Buffer.from(JSON.stringify(heard)), from: { kind: 'device', device: id } });
  await fleet.ingest.idle();
  const { dropped, malformed } = fleet.ingest.counts();
  expect(dropped).toBeGreaterThan(0);
  expect(dropped + malformed - before.malformed).toBe(10_030);
  expect(await live(id)).toMatchObject({ seq: 7 });
}, 60_000);

test('a device that floods loses its own messages; what others say is heard before the flood is worked through', async () => {
  const [loud, quiet] = [await newDevice(), await newDevice()];
  const before = fleet.ingest.counts();
  const flood = (n: number) => fleet.ingest.take({ topic: topics.event.of({ device: loud }), payload: Buffer.from(JSON.stringify({ gen: 1, boot: 1, seq: n, type: 'x', reason: 'y'.repeat(900) })), from: { kind: 'device', device: loud } });
  for (let n = 1; n <= 3_000; n += 1) flood(n);
  fleet.ingest.take({ topic: topics.event.of({ device: quiet }), payload: Buffer.from(JSON.stringify({ gen: 1, boot: 1, seq: 1, type: 'quiet' })), from: { kind: 'device', device: quiet } });
  for (let n = 3_001; n <= 6_000; n += 1) flood(n);
  const quietHeard = Promise.withResolvers<number>();
  const watch = fleet.clock.every(1, () => {
    if (acksTo(quiet).length > 0) quietHeard.resolve(acksTo(loud).length);
  });
  await fleet.ingest.idle();
  quietHeard.resolve(Number.NaN);
  watch[Symbol.dispose]();
  expect(await quietHeard.promise).toBeLessThan(100);
  expect(await events(quiet)).toHaveLength(1);
  expect((await events(loud)).at(-1)?.seq).toBe(6_000);
  const after = fleet.ingest.counts();
  expect(after.dropped + after.taken - before.dropped - before.taken).toBe(6_001);
  expect(after.dropped - before.dropped).toBeGreaterThan(5_000);
}, 60_000);

test('a payload over the limit is let go before it waits', async () => {
  const id = await newDevice();
  const before = fleet.ingest.counts();
  fleet.ingest.take({ topic: topics.event.of({ device: id }), payload: Buffer.alloc(payloadBytesMax + 1, 0x20), from: { kind: 'device', device: id } });
  expect(fleet.ingest.counts(), 'without waiting for its turn').toEqual({ ...before, malformed: before.malformed + 1 });
  await fleet.ingest.idle();
});

test('a silence is noticed without anybody asking', async () => {
  const id = await newDevice();
  await fleet.say(id, 'presence', presence({ seq: 1 }));
  fleet.clock.skip(100_000);
  const told: string[] = [];
  const woken = fleet.woken.count;
  await using watch = startSilenceWatch({ ...fleet, log: silentLog, onChanged: (devices) => void told.push(...devices) });
  watch.wake();
  await watch.idle();
  expect(await live(id)).toMatchObject({ online: true });
  expect(told).not.toContain(id);
  fleet.clock.skip(45_000);
  watch.wake();
  await watch.idle();
  expect(await live(id)).toMatchObject({ online: false });
  expect(told).toContain(id);
  expect(fleet.woken.count, 'and the rollouts look at once').toBeGreaterThan(woken);
});

test('a document that would not fit into a message is not written, and holds up no other device', async () => {
  const [full, other] = [await newDevice(), await newDevice()];
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`folder-${n}`, { kind: 'storage', maxBytes: 1_000_000 }]));
  await fleet.db.insert(binding).values(Array.from({ length: 30 }, (_, n) => ({ deviceId: full, app: `app-${n}`, bindings: many, setBy: 'x' })));
  const releases = await Promise.all(Array.from({ length: 30 }, async (_, n) => fleet.addRelease({ counter: 900 + n, name: `app-${n}` })));
  const writer = { schedulerPem: fleet.schedulerPem, nowMs: fleet.clock.nowMs() };
  const changes = [full, other].flatMap((id) => releases.map((one, n) => ({ device: id, app: AppName.parse(`app-${n}`), releaseId: one.id, soakS: 1, setBy: 'x' })));
  const { attempts, tooLarge } = await fleet.db.transaction(async (tx) => assign(tx, changes, writer));
  expect([...tooLarge]).toEqual([full]);
  expect(attempts).toEqual(new Map(releases.map((_, n) => [`${other}/app-${n}`, 1])));
  expect([await assignedTo(full), (await state(full))?.desired, await waitingFor(full)]).toEqual([[], null, []]);
  expect([(await assignedTo(other)).length, Object.keys((await fleet.desiredOf(other))?.apps ?? {}).length, (await waitingFor(other)).length]).toEqual([30, 30, 1]);

  await fleet.db.update(assignment).set({ deviceId: full }).where(eq(assignment.deviceId, other));
  const skipped = await fleet.db.transaction(async (tx) => writeDesired(tx, [full, other], writer));
  expect([[...skipped], (await state(full))?.desired, (await fleet.desiredOf(other))?.apps]).toEqual([[full], null, {}]);
  await fleet.say(full, 'presence', presence({ seq: 1, rev: 9 }));
  expect((await fleet.db.select().from(audit)).filter((row) => row.action === 'desired.too-large'), 'told once, however often the device asks').toMatchObject([{ actor: 'system', object: `device:${full}`, detail: { sizeBytesMax: 65_536 } }]);
  // What no message could carry was put there past the manager: it is not left for the invariants.
  await fleet.db.delete(assignment).where(eq(assignment.deviceId, full));
});

test('a desired document is signed as desired and nothing else', async () => {
  const id = await newDevice();
  await writeDesired(fleet.db, [id], { schedulerPem: fleet.schedulerPem, nowMs: fleet.clock.nowMs() });
  const envelope = (await state(id))?.desired;
  expect(envelope?.['payloadType']).toBe(payloadTypes.desired);
  expect(() => signEnvelope({ payloadType: payloadTypes.desired, payload: '{}', privatePem: 'no key' })).toThrow(/P-256|PEM/);
});
