/** Commands to apps: what is signed and stored, what is refused, and what answers and silence make of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { SentCommand, type UiVerb } from '@pier/shared/api';
import { AppName, type DeviceId, DeviceId as DeviceIdSchema, silentLog } from '@pier/shared/core';
import { openEnvelope, payloadTypes } from '@pier/shared/signing';
import { SignedCommand, topics } from '@pier/shared/wire';
import { faultOf } from '../../../test/support/rollouts.ts';
import { assignment, audit, command, device, outbox } from '../db/index.ts';
import { type DeviceWorld, app, openDeviceWorld, presence, reported } from '../device/testing/device-world.ts';
import { commandHandlers, startUnansweredWatch, takeAnswers } from './index.ts';
import { answerWithinS, openMax } from './rules.ts';

let world: DeviceWorld;
const told: string[] = [];
const actor = { name: 'ada', role: 'operator' } as const;
let seq = 10;

beforeAll(async () => {
  world = await openDeviceWorld({ onAnswered: takeAnswers, onChanged: (devices) => void told.push(...devices) });
}, 120_000);
afterAll(async () => world[Symbol.asyncDispose](), 60_000);

const handlers = () => commandHandlers({ db: world.db, clock: world.clock, random: Math.random, log: silentLog, schedulerPem: world.schedulerPem, wake: world.wake });
const send = async (id: string, { verb = 'app.restart', of = app, remark }: { verb?: UiVerb; of?: string; remark?: string } = {}) =>
  SentCommand.parse(await handlers().commandApp({ params: { device: DeviceIdSchema.parse(id) }, query: undefined, body: { verb, app: AppName.parse(of), remark }, actor }));
const list = async (id: DeviceId, query: { limit?: number; cursor?: string } = {}) => handlers().listCommands({ params: { device: id }, query: { limit: 50, ...query }, body: undefined, actor });
const stateOf = async (id: DeviceId) => (await list(id)).items.map(({ state }) => state);

/** A device that is there, with the app. */
async function there(name: string): Promise<DeviceId> {
  const id = await world.addDevice(name);
  await world.say(id, 'presence', presence({ seq: 1 }));
  await world.say(id, 'reported', reported({ seq: 2, apps: { blink: { attempt: 1, state: 'proven' } } }));
  return id;
}

const answer = async (from: DeviceId, to: SentCommand, said: Record<string, unknown>) => world.say(from, 'commandState', { gen: 1, boot: 1, seq: (seq += 1), id: to.id, n: 1, ...said });
const commandsTo = async (id: string) => (await world.db.select().from(outbox).where(eq(outbox.topic, topics.command.of({ device: id })))).map(({ payload }) => JSON.parse(payload) as unknown);

function opened(envelope: unknown): SignedCommand {
  const { id, publicPem } = world.keys.scheduler;
  const verdict = openEnvelope(envelope, { payloadType: payloadTypes.command, keys: [{ id, pem: publicPem }] });
  if (!verdict.ok) throw new Error(verdict.refusal.reason);
  return SignedCommand.parse(JSON.parse(Buffer.from(verdict.value.payload).toString()));
}

