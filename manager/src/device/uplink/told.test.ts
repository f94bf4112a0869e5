import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '@pier/shared/digest';
import { type DeviceWorld, openDeviceWorld, presence, reported } from '../testing/device-world.ts';

let world: DeviceWorld;
const told: string[] = [];
const tellings = (): string[] => told.splice(0);

beforeAll(async () => {
  world = await openDeviceWorld({ onChanged: (devices) => void told.push(...devices) });
}, 120_000);
afterAll(async () => world[Symbol.asyncDispose](), 60_000);

test('whoever looks on is told of devices that come, report, have something happen, and go', async () => {
  const id = await world.addDevice('dock-1');
  await world.say(id, 'presence', presence({ seq: 1 }));
  expect(tellings()).toEqual([id]);
  await world.say(id, 'reported', reported({ seq: 2, apps: { blink: { attempt: 1, state: 'soaking' } } }));
  expect(tellings()).toEqual([id]);
  await world.say(id, 'event', { gen: 1, boot: 1, seq: 3, type: 'guest.ended', app: 'blink', digest: digestOf('x') });
  expect(tellings()).toEqual([id]);
  await world.say(id, 'presence', { gen: 1, boot: 1, seq: 4, online: false, conn: 'c1' });
  expect(tellings()).toEqual([id]);
});

test('what changes nothing is not told: a heartbeat, a thing said again, a stranger', async () => {
  const [id, other] = [await world.addDevice('dock-2'), await world.addDevice('dock-3')];
  const event = { gen: 1, boot: 1, seq: 3, type: 'guest.ended', app: 'blink', digest: digestOf('x') };
  await world.say(id, 'presence', presence({ seq: 1 }));
  await world.say(id, 'reported', reported({ seq: 2 }));
  await world.say(id, 'event', event);
  tellings();
  await world.say(id, 'presence', presence({ seq: 4 }));
  await world.say(id, 'reported', reported({ seq: 2 }));
  await world.say(id, 'event', event);
  await world.say(other, 'reported', reported({ gen: 9, seq: 2 }));
  await world.say(other, 'event', { ...event, gen: 9 });
  expect(tellings()).toEqual([]);
});

test('of many at once each that changed is told', async () => {
  const ids = await world.addDevices(Array.from({ length: 40 }, (_, n) => `many-${n}`));
  for (const [n, id] of ids.entries()) world.put(id, n % 2 === 0 ? 'reported' : 'event', n % 2 === 0 ? reported({ seq: 1 }) : { gen: 1, boot: 1, seq: 1, type: 'guest.ended', app: 'blink', digest: digestOf('x') });
  await world.ingest.idle();
  expect(tellings().toSorted()).toEqual(ids.toSorted());
});
