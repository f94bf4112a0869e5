/** A manager that is killed while devices are connected to it, and the next one, to which nobody is. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeviceId } from '@pier/shared/core';
import { processesOf, signalAll } from '../support/processes.ts';
import { type World, openWorld, until } from '../support/world.ts';

const boards = 3;
let world: World;
let fleet: Awaited<ReturnType<World['stage']['startFleet']>>;
let devices: DeviceId[];

beforeAll(async () => {
  world = await openWorld();
  fleet = await world.stage.startFleet({ boards, manager: world.manager.device, token: await world.token({ uses: boards }) });
  devices = fleet.devices.map((one) => one as DeviceId);
}, 240_000);
afterAll(() => world[Symbol.asyncDispose]());

const allOnline = () => until('all online', async () => (await world.api.call('countDevices', { query: {} })).online === boards || undefined);

async function kill(): Promise<void> {
  const data = join(world.dir, 'manager');
  signalAll(processesOf(data).filter(({ program }) => program === 'node'), 'SIGKILL');
  await until('no process of the manager', () => processesOf(data).length === 0 || undefined);
}

test('devices that are there are online at the next one as soon as they have come back to it, and nothing was made of their absence', async () => {
  await allOnline();
  await kill();
  await world.stage.startManager();
  await allOnline();
  for (const device of devices) {
    const { items } = await world.api.call('listAudit', { query: { object: `device:${device}`, limit: 50 } });
    expect(items.map(({ action }) => action)).toEqual(['device.enrolled']);
  }
});

test('devices that went while nobody listened are not online at the next one, which says why', async () => {
  await allOnline();
  await kill();
  fleet.process.child.kill('SIGKILL');
  await fleet.process.exited;
  await world.stage.startManager();
  for (const device of devices) expect(await world.look(device)).toMatchObject({ online: false, standing: 'offline', why: { code: 'device.awaited' } });
});
