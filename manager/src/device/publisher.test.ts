import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Clock, silentLog, systemClock } from '@pier/shared/core';
import { topics } from '@pier/shared/wire';
import { type DeviceWorld, openDeviceWorld } from './testing/device-world.ts';
import { outbox } from '../db/index.ts';
import { type Publish, announceManager, startPublisher } from './publisher.ts';

let fleet: DeviceWorld;
beforeAll(async () => {
  fleet = await openDeviceWorld();
}, 120_000);
afterEach(async () => void (await fleet.db.delete(outbox)));
afterAll(async () => fleet[Symbol.asyncDispose](), 60_000);

const put = async (...payloads: string[]) => fleet.db.insert(outbox).values(payloads.map((payload) => ({ topic: 'pier/v1/d/a/down/desired', payload })));
const left = async () => (await fleet.db.select().from(outbox).orderBy(outbox.id)).map((row) => row.payload);
const start = (publish: Publish, clock: Clock = systemClock) => startPublisher({ db: fleet.db, clock, log: silentLog, publish });
/** Runs only when it is woken. */
const still: Clock = { ...systemClock, every: () => ({ [Symbol.dispose]: () => {} }) };

describe('the outbox', () => {
  test('what is committed is published in order, acknowledged delivery asked for, and deleted', async () => {
    await put('1', '2', '3');
    const seen: [string, unknown][] = [];
    await using publisher = start(async (_topic, payload, options) => void seen.push([payload, options?.qos]));
    publisher.wake();
    await publisher.idle();
    expect(seen).toEqual([['1', 1], ['2', 1], ['3', 1]]);
    expect(await left()).toEqual([]);
  });

  test('what the broker does not take stays, with all after it, and is published later', async () => {
    await put('1', '2', '3');
    let refuse = true;
    const seen: string[] = [];
    await using publisher = start(async (_topic, payload) => {
      if (refuse && payload === '2') throw new Error('broker is away');
      seen.push(payload);
    });
    publisher.wake();
    await publisher.idle();
    expect([seen, await left()]).toEqual([['1'], ['2', '3']]);
    refuse = false;
    publisher.wake();
    await publisher.idle();
    expect([seen, await left()]).toEqual([['1', '2', '3'], []]);
  });

  test('many topics go out at once, a bounded number of messages under way, each topic in its own order', async () => {
    await fleet.db.insert(outbox).values(Array.from({ length: 1_300 }, (_, n) => ({ topic: `t/${n % 130}`, payload: String(n) })));
    const [seen, now] = [new Map<string, number[]>(), { atOnce: 0, most: 0 }];
    await using publisher = start(async (topic, payload) => {
      now.most = Math.max(now.most, (now.atOnce += 1));
      await systemClock.sleep(Number(payload) % 3);
      seen.set(topic, [...(seen.get(topic) ?? []), Number(payload)]);
      now.atOnce -= 1;
    });
    publisher.wake();
    await publisher.idle();
    expect([...seen.values()].every((payloads) => payloads.length === 10 && payloads.every((one, n) => n === 0 || one > (payloads[n - 1] ?? 0)))).toBe(true);
    expect(seen.size).toBe(130);
    expect(now.most).toBe(64);
    expect(await left()).toEqual([]);
  });

  test('a topic that the broker refuses holds up no other, however much of it waits first, and keeps its own order', async () => {
    await fleet.db.insert(outbox).values(Array.from({ length: 600 }, (_, n) => ({ topic: 'bad', payload: `bad-${n}` })));
    await put('good-1', 'good-2');
    const seen: string[] = [];
    let tries = 0;
    await using publisher = start(async (topic, payload) => {
      if (topic === 'bad') tries += 1;
      if (topic === 'bad') throw new Error('not this one');
      seen.push(payload);
    }, still);
    publisher.wake();
    await publisher.idle();
    expect(seen).toEqual(['good-1', 'good-2']);
    expect(tries).toBe(1);
    expect((await left()).slice(0, 2)).toEqual(['bad-0', 'bad-1']);
    expect(await left()).toHaveLength(600);
  });

  test('a broker that never answers about one topic holds up the others for seconds only, and nothing is lost', async () => {
    await fleet.db.insert(outbox).values([{ topic: 'mute', payload: 'mute' }, { topic: 'well', payload: 'well' }]);
    const seen: string[] = [];
    const soon = { ...still, after: (ms: number, act: () => void) => systemClock.after(ms / 50, act) };
    await using publisher = startPublisher({ db: fleet.db, clock: soon, log: silentLog, publish: async (topic, payload) => (topic === 'mute' ? new Promise(() => {}) : void seen.push(payload)) });
    publisher.wake();
    await publisher.idle();
    expect([seen, await left()]).toEqual([['well'], ['mute']]);
  });

  test('a broker that takes nothing is not asked about every topic', async () => {
    await fleet.db.insert(outbox).values(Array.from({ length: 3_000 }, (_, n) => ({ topic: `t/${n}`, payload: 'x' })));
    let tries = 0;
    await using publisher = start(async () => {
      tries += 1;
      throw new Error('away');
    }, still);
    publisher.wake();
    await publisher.idle();
    expect(tries).toBe(1_000);
    expect(await left()).toHaveLength(3_000);
  });

  test('what a transaction takes back is never published', async () => {
    const seen: string[] = [];
    await using publisher = start(async (_topic, payload) => void seen.push(payload));
    await fleet.db
      .transaction(async (tx) => {
        await tx.insert(outbox).values({ topic: 't', payload: 'never' });
        publisher.wake();
        await publisher.idle();
        throw new Error('taken back');
      })
      .catch(() => undefined);
    publisher.wake();
    await publisher.idle();
    expect(seen).toEqual([]);
  });

  test('without a wake-up it goes out with the next beat', async () => {
    const seen: string[] = [];
    await using publisher = start(async (_topic, payload) => void seen.push(payload));
    await put('late');
    while (seen.length === 0) await systemClock.sleep(50);
    await publisher.idle();
    expect(await left()).toEqual([]);
  }, 60_000);

  test('several publishers share many messages, and none is left', async () => {
    await put(...Array.from({ length: 1_200 }, (_, n) => String(n)));
    const seen = new Set<string>();
    await using first = start(async (_topic, payload) => void seen.add(payload));
    await using second = start(async (_topic, payload) => void seen.add(payload));
    first.wake();
    second.wake();
    await Promise.all([first.idle(), second.idle()]);
    expect([seen.size, await left()]).toEqual([1_200, []]);
  });
});

test('a manager that starts says so under its own name', async () => {
  await announceManager({ publish: fleet.publish, replica: 'main', epoch: 'e1' });
  expect(fleet.sent).toContainEqual({ topic: topics.manager.of({ replica: 'main' }), payload: '{"online":true,"epoch":"e1"}' });
});
