import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, Fault, type Log, silentLog, systemClock } from '@pier/shared/core';
import { type Store, openStore } from '../store/index.ts';
import { Sender } from './sender.ts';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pier-sender-'));
  store = await openStore(folder);
});
afterEach(() => {
  store[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Monotonic time runs 100 times faster, so that minutes of waiting pass in a test. */
const quick: Clock = {
  ...systemClock,
  monotonicMs: () => systemClock.monotonicMs() * 100,
  after: (ms, act) => systemClock.after(ms / 100, act),
};
const order = (seq: number) => ({ gen: 1, boot: 1, seq });
const put = (seq: number) => store.outbox.put({ kind: 'event', key: `e${seq}`, topic: 't', order: order(seq), body: { seq: 'body', n: seq } });

function start(publish: (body: object) => Promise<void> = async () => {}, log: Log = silentLog) {
  const sent: { seq: number; atMs: number }[] = [];
  const sender = new Sender({ store, clock: quick, log });
  const stop = new AbortController();
  const running = sender.run(async (_topic, body) => {
    sent.push({ seq: (body as { seq: number }).seq, atMs: quick.monotonicMs() });
    await publish(body);
  }, stop.signal);
  return {
    sender, sent,
    until: async (count: number) => {
      for (let tries = 0; sent.length < count && tries < 1_000; tries += 1) await systemClock.sleep(5);
      expect(sent.length).toBeGreaterThanOrEqual(count);
    },
    stop: async () => {
      stop.abort();
      await running;
    },
  };
}

test('everything that waits is sent at once when a session begins, oldest first, with its own order', async () => {
  for (const seq of [1, 2, 3]) put(seq);
  const { sent, until, stop } = start();
  await until(3);
  await stop();
  expect(sent.map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

test('what is not acknowledged is sent again after 10 s, then twice as long, and not after its acknowledgement', async () => {
  put(1);
  const { sender, sent, until, stop } = start();
  await until(4);
  const gaps = sent.slice(1).map(({ atMs }, index) => atMs - (sent[index]?.atMs ?? 0));
  expect(gaps[0]).toBeGreaterThanOrEqual(10_000);
  expect(gaps[1]).toBeGreaterThanOrEqual(20_000);
  expect(gaps[2]).toBeGreaterThanOrEqual(40_000);
  sender.acked(order(1));
  const before = sent.length;
  await systemClock.sleep(1_000);
  await stop();
  expect(sent.length).toBe(before);
  expect(store.outbox.waiting()).toEqual([]);
});

test('an acknowledgement of another message changes nothing', async () => {
  put(1);
  const { sender, until, stop } = start();
  await until(1);
  sender.acked({ gen: 1, boot: 2, seq: 1 });
  await stop();
  expect(store.outbox.waiting()).toHaveLength(1);
});

test('something new is sent as soon as it is there', async () => {
  const { sender, sent, until, stop } = start();
  put(1);
  sender.kick();
  await until(1);
  await stop();
  expect(sent).toMatchObject([{ seq: 1 }]);
});

test('a message that cannot be sent does not stop the others', async () => {
  for (const seq of [1, 2]) put(seq);
  const { sent, until, stop } = start(async (body) => {
    if ((body as { seq: number }).seq === 1) throw new Fault('unreachable', 'gone');
  });
  await until(2);
  await stop();
  expect(sent.slice(0, 2).map(({ seq }) => seq)).toEqual([1, 2]);
});

test('events that nobody acknowledges do not hold up the report, and every one of them is sent', async () => {
  store.transaction(() => {
    for (let seq = 1; seq <= 150; seq += 1) put(seq);
  });
  store.outbox.put({ kind: 'reported', key: 'reported', topic: 't', order: order(151), body: {} });
  const { sent, until, stop } = start();
  await until(151);
  await stop();
  expect(sent[0]?.seq).toBe(151);
  expect(new Set(sent.map(({ seq }) => seq)).size).toBe(151);
});

test('a message that a disk has damaged is said once, counted as dropped and deleted; the others are sent', async () => {
  for (const seq of [1, 2]) put(seq);
  {
    using raw = new DatabaseSync(join(folder, 'state.db'));
    raw.exec("update outbox set body = '{\"seq\":' where seq = 1");
  }
  const said: string[] = [];
  const { sent, until, stop } = start(undefined, { ...silentLog, error: (_fields, event) => void said.push(event) });
  // The second one is sent three times over, so that the first would have been read again.
  await until(3);
  await stop();
  expect(new Set(sent.map(({ seq }) => seq))).toEqual(new Set([2]));
  expect(said).toEqual(['outbox.unreadable']);
  expect(store.outbox.waiting()).toHaveLength(1);
  expect(store.outbox.dropped()).toEqual({ event: 1 });
});
