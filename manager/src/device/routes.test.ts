import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { type DeviceId, AppName, Fault, silentLog, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { Bindings } from '@pier/shared/capability';
import { DeviceDetail, PinsView, Refused } from '@pier/shared/api';
import { topics } from '@pier/shared/wire';
import { type DeviceWorld, app, ledBinding, openDeviceWorld, presence, reported } from './testing/device-world.ts';
import { checkInvariants } from '../../../test/support/invariants.ts';
import { audit, binding, device, deviceState, policy } from '../db/index.ts';
import { assign, lockDevices } from './index.ts';
import { deviceHandlers } from './routes.ts';
import { startPolicyRefresh } from './upkeep.ts';

let fleet: DeviceWorld;
let made = 0;
const actor = { name: 'ada', role: 'operator' } as const;
const newDevice = async (): Promise<DeviceId> => fleet.addDevice(`dock-${String((made += 1)).padStart(3, '0')}`);
const none = { params: undefined, query: undefined, body: undefined, actor };
const get = async (id: string) => DeviceDetail.parse(await deviceHandlers(fleet).getDevice({ ...none, params: { device: id as DeviceId } }));
const put = async (id: string, bindings: Record<string, unknown>, name = 'blink') => deviceHandlers(fleet).putBindings({ ...none, params: { device: id as DeviceId, app: AppName.parse(name) }, body: Bindings.parse(bindings) });
const faultOf = async (work: Promise<unknown>) => work.then(() => undefined, (error: unknown) => (error instanceof Fault ? { code: error.code, message: error.message } : error));
const give = async (id: DeviceId, releaseId: string) =>
  fleet.db.transaction(async (tx) => {
    await lockDevices(tx, [id]);
    return assign(tx, [{ device: id, app, releaseId, soakS: 5, setBy: 'ada' }], { schedulerPem: fleet.schedulerPem, nowMs: fleet.clock.nowMs() });
  });

beforeAll(async () => {
  fleet = await openDeviceWorld();
}, 120_000);
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
}, 60_000);
afterAll(async () => expect(await checkInvariants(fleet.db)).toEqual([]));

