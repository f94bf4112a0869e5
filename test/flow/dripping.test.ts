/** A registry that gives a byte now and then: what runs, and what is ordered, does not wait for it. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SentCommand } from '@pier/shared/api';
import { AppName, type DeviceId, systemClock } from '@pier/shared/core';
import { type Guest, exampleGuest, talkingGuest } from '../support/guests.ts';
import { type Pushed, type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

let world: World;
let device: DeviceId;
let talking: Guest;
let drip: Awaited<ReturnType<typeof openDrip>>;

beforeAll(async () => {
  world = await openWorld();
  drip = await openDrip(world.mirror);
  const started = await world.stage.startAgent({ manager: world.manager.device, token: await world.token(), board: world.board.dir, mirror: drip.url });
  device = started.device as DeviceId;
  talking = await talkingGuest(1_000);
  await world.bind(device, 'blink', { led, button });
  const blink = await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...(await exampleGuest('blink')) });
  await deploymentIn(world, { device, rollout: await world.rollOut(blink, device), states: ['proven'] });
});
afterAll(async () => {
  await drip[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** Passes a registry on, except for blobs that it is told to drip: of these each reader gets a byte a second. */
async function openDrip(upstream: string) {
  const dripped = new Set<string>();
  const state = { open: 0 };
  const server = createServer((incoming, answer) => {
    if (incoming.method === 'GET' && [...dripped].some((digest) => incoming.url?.endsWith(`/blobs/${digest}`))) {
      state.open += 1;
      answer.writeHead(200, { 'content-type': 'application/octet-stream' });
      const ticking = systemClock.every(1_000, () => answer.write('\0'));
      answer.on('close', () => {
        ticking[Symbol.dispose]();
        state.open -= 1;
      });
      return;
    }
    const outgoing = request(new URL(incoming.url ?? '', upstream), { method: incoming.method ?? 'GET', headers: { accept: incoming.headers.accept ?? '*/*' } }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    outgoing.on('error', () => answer.destroy());
    outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    drip: ({ layer }: Pushed) => void dripped.add(layer),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Each version has other bytes, so that nothing is in the store already. */
const push = (counter: number) => world.push({ app: 'talk', version: `1.0.${counter}`, counter, ...talking, wasm: Buffer.concat([talking.wasm, Buffer.from([0, 3, 1, 0x6e, counter])]) });
const blinkApp = AppName.parse('blink');
const commandsOf = async (): Promise<SentCommand[]> => (await world.api.call('listCommands', { params: { device }, query: {} })).items;
const ended = (id: string) => until(`command ${id} ended`, async () => (await commandsOf()).find((one) => one.id === id && one.endedAt !== null));

test('while one app drips in, another runs on and takes commands, and a newer release does not wait for the old one', { timeout: 180_000 }, async () => {
  const first = await push(1);
  drip.drip(first);
  const rollout = await world.rollOut(first, device, { deadlineS: 600 });
  await deploymentIn(world, { device, rollout, states: ['downloading'] });
  await until('the drip', () => drip.state.open === 1 || undefined);
  const sent = await world.api.call('commandApp', { params: { device }, body: { verb: 'app.restart', app: blinkApp } });
  expect(await ended(sent.id)).toMatchObject({ state: 'done' });
  await until('the other app running', async () => (await world.look(device)).reported?.apps[blinkApp]?.running?.version === '1.0.0' || undefined);
  // By hand: rollouts come one after the other, a person's word at once.
  const second = await push(2);
  const release = await world.api.call('createRelease', { body: { repository: second.repository, digest: second.digest } });
  await world.api.call('assignApp', { params: { device, app: AppName.parse('talk') }, body: { release: release.id, soakS: 0 } });
  await until('the newer release running', async () => (await world.look(device)).reported?.apps[AppName.parse('talk')]?.running?.version === '1.0.2' || undefined);
  await until('nobody drinks from it any more', () => drip.state.open === 0 || undefined);
  expect((await world.look(device)).deployments.find((one) => one.rollout === rollout)).toMatchObject({ state: 'superseded' });
});
