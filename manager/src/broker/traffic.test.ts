import { systemClock } from '@pier/shared/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrokerWorld, closed, connectBytes, deviceIdentity, operatorIdentity, received, until } from '../testing/index.ts';

let world: BrokerWorld;

beforeEach(async () => {
  world = await BrokerWorld.open();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('what is carried', () => {
  test('a device’s messages reach the manager with its identity, in their order', async () => {
    const dev = await world.device('dev-a');
    await Promise.all(Array.from({ length: 50 }, (_, i) => dev.publishAsync('pier/v1/d/dev-a/up/event', `m${i}`, { qos: 1 })));
    await until(() => world.heard.length === 50, { what: '50 messages' });
    expect(world.texts).toEqual(Array.from({ length: 50 }, (_, i) => `m${i}`));
    expect(world.heard[0]).toMatchObject({ topic: 'pier/v1/d/dev-a/up/event', from: { kind: 'device', device: 'dev-a' } });
  });

  test('the manager’s messages reach the device that they are for, and no other', async () => {
    const [a, b] = [await world.device('dev-a'), await world.device('dev-b')];
    const [gotA, gotB] = [received(a), received(b)];
    await a.subscribeAsync('pier/v1/d/dev-a/down/#', { qos: 1 });
    await b.subscribeAsync('pier/v1/d/dev-b/down/#', { qos: 1 });
    for (const qos of [0, 1] as const) await world.broker.publish('pier/v1/d/dev-a/down/desired', `q${qos}`, { qos });
    await until(() => gotA.length === 2, { what: 'both arrive' });
    expect(gotA.map((message) => message.text)).toEqual(['q0', 'q1']);
    expect(gotB).toEqual([]);
    expect(world.heard, 'what the manager says does not come back to it').toEqual([]);
  });

  test('an operator commands any device and hears any answer', async () => {
    const dev = await world.device('dev-a');
    const gotCommands = received(dev);
    await dev.subscribeAsync('pier/v1/d/dev-a/down/#');
    const alice = await world.client(await operatorIdentity(world.authority, 'alice'));
    const gotAnswers = received(alice);
    await alice.subscribeAsync('pier/v1/d/+/up/#');
    await alice.publishAsync('pier/v1/d/dev-a/down/cmd', 'ping', { qos: 1 });
    await until(() => gotCommands.length === 1, { what: 'the command' });
    await dev.publishAsync('pier/v1/d/dev-a/up/cmd/r1', 'pong', { qos: 1 });
    await until(() => gotAnswers.length === 1, { what: 'the answer' });
    expect(gotAnswers[0]).toMatchObject({ topic: 'pier/v1/d/dev-a/up/cmd/r1', text: 'pong' });
    expect(world.heard.map((message) => message.from.kind)).toEqual(['operator', 'device']);
  });

  test('two people under one client id do not push each other out, nor one person with two shells', async () => {
    const alice = await operatorIdentity(world.authority, 'alice');
    const bob = await operatorIdentity(world.authority, 'bob');
    const all = [await world.client(alice, { clientId: 'shell' }), await world.client(bob, { clientId: 'shell' }), await world.client(alice, { clientId: 'other' }), await world.client(alice, { clientId: '' })];
    await systemClock.sleep(200);
    expect(all.map((each) => each.connected)).toEqual([true, true, true, true]);
    expect(world.broker.stats().connections).toBe(4);
  });

  test('a kept session is not promised: nothing waits for who was away', async () => {
    const dev = await world.device('dev-a', { clean: false });
    await dev.subscribeAsync('pier/v1/d/dev-a/down/#', { qos: 1 });
    await dev.endAsync();
    await world.broker.publish('pier/v1/d/dev-a/down/cmd', 'missed');
    const again = await world.client(await deviceIdentity(world.authority, 'dev-a'), { clientId: 'dev-a', clean: false });
    const got = received(again);
    await again.subscribeAsync('pier/v1/d/dev-a/down/#', { qos: 1 });
    await world.broker.publish('pier/v1/d/dev-a/down/cmd', 'live');
    await until(() => got.length > 0, { what: 'the live one' });
    expect(got.map((message) => message.text)).toEqual(['live']);
  });

  test('a retained message is delivered, but not retained', async () => {
    const manager = await world.client(await world.authority.managerIdentity('a'));
    const dev = await world.device('dev-a');
    const got = received(dev);
    await dev.subscribeAsync('pier/v1/d/dev-a/down/#');
    await manager.publishAsync('pier/v1/d/dev-a/down/cmd', 'once', { qos: 1, retain: true });
    await until(() => got.length === 1, { what: 'live delivery' });
    expect(got[0]?.retain).toBe(false);
    await dev.unsubscribeAsync('pier/v1/d/dev-a/down/#');
    await dev.subscribeAsync('pier/v1/d/dev-a/down/#');
    await world.broker.publish('pier/v1/d/dev-a/down/ack', 'later');
    await until(() => got.length === 2, { what: 'the next message' });
    expect(got[1]?.text).toBe('later');
    expect(world.broker.stats().retainCleared).toBe(1);
  });

  test('a reader that the manager’s code cannot bear does not end the connection', async () => {
    const push = world.heard.push.bind(world.heard);
    world.heard.push = (message) => {
      if (Buffer.from(message.payload).toString() === 'bad') throw new Error('cannot bear it');
      return push(message);
    };
    const dev = await world.device('dev-a');
    await dev.publishAsync('pier/v1/d/dev-a/up/event', 'bad', { qos: 1 });
    await dev.publishAsync('pier/v1/d/dev-a/up/event', 'good', { qos: 1 });
    await until(() => world.heard.length === 1, { what: 'the good one' });
    expect(dev.connected).toBe(true);
  });
});

describe('what is refused', () => {
  test.each(['pier/v1/d/dev-b/up/event', 'pier/v1/d/dev-b/down/cmd', 'pier/v1/d/dev-a/down/desired', 'pier/v1/d/dev-ax/up/event', 'pier/v1/m/a', '$SYS/x', 'other', 'pier/v1/d/dev-a/up/a\0b'])('a device that publishes on %j is cut off and nobody hears it', async (topic) => {
    const manager = await world.client(await world.authority.managerIdentity('a'));
    const got = received(manager);
    await manager.subscribeAsync('pier/v1/#');
    const dev = await world.device('dev-a');
    const end = closed(dev);
    dev.publish(topic, 'x', { qos: 0 });
    await end;
    expect(world.heard).toEqual([]);
    expect(got).toEqual([]);
    expect(world.broker.stats()).toMatchObject({ violations: 1, published: 0 });
  });

  test.each(['#', '+/#', 'pier/v1/#', 'pier/v1/d/+/down/#', 'pier/v1/d/dev-b/down/#', 'pier/v1/d/dev-a/up/#', '$SYS/#', '$share/g/pier/v1/d/dev-b/down/#'])('a device’s filter %s is answered with 0x80 and shows nothing', async (filter) => {
    const dev = await world.device('dev-a');
    const got = received(dev);
    const answer = await dev.subscribeAsync(filter).catch((error: unknown) => error);
    expect(answer).toBeInstanceOf(Error);
    await (await world.device('dev-b')).publishAsync('pier/v1/d/dev-b/up/event', 'x', { qos: 1 });
    await world.broker.publish('pier/v1/d/dev-b/down/cmd', 'x');
    await dev.publishAsync('pier/v1/d/dev-a/up/event', 'y', { qos: 1 });
    expect(got).toEqual([]);
    expect(world.broker.stats().filtersRefused).toBe(1);
  });

  test('an operator writes no desired document and reads no orders to devices', async () => {
    const alice = await world.client(await operatorIdentity(world.authority, 'alice'));
    expect(await alice.subscribeAsync('pier/v1/d/+/down/#').catch((error: unknown) => error)).toBeInstanceOf(Error);
    const end = closed(alice);
    alice.publish('pier/v1/d/dev-a/down/desired', '{}');
    await end;
    expect(world.heard).toEqual([]);
  });

  test('who goes on asking for foreign filters, or asks for very many, is cut off', async () => {
    await world.restart({ filtersPerConnectionMax: 8, refusalsPerConnectionMax: 3 });
    const nosy = await world.device('dev-a');
    const nosyEnd = closed(nosy);
    for (let i = 0; i < 6; i += 1) void nosy.subscribeAsync(`pier/v1/d/dev-${i}/down/x`).catch(() => undefined);
    await nosyEnd;
    const greedy = await world.device('dev-b');
    const greedyEnd = closed(greedy);
    greedy.subscribe(Array.from({ length: 100 }, (_, i) => `pier/v1/d/dev-b/down/${i}`), () => undefined);
    await greedyEnd;
    expect(world.broker.stats().violations).toBe(2);
  });

  test('QoS 2 and packet identifier 0', async () => {
    const dev = await world.device('dev-a');
    const end = closed(dev);
    dev.publish('pier/v1/d/dev-a/up/event', 'x', { qos: 2 }, () => undefined);
    await end;
    const topic = Buffer.from('pier/v1/d/dev-b/up/x');
    const publish = Buffer.concat([Buffer.from([0x32, topic.length + 4, 0, topic.length]), topic, Buffer.from([0, 0])]);
    await world.answerTo(await deviceIdentity(world.authority, 'dev-b'), Buffer.concat([connectBytes('dev-b'), publish]));
    expect(world.heard).toEqual([]);
    expect(world.broker.stats().violations).toBe(2);
  });

  test('a packet over the limit, at its header', async () => {
    const dev = await world.device('dev-a');
    const largest = Buffer.alloc(200_000, 1);
    await dev.publishAsync('pier/v1/d/dev-a/up/event', largest, { qos: 1 });
    await until(() => world.heard.length === 1, { what: 'the large one' });
    expect(world.heard[0]?.payload.length).toBe(200_000);
    const header = Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]);
    const back = await world.answerTo(await deviceIdentity(world.authority, 'dev-b'), Buffer.concat([connectBytes('dev-b'), header]));
    expect([...back.subarray(0, 4)].length).toBeLessThanOrEqual(4);
    expect(world.broker.stats().violations).toBe(1);
  });

  test('publishing without end', async () => {
    await world.restart({ publishPerS: 1, publishBurst: 20 });
    const dev = await world.device('dev-a');
    const end = closed(dev);
    for (let i = 0; i < 30; i += 1) dev.publish('pier/v1/d/dev-a/up/event', `m${i}`, { qos: 0 });
    await end;
    expect(world.heard.length).toBe(20);
    expect(world.broker.stats().violations).toBe(1);
  });

  test('publishing without end over one connection after the other', async () => {
    await world.restart({ publishPerS: 0, publishBurst: 20 });
    for (let round = 0; round < 3; round += 1) {
      const dev = await world.device('dev-a');
      const end = closed(dev);
      for (let i = 0; i < 30; i += 1) dev.publish('pier/v1/d/dev-a/up/event', `m${i}`, { qos: 0 });
      await end;
    }
    expect([world.heard.length, world.broker.stats().violations]).toEqual([20, 3]);
    await (await world.device('dev-b')).publishAsync('pier/v1/d/dev-b/up/event', 'other', { qos: 1 });
    expect(world.texts.at(-1)).toBe('other');
  });

  test('more connections of one person than are allowed', async () => {
    await world.restart({ connectionsPerNameMax: 2 });
    const alice = await operatorIdentity(world.authority, 'alice');
    await world.client(alice);
    await world.client(alice);
    expect(await world.refusal(alice)).toContain('Server unavailable');
  });
});