describe('bindings', () => {
  test('a consent is stored, recorded and shown, and wakes the rollouts', async () => {
    const id = await newDevice();
    const woken = fleet.woken.count;
    expect(await put(id, ledBinding)).toEqual(ledBinding);
    expect((await get(id)).bindings).toEqual({ blink: ledBinding });
    expect((await fleet.db.select().from(audit)).filter((row) => row.object === `device:${id}`)).toMatchObject([{ actor: 'ada', action: 'binding.set', detail: { app: 'blink', before: null, after: ledBinding } }]);
    expect(fleet.woken.count).toBe(woken + 1);
  });

  test('a change reaches a device that runs the app, under a new revision and the same attempt; saying it again does not', async () => {
    const [id, one] = [await newDevice(), await fleet.addRelease({ counter: 1 })];
    await put(id, ledBinding);
    await give(id, one.id);
    const before = await fleet.desiredOf(id);
    const moved = { led: { ...ledBinding.led, line: 22 } };
    await put(id, moved);
    const after = await fleet.desiredOf(id);
    expect(after).toMatchObject({ apps: { blink: { attempt: 1, bindings: moved } } });
    expect(after?.rev).toBeGreaterThan(before?.rev ?? 0);
    await put(id, moved);
    expect(await fleet.desiredOf(id)).toEqual(after);
  });

  test('an app’s own line may be bound anew, and to another label', async () => {
    const id = await newDevice();
    await put(id, ledBinding);
    expect(await faultOf(put(id, { lamp: ledBinding.led }))).toBeUndefined();
  });

  test.each([
    ['a line that is not there', { led: { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 54 } }, 'line-unknown', /"led".*54/],
    ['a reserved line', { led: { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 1 } }, 'line-reserved', /"led".*GPIO1/],
    ['two labels on one output', { a: ledBinding.led, b: ledBinding.led }, 'conflict', /"b".*"a" of app blink/],
    ['a port that the board keeps', { bus: { kind: 'serial', path: '/dev/ttyAMA0' } }, 'port-reserved', /"bus".*ttyAMA0.*console/],
    ['two labels on one port', { a: { kind: 'serial', path: '/dev/ttyAMA1' }, b: { kind: 'serial', path: '/dev/ttyAMA1' } }, 'conflict', /"b".*"a" of app blink/],
    ['a chip with NUL in its name', { led: { kind: 'gpio', chip: 'a\0b', line: 1 } }, 'line-unknown', /"led"/],
  ])('%s is refused, and nothing is stored', async (_, bindings, code, message) => {
    const id = await newDevice();
    await put(id, ledBinding);
    expect(await faultOf(put(id, bindings))).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((await get(id)).bindings).toEqual({ blink: ledBinding });
  });

  test('a line that another app drives is refused, naming the app; two that ask at once do not both get it', async () => {
    const id = await newDevice();
    const results = await Promise.all([faultOf(put(id, ledBinding, 'blink')), faultOf(put(id, ledBinding, 'pump'))]);
    expect(results.filter((result) => result === undefined)).toHaveLength(1);
    expect(results.find((result) => result !== undefined)).toMatchObject({ code: 'conflict', message: expect.stringMatching(/"led" of app (blink|pump)/) });
    expect(await fleet.db.select().from(binding).where(eq(binding.deviceId, id))).toHaveLength(1);
  });

  test('a port that another app holds is refused, naming the app; one that nobody named yet may be bound', async () => {
    const id = await newDevice();
    const usb = { bus: { kind: 'serial', path: '/dev/serial/by-id/usb-FTDI_A50285BI' } };
    await put(id, usb, 'meter');
    expect(await faultOf(put(id, usb, 'modem'))).toMatchObject({ code: 'conflict', message: expect.stringMatching(/"bus" of app meter/) });
    expect((await get(id)).bindings).toEqual({ meter: usb });
    expect(await faultOf(put(id, usb, 'meter'))).toBeUndefined();
  });

  test('a consent waits for whoever changes the device, and is judged by what is there then', async () => {
    const id = await newDevice();
    let later: Promise<unknown> = Promise.resolve();
    await fleet.db.transaction(async (tx) => {
      await lockDevices(tx, [id]);
      await tx.insert(binding).values({ deviceId: id, app: 'pump', bindings: ledBinding, setBy: 'grace' });
      later = faultOf(put(id, ledBinding, 'blink'));
      await systemClock.sleep(200);
    });
    expect(await later).toMatchObject({ code: 'conflict', message: expect.stringMatching(/of app pump/) });
  });

  test('bindings that would make the document too large are refused, before any app is assigned; fewer are taken', async () => {
    const id = await newDevice();
    const full = (labels: number) => Object.fromEntries(Array.from({ length: labels }, (_, n) => [`port-${n}`, { kind: 'serial', path: `/dev/serial/by-id/${'x'.repeat(100)}-${n}-${(made += 1)}` }]));
    const apps = Array.from({ length: 6 }, (_, n) => `app-${n}`);
    const results = [];
    for (const name of apps) results.push(await faultOf(put(id, full(76), name)));
    expect(results[0]).toBeUndefined();
    const refused = results.findIndex((result) => result !== undefined);
    expect(results[refused]).toMatchObject({ code: 'too-large', message: expect.stringContaining(id) });
    expect(Object.keys((await get(id)).bindings)).toEqual(apps.slice(0, refused));
    expect(await faultOf(put(id, full(1), 'app-0'))).toBeUndefined();
    // All that was taken fits, whatever is assigned of it.
    const changes = await Promise.all(apps.slice(0, refused).map(async (name, n) => ({ device: id, app: AppName.parse(name), releaseId: (await fleet.addRelease({ counter: 700 + n, name })).id, soakS: 1, setBy: 'ada' })));
    const { attempts, tooLarge } = await fleet.db.transaction(async (tx) => assign(tx, changes, { schedulerPem: fleet.schedulerPem, nowMs: fleet.clock.nowMs() }));
    expect([[...attempts.keys()], tooLarge.size]).toEqual([apps.slice(0, refused).map((name) => `${id}/${name}`), 0]);
  });

  test('an unknown or revoked device takes none', async () => {
    expect(await faultOf(put('nobody', ledBinding))).toMatchObject({ code: 'not-found', message: expect.stringMatching(/"nobody"/) });
    const id = await newDevice();
    await fleet.db.update(device).set({ state: 'revoked' }).where(eq(device.id, id));
    expect(await faultOf(put(id, ledBinding))).toMatchObject({ code: 'conflict' });
  });
});

