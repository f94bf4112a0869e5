/** Start, stop and restart from the manager, under its own key, to a real agent: what the buttons of the UI do. */
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppName, type DeviceId, systemClock } from '@pier/shared/core';
import { type SentCommand, type UiVerb, apiClient } from '@pier/shared/api';
import { topics } from '@pier/shared/wire';
import { exampleGuest } from '../support/guests.ts';
import { processesOf, signalAll } from '../support/processes.ts';
import { readRecord } from '../support/record.ts';
import { stolenIdentity } from '../support/stolen.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

const blink = AppName.parse('blink');

let world: World;
let device: DeviceId;
let agent: Awaited<ReturnType<World['enrol']>>['process'];

beforeAll(async () => {
  world = await openWorld();
  ({ device, process: agent } = await world.enrol());
  await world.bind(device, 'blink', { led, button });
  const rollout = await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...(await exampleGuest('blink')) }), device);
  await deploymentIn(world, { device, rollout, states: ['proven'] });
});
afterAll(() => world[Symbol.asyncDispose]());

const send = (verb: UiVerb, api = world.api): Promise<SentCommand> => api.call('commandApp', { params: { device }, body: { verb, app: blink, remark: 'from the flow' } });
const seen = async (id: string) => (await world.api.call('listCommands', { params: { device }, query: {} })).items.find((one) => one.id === id);
const ended = (sent: SentCommand) => until(`${sent.verb} ${sent.id} to end`, async () => ((await seen(sent.id))?.endedAt ? await seen(sent.id) : undefined));
const app = async () => (await world.look(device)).reported?.apps[blink];
const ledRows = () => readRecord(world.board.record).filter((row) => row.name === 'GPIO17');

/** Restarts the app once: another guest of the same release. Out: what the LED did from then on, as the board wrote it down. */
async function restarted(): Promise<ReturnType<typeof ledRows>> {
  const before = await until('the guest running', async () => (await app())?.running);
  const from = ledRows().length;
  expect(await ended(await send('app.restart'))).toMatchObject({ state: 'done', reason: null, by: world.manager.admin.user });
  const after = await until('another guest', async () => {
    const now = (await app())?.running;
    return now && now.sinceMs !== before.sinceMs ? now : undefined;
  });
  expect(after.digest).toBe(before.digest);
  return until('the next guest blinking', () => {
    const rows = ledRows().slice(from);
    return rows.length > 4 && rows.slice(-2).every(({ by }) => by === 'guest') ? rows : undefined;
  });
}

test('a restart is a new guest, with the LED in its safe state between the two', async () => {
  // The board writes changes down: of a lamp that was dark already, making it safe is none. One of many restarts finds it lit.
  for (let tries = 0; tries < 20; tries += 1) {
    const rows = await restarted();
    const at = rows.findIndex((row) => row.by === 'agent');
    if (at < 0) continue;
    expect(rows.slice(at, at + 2)).toMatchObject([{ by: 'agent', level: 0 }, { by: 'guest' }]);
    return;
  }
  throw new Error('in twenty restarts the agent never had to put the lamp out');
});

test('a stop holds the app, which is shown, and a start ends it', async () => {
  expect(await ended(await send('app.stop'))).toMatchObject({ state: 'done' });
  await until('the hold in the API', async () => ((await app())?.hold?.kind === 'stopped' && (await app())?.running === undefined ? true : undefined));
  expect((await app())?.hold?.by).toBe('scheduler:scheduler');
  expect(await ended(await send('app.start'))).toMatchObject({ state: 'done' });
  await until('it running, held by nobody', async () => ((await app())?.running && !(await app())?.hold ? true : undefined));
});

test('many at once are all answered, each once', async () => {
  const sent = await Promise.all(Array.from({ length: 5 }, async () => send('app.start')));
  for (const one of sent) expect((await ended(one)).state).toBe('done');
  expect(new Set(sent.map(({ sentAt }) => sentAt)).size).toBe(5);
});

test('who may only look on may send nothing, and sees what was sent', async () => {
  const { token } = await world.api.call('createApiToken', { body: { name: 'look', role: 'viewer' } });
  const api = apiClient({ baseUrl: world.manager.http, token });
  await expect(send('app.restart', api)).rejects.toMatchObject({ code: 'forbidden' });
  expect((await api.call('listCommands', { params: { device }, query: {} })).items.length).toBeGreaterThan(0);
  const { items } = await world.api.call('listAudit', { query: { object: `device:${device}` } });
  expect(items).toContainEqual(expect.objectContaining({ action: 'command.sent', actor: world.manager.admin.user, detail: expect.objectContaining({ app: 'blink', remark: 'from the flow' }) }));
});

test('what another device answers is not believed', async () => {
  const { device: thief } = await world.addDevice('thief');
  const identity = await stolenIdentity(join(world.dir, 'manager', 'authority'), thief);
  // The real device is kept from answering first.
  const own = processesOf(join(world.dir, 'agent')).filter(({ command }) => command.includes('agent'));
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => signalAll(own, name);
  signal('SIGSTOP');
  try {
    const sent = await send('app.start');
    const client = await connectAsync(world.manager.mqtt, { ...identity, clientId: thief, protocolVersion: 4, reconnectPeriod: 0 });
    const forged = { gen: 1, boot: 999_999, seq: 1, id: sent.id, n: 9, state: 'failed', error: { code: 'internal', reason: 'forged' } };
    await client.publishAsync(topics.commandState.of({ device: thief, id: sent.id }), JSON.stringify(forged), { qos: 1 });
    // For another device it may not even speak: the broker ends its connection.
    client.publish(topics.commandState.of({ device, id: sent.id }), JSON.stringify(forged), { qos: 0 });
    await systemClock.sleep(1_000);
    expect(await seen(sent.id)).toMatchObject({ state: 'sent', endedAt: null });
    await client.endAsync(true);
    signal('SIGCONT');
    expect(await ended(sent)).toMatchObject({ state: 'done' });
  } finally {
    signal('SIGCONT');
  }
});

test('a device that is away is sent nothing, nor is one that does not have the app', async () => {
  await agent[Symbol.asyncDispose]();
  await until('it offline', async () => ((await world.look(device)).online ? undefined : true));
  await expect(send('app.restart')).rejects.toMatchObject({ code: 'unreachable' });
  await expect(world.api.call('commandApp', { params: { device }, body: { verb: 'app.stop', app: AppName.parse('nothing') } })).rejects.toMatchObject({ code: 'app-unknown' });
});