describe('what is sent', () => {
  test('is signed by the scheduler key for this device, and stored with its message and its audit row', async () => {
    const id = await there('sent-1');
    const woken = world.woken.count;
    const sent = await send(id, { verb: 'app.stop', remark: 'smoke' });
    expect(sent).toMatchObject({ device: id, verb: 'app.stop', app: 'blink', state: 'sent', reason: null, by: 'ada', endedAt: null });
    const [envelope, ...more] = await commandsTo(id);
    expect([opened(envelope), more]).toEqual([{ id: sent.id, device: id, cmd: 'app.stop', args: { app: 'blink' }, ttl: answerWithinS, number: Date.parse(sent.sentAt) }, []]);
    expect(await world.db.select().from(audit).where(eq(audit.object, `device:${id}`))).toMatchObject([{ actor: 'ada', action: 'command.sent', detail: { id: sent.id, verb: 'app.stop', app: 'blink', remark: 'smoke' } }]);
    expect(world.woken.count).toBeGreaterThan(woken);
    expect((await list(id)).items).toEqual([sent]);
  });

  test('has strictly rising numbers, though many are sent at once and the clock goes back', async () => {
    const id = await there('numbers-1');
    await Promise.all(Array.from({ length: 10 }, async () => send(id)));
    world.clock.skip(-60_000);
    await send(id);
    world.clock.skip(60_000);
    const numbers = (await commandsTo(id)).map((envelope) => opened(envelope).number);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    expect(numbers).toHaveLength(11);
  });

  test('is told to an app that is assigned and not reported yet', async () => {
    const id = await there('assigned-1');
    const { id: releaseId } = await world.addRelease({ name: 'pump', counter: 3 });
    await world.db.insert(assignment).values({ deviceId: id, app: 'pump', releaseId, attempt: 1, soakS: 1, setBy: 'ada' });
    expect(await send(id, { of: 'pump' })).toMatchObject({ app: 'pump', state: 'sent' });
  });

  test('is listed newest first, page by page, each once', async () => {
    const [id, other] = [await there('pages-1'), await there('pages-2')];
    const sent: string[] = [];
    for (let n = 0; n < 5; n += 1) sent.push((await send(id)).id);
    await send(other);
    const first = await list(id, { limit: 3 });
    const second = await list(id, { limit: 3, cursor: first.next ?? '' });
    expect([[...first.items, ...second.items].map((one) => one.id), second.next]).toEqual([sent.toReversed(), null]);
    const cursorOf = (text: string): string => Buffer.from(text).toString('base64url');
    for (const text of ['x', '-1', '9'.repeat(15)]) expect(await faultOf(list(id, { cursor: cursorOf(text) }))).toMatchObject({ code: 'input-invalid' });
    expect((await list(id, { cursor: cursorOf('9'.repeat(14)) })).items).toHaveLength(5);
    expect(await faultOf(list(DeviceIdSchema.parse('nobody')))).toMatchObject({ code: 'not-found' });
  });

  test('is kept for the last two hundred of a device', async () => {
    const id = await there('kept-1');
    const old = Array.from({ length: 230 }, (_, n) => ({ id: `old-${n}`, deviceId: id, verb: 'app.stop', app, state: 'done', sentBy: 'ada', sentAt: new Date(n + 1), deadlineAt: new Date(n + 1), endedAt: new Date(n + 1) }));
    await world.db.insert(command).values([{ ...(old[0] as (typeof old)[number]), id: 'open', state: 'sent', endedAt: null, sentAt: new Date(0) }, ...old]);
    await send(id);
    const rows = await world.db.select().from(command).where(eq(command.deviceId, id));
    // What has not ended is not forgotten.
    expect([rows.length, rows.some((row) => row.id === 'open'), rows.some((row) => row.id === 'old-30'), rows.some((row) => row.id === 'old-31')]).toEqual([201, true, false, true]);
  });
});

describe('what is refused leaves nothing behind', () => {
  test.each<[string, (id: DeviceId) => Promise<unknown>, string, string?]>([
    ['a device that waits to be let in', async (id) => world.db.update(device).set({ state: 'pending' }).where(eq(device.id, id)), 'device-pending'],
    ['a device that is revoked', async (id) => world.db.update(device).set({ state: 'revoked' }).where(eq(device.id, id)), 'device-revoked'],
    ['a device that has gone', async (id) => world.say(id, 'presence', { gen: 1, boot: 1, seq: 9, online: false, conn: 'c1' }), 'unreachable'],
    ['an app that it does not have', async () => {}, 'app-unknown', 'other'],
    ['an app that was taken off', async (id) => world.db.insert(assignment).values({ deviceId: id, app: 'gone', releaseId: null, attempt: 2, soakS: 1, setBy: 'ada' }), 'app-unknown', 'gone'],
    ['more than a device is sent at once', async (id) => {
      for (let n = 0; n < openMax; n += 1) await send(id);
      await world.db.delete(outbox);
      await world.db.delete(audit);
    }, 'too-many-requests'],
  ])('%s', async (name, make, code, of = app) => {
    const id = await there(`no-${name.replaceAll(' ', '-')}`);
    await make(id);
    const before = (await list(id)).items.length;
    expect(await faultOf(send(id, { of }))).toMatchObject({ code });
    expect([(await list(id)).items.length, await commandsTo(id), await world.db.select().from(audit).where(eq(audit.object, `device:${id}`))]).toEqual([before, [], []]);
  });

  test('a device that there is not, and a remark that no database could hold', async () => {
    expect(await faultOf(send('nobody'))).toMatchObject({ code: 'not-found' });
    expect(await faultOf(send(await there('nul-1'), { remark: 'a\0b' }))).toMatchObject({ code: 'input-invalid' });
  });
});