describe('assignments', () => {
  test('every write has a new attempt, above what the device says it has seen', async () => {
    const [id, one] = [await newDevice(), await fleet.addRelease({ counter: 2 })];
    expect([...(await give(id, one.id)).attempts.values()]).toEqual([1]);
    expect([...(await give(id, one.id)).attempts.values()]).toEqual([2]);
    await fleet.say(id, 'reported', reported({ seq: 1, apps: { blink: { attempt: 40 } } }));
    expect([...(await give(id, one.id)).attempts.values()]).toEqual([41]);
    await fleet.say(id, 'reported', reported({ seq: 2, apps: { blink: { attempt: Number.MAX_SAFE_INTEGER } } }));
    expect([...(await give(id, one.id)).attempts.values()]).toEqual([42]);
  });

  test('a new policy reaches every device that was ever given anything, in the background, also after a crash and page after page', async () => {
    const [id, idle, one] = [await newDevice(), await newDevice(), await fleet.addRelease({ counter: 3 })];
    const many = await fleet.addDevices(Array.from({ length: 1_100 }, (_, n) => `page-${n}`));
    await give(id, one.id);
    await fleet.db.insert(deviceState).values(many.map((deviceId) => ({ deviceId, rev: 1 })));
    await fleet.db.insert(policy).values({ number: 8, rootId: 'x', envelope: {}, setBy: 'admin' });
    // The number 8 was committed, and the process ended there: what starts next finds who was not told.
    {
      await using refresh = startPolicyRefresh({ ...fleet, log: silentLog, wakePublisher: () => {} });
      await refresh.idle();
    }
    expect(await fleet.desiredOf(id)).toMatchObject({ policy: 8, apps: { blink: { attempt: 1 } } });
    const rows = await fleet.db.select().from(deviceState);
    expect(rows.filter((row) => row.rev > 0 && row.policyNumber !== 8)).toEqual([]);
    expect(rows.filter((row) => row.policyNumber === 8).length).toBeGreaterThan(1_100);
    expect(await fleet.desiredOf(idle)).toBeUndefined();
    const revs = new Map(rows.map((row) => [row.deviceId, row.rev]));
    await using again = startPolicyRefresh({ ...fleet, log: silentLog, wakePublisher: () => {} });
    await again.idle();
    expect((await fleet.db.select().from(deviceState)).filter((row) => row.rev !== revs.get(row.deviceId))).toEqual([]);
  });
});

