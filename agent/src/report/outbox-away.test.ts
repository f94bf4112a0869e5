/** A device that is away for long: what waits is bounded, what was let go is counted, and what matters most goes first. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppName, type Clock, CommandId, DeviceId, Fault, silentLog, systemClock } from '@pier/shared/core';
import { type Ack, CommandState, Event, Reported } from '@pier/shared/wire';
import { type Store, openStore } from '../store/index.ts';
import { Report } from './report.ts';

const app = AppName.parse('blink');
let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pier-away-'));
  store = await openStore(folder);
});
afterEach(() => {
  store[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const make = ({ clock = systemClock, on = store }: { clock?: Clock; on?: Store } = {}) =>
  new Report({
    device: DeviceId.parse('board-1'), generation: 1, agent: '1', model: () => 'toy', store: on, policy: () => 1, alive: () => undefined, lastEnd: () => undefined,
    usage: () => ({}), trace: () => undefined, lines: () => [], clock, random: () => 0.5, log: silentLog,
  });

/** Connects; a manager that commits acknowledges all that is kept. Out: what it heard, in order. */
async function connect(report: Report, done: (heard: readonly { topic: string; body: Ack }[]) => boolean, commits = true) {
  const heard: { topic: string; body: Ack }[] = [];
  const lost = new AbortController();
  const publish = async (topic: string, body: object): Promise<void> => {
    if (topic.endsWith('/up/presence')) return;
    heard.push({ topic: topic.replace(/^.*\/up\//, ''), body: body as Ack });
    const { gen, boot, seq } = body as Ack;
    if (commits) report.acked({ gen, boot, seq });
  };
  const life = report.onSession({ conn: 'c', lost: lost.signal, publish, [Symbol.asyncDispose]: async () => {} }, lost.signal, () => {});
  for (let tries = 0; !done(heard) && tries < 2_000; tries += 1) await systemClock.sleep(5);
  expect(done(heard)).toBe(true);
  lost.abort();
  await life;
  return heard;
}

test('of thousands of events the newest wait and the others are counted, and ends of commands outlive them all', async () => {
  const report = make();
  report.command({ id: CommandId.parse('early'), n: 3, state: 'done' }, 'final');
  for (let round = 0; round < 20; round += 1) {
    store.transaction(() => {
      for (let n = 0; n < 100; n += 1) report.event({ type: 'app.exited', app, reason: `event ${round * 100 + n}` });
      for (let n = 0; n < 10; n += 1) report.command({ id: CommandId.parse(`r${round}-${n}`), n: 1, state: 'refused', error: { code: 'command-unsigned', reason: 'x' } }, 'refusal');
    });
  }
  report.command({ id: CommandId.parse('late'), n: 3, state: 'done' }, 'final');
  expect(store.outbox.dropped()).toEqual({ event: 1_500, refusal: 100 });
  expect(store.outbox.waiting().length).toBeLessThanOrEqual(1 + 500 + 100 + 500);
  const heard = await connect(report, () => store.outbox.waiting().length === 0);
  expect(heard.map(({ topic }) => topic).slice(0, 3)).toEqual(['reported', 'cmd/early', 'cmd/late']);
  expect(Reported.parse(heard[0]?.body).dropped).toEqual({ event: 1_500, refusal: 100 });
  const events = heard.filter(({ topic }) => topic === 'event').map(({ body }) => Event.parse(body).reason);
  expect([events.length, events[0], events.at(-1)]).toEqual([500, 'event 1500', 'event 1999']);
  report[Symbol.dispose]();
});

test('a device that can keep no report says so all the same, once to each session, and keeps it when there is room', async () => {
  let full = true;
  const onFullDisk: Store = {
    ...store,
    disk: { ...store.disk, full: { code: 'disk-full', reason: 'no room' } },
    outbox: {
      ...store.outbox,
      put: (message) => {
        if (full) throw new Fault('disk-full', 'no room');
        return store.outbox.put(message);
      },
    },
  };
  const stop = new AbortController();
  const report = make({ on: onFullDisk });
  const running = report.run(stop.signal);
  const first = await connect(report, (heard) => heard.length > 0);
  expect(first.map(({ topic, body }) => [topic, Reported.parse(body).disk?.code])).toEqual([['reported', 'disk-full']]);
  // Whether that was heard the next session cannot know.
  const second = await connect(report, (heard) => heard.length > 0);
  expect(second.map(({ topic }) => topic)).toEqual(['reported']);
  full = false;
  await connect(report, (heard) => heard.length > 0 && store.outbox.waiting().length === 0);
  stop.abort();
  await running;
  report[Symbol.dispose]();
});

test('the counts outlive the agent', async () => {
  const report = make();
  store.transaction(() => {
    for (let n = 0; n < 501; n += 1) report.event({ type: 'app.exited', app });
  });
  report[Symbol.dispose]();
  store[Symbol.dispose]();
  store = await openStore(folder);
  const again = make();
  expect(again.reported().dropped).toEqual({ event: 1 });
  again[Symbol.dispose]();
});

test('every kind that is kept is sent until it is acknowledged, and no longer', async () => {
  const report = make();
  report.event({ type: 'app.exited', app });
  report.command({ id: CommandId.parse('c1'), n: 3, state: 'done' }, 'final');
  report.command({ id: CommandId.parse('c2'), n: 1, state: 'refused', error: { code: 'forbidden', reason: 'x' } }, 'refusal');
  const topics = ['cmd/c1', 'cmd/c2', 'event', 'reported'];
  const first = await connect(report, (heard) => heard.length === 4, false);
  expect(first.map(({ topic }) => topic).toSorted()).toEqual(topics);
  for (const { body } of first.filter((one) => one.topic.startsWith('cmd/'))) expect(CommandState.parse(body).id).toMatch(/^c[12]$/);
  const second = await connect(report, () => store.outbox.waiting().length === 0);
  const named = (heard: typeof first): string[] => heard.map(({ topic, body }) => `${topic} ${body.seq}`).toSorted();
  expect(named(second)).toEqual(named(first));
  report[Symbol.dispose]();
});

test('a clock that is a year off, and comes back, neither holds a message back nor sends it more often', async () => {
  const yearMs = 365 * 86_400_000;
  const wall = { ms: systemClock.nowMs() };
  const report = make({ clock: { ...systemClock, nowMs: () => wall.ms } });
  report.event({ type: 'app.exited', app });
  wall.ms += yearMs;
  expect(await connect(report, (heard) => heard.length === 2, false)).toHaveLength(2);
  wall.ms -= 2 * yearMs;
  expect(await connect(report, () => store.outbox.waiting().length === 0)).toHaveLength(2);
  report[Symbol.dispose]();
});