describe('what the device answers', () => {
  test('moves it, step by step, to its end, which is told and acknowledged', async () => {
    const id = await there('answers-1');
    const sent = await send(id);
    told.length = 0;
    for (const state of ['accepted', 'running'] as const) {
      await answer(id, sent, { state });
      expect((await list(id)).items).toMatchObject([{ state, endedAt: null }]);
    }
    world.sent.length = 0;
    await answer(id, sent, { state: 'failed', error: { code: 'app-unknown', reason: 'no such app here' } });
    expect((await list(id)).items).toMatchObject([{ state: 'failed', reason: { code: 'app-unknown', reason: 'no such app here' }, endedAt: expect.any(String) }]);
    expect(told).toEqual([id, id, id]);
    expect(world.sent.map(({ topic, payload }) => [topic, JSON.parse(payload)])).toEqual([[topics.ack.of({ device: id }), { gen: 1, boot: 1, seq }]]);
  });

  test('does not move it back, whatever comes late or twice, in one batch or several', async () => {
    const id = await there('late-1');
    const sent = await send(id);
    for (const [n, state] of (['running', 'accepted', 'done', 'failed', 'accepted'] as const).entries()) world.put(id, 'commandState', { gen: 1, boot: 1, seq: (seq += 1), id: sent.id, n: n + 1, state });
    await world.ingest.idle();
    expect(await stateOf(id)).toEqual(['done']);
    told.length = 0;
    await answer(id, sent, { state: 'done' });
    await answer(id, sent, { state: 'interrupted' });
    expect([await stateOf(id), told]).toEqual([['done'], []]);
  });

  test('counts from the device that it was sent to alone, in its present life', async () => {
    const [id, other] = [await there('mine-1'), await there('mine-2')];
    const sent = await send(id);
    await answer(other, sent, { state: 'done' });
    await answer(id, sent, { state: 'done', gen: 9 });
    expect(await stateOf(id)).toEqual(['sent']);
    await answer(id, sent, { state: 'refused', error: { code: 'untrusted-signer', reason: 'no scheduler key of mine' } });
    expect((await list(id)).items).toMatchObject([{ state: 'refused', reason: { code: 'untrusted-signer' } }]);
  });

  test('to a command that a person sent from a shell is acknowledged, and nothing else', async () => {
    const id = await there('shell-1');
    [told.length, world.sent.length] = [0, 0];
    await world.say(id, 'commandState', { gen: 1, boot: 1, seq: (seq += 1), id: 'typed', n: 1, state: 'done' });
    expect([await stateOf(id), told, world.sent.map(({ topic }) => topic)]).toEqual([[], [], [topics.ack.of({ device: id })]]);
  });
});

describe('what nobody answers', () => {
  async function watched(): Promise<string[]> {
    const changed: string[] = [];
    await using watch = startUnansweredWatch({ db: world.db, clock: world.clock, log: silentLog, onChanged: (devices) => void changed.push(...devices) });
    watch.wake();
    await watch.idle();
    return changed;
  }

  test('counts as unanswered once its time is up, also when the device began with it; what was not sent by then is sent no more', async () => {
    const [id, other] = [await there('silent-1'), await there('silent-2')];
    const begun = await send(id);
    await answer(id, begun, { state: 'running' });
    await send(id);
    world.clock.skip(answerWithinS * 1_000 - 5_000);
    const young = await send(other);
    await watched();
    expect([await stateOf(id), await stateOf(other)]).toEqual([['sent', 'running'], ['sent']]);
    world.clock.skip(6_000);
    await world.db.update(outbox).set({ at: new Date(0) }).where(eq(outbox.topic, topics.command.of({ device: id })));
    expect((await watched()).filter((one) => one === id || one === other)).toEqual([id]);
    expect((await list(id)).items).toMatchObject([0, 1].map(() => ({ state: 'unanswered', reason: { code: 'timed-out' }, endedAt: expect.any(String) })));
    expect([await commandsTo(id), (await commandsTo(other)).map((one) => opened(one).id)]).toEqual([[], [young.id]]);
    // A device that was cut off tells the end when it is back.
    await answer(id, begun, { state: 'accepted' });
    expect(await stateOf(id)).toEqual(['unanswered', 'unanswered']);
    await answer(id, begun, { state: 'done' });
    expect((await list(id)).items).toMatchObject([{ state: 'unanswered' }, { state: 'done', reason: null }]);
    expect(await watched()).not.toContain(id);
  });
});