describe('what is shown', () => {
  test('a device that never spoke is shown as offline, with nothing made up', async () => {
    const id = await newDevice();
    expect(await get(id)).toMatchObject({ id, online: false, lastSeenAt: null, agent: null, rev: 0, reported: null, refusals: [], deployments: [], assignments: [] });
  });

  test('a device that spoke is shown as it said, without the order of its messages', async () => {
    const [id, one] = [await newDevice(), await fleet.addRelease({ counter: 4 })];
    await give(id, one.id);
    await fleet.say(id, 'presence', presence({ seq: 1, rev: 3, agent: '9.9', usage: { blink: { cpuMs: 12, memoryBytes: 65_536, outputBytes: 3 } } }));
    await fleet.say(id, 'reported', reported({ seq: 2, rev: 3, apps: { blink: { attempt: 1, state: 'soaking' } }, desiredRefused: { code: 'desired-unsigned', reason: 'no signature' } }));
    const shown = await get(id);
    expect(shown).toMatchObject({ online: true, agent: '9.9', rev: 3, reported: { rev: 3, apps: { blink: { state: 'soaking' } }, desiredRefused: { code: 'desired-unsigned' } } });
    expect(Object.keys(shown.reported ?? {})).not.toContain('seq');
    expect(shown.permissions[app]?.join('\n')).toMatch(/led/);
    expect(shown.apps).toEqual([{ app: 'blink', version: null, wanted: one.version, state: 'soaking', hold: null }]);
    expect(shown.usage).toEqual({ blink: { cpuMs: 12, memoryBytes: 65_536, outputBytes: 3 } });
    expect(shown.assignments).toEqual([{ app: 'blink', release: one.id, version: one.version, digest: one.digest, attempt: 1, setBy: 'ada', byHand: false }]);
  });

  test('refusals are the events with a code, newest first, page by page', async () => {
    const id = await newDevice();
    for (let seq = 1; seq <= 5; seq += 1) await fleet.say(id, 'event', { gen: 1, boot: 1, seq, type: 'artifact.refused', app: 'blink', digest: digestOf('x'), ...(seq === 3 ? {} : { code: 'unsigned', reason: `no ${seq}` }) });
    const list = async (cursor?: string) => deviceHandlers(fleet).listRefusals({ ...none, params: { device: id }, query: { limit: 3, ...(cursor === undefined ? {} : { cursor }) } });
    const first = await list();
    expect(first.items.map((item) => Refused.parse(item).reason)).toEqual(['no 5', 'no 4', 'no 2']);
    const second = await list(first.next ?? '');
    expect([second.items.map((item) => item.reason), second.next]).toEqual([['no 1'], null]);
    for (const cursor of ['x', Buffer.from('1; drop').toString('base64url'), Buffer.from('9'.repeat(40)).toString('base64url')]) expect(await faultOf(list(cursor))).toMatchObject({ code: 'input-invalid' });
  });

  test('an unknown device is not found', async () => {
    const params = { device: 'nobody' as DeviceId };
    expect(await faultOf(get('nobody'))).toMatchObject({ code: 'not-found' });
    expect(await faultOf(deviceHandlers(fleet).getPins({ ...none, params }))).toMatchObject({ code: 'not-found' });
    expect(await faultOf(deviceHandlers(fleet).listRefusals({ ...none, params, query: { limit: 1 } }))).toMatchObject({ code: 'not-found' });
  });
});

describe('pins', () => {
  const look = async (id: DeviceId) => PinsView.parse(await deviceHandlers(fleet).getPins({ ...none, params: { device: id } }));
  const line = (level: 0 | 1) => ({ chip: 'pinctrl-bcm2711', line: 17, name: 'GPIO17', app: 'blink', label: 'led', direction: 'out', level, edges: 3 });
  const leases = (id: DeviceId) => fleet.sent.filter(({ topic }) => topic === topics.pinsLease.of({ device: id }));

  test('looking asks the device for its pins once in five seconds, and shows the newest that came', async () => {
    const id = await newDevice();
    expect(await look(id)).toEqual({ at: null, lines: [] });
    await look(id);
    expect(leases(id).map(({ payload }) => JSON.parse(payload))).toEqual([{ for: 15 }]);
    await fleet.say(id, 'pins', { gen: 1, boot: 1, seq: 5, lines: [line(1)] });
    await fleet.say(id, 'pins', { gen: 1, boot: 1, seq: 4, lines: [line(0)] });
    expect((await look(id)).lines).toEqual([line(1)]);
  });

  test('pins that nobody looks at are not kept', async () => {
    const id = await newDevice();
    await fleet.say(id, 'pins', { gen: 1, boot: 1, seq: 5, lines: [line(1)] });
    expect((await look(id)).lines).toEqual([]);
  });

  test('however many devices are looked at, few are kept', async () => {
    const many = Array.from({ length: 300 }, (_, n) => `many-${n}` as DeviceId);
    for (const id of many) await fleet.pins.look(id);
    expect(fleet.pins.size).toBe(256);
  });
});
