import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { silentLog, systemClock } from '@pier/shared/core';
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
const start = (publish: Publish) => startPublisher({ db: fleet.db, clock: systemClock, log: silentLog, publish });

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
