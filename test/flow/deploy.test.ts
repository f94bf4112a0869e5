import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeviceId } from '@pier/shared/core';
import { type Guest, exampleGuest } from '../support/guests.ts';
import { runPier } from '../support/pier.ts';
import { readRecord } from '../support/record.ts';
import { childEnv } from '../support/stage.ts';
import { type World, button, deploymentIn, led, openWorld, rolloutIn, until } from '../support/world.ts';

let world: World;
let device: DeviceId;
let blink: Guest;

beforeAll(async () => {
  world = await openWorld();
  blink = await exampleGuest('blink');
  ({ device } = await world.enrol());
});
afterAll(() => world[Symbol.asyncDispose]());

const ledEdges = () => readRecord(world.board.record).filter((row) => row.name === 'GPIO17' && row.by === 'guest');

test('a signed app is rolled out, drives the LED, answers the button, and is proven', async () => {
  const pushed = await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...blink });
  await world.bind(device, 'blink', { led, button });
  const rollout = await world.rollOut(pushed, device);
  await until('edges of the LED', () => ledEdges().length >= 4 || undefined);
  const before = ledEdges().length;
  expect((await runPier(['sim', 'press', world.board.dir, 'button', '--ms', '60'], { env: childEnv() })).status).toBe(0);
  await until('fast edges after the press', () => ledEdges().length >= before + 20 || undefined);
  expect(await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'refused'] })).toMatchObject({ state: 'proven', reason: null });
  expect(await rolloutIn(world, rollout, ['completed'])).toMatchObject({ waves: [{ total: 1, counts: { proven: 1 }, state: 'passed' }] });
});

test('a higher attempt of the release that is already well is adopted without a restart', async () => {
  const before = (await world.look(device)).reported?.apps['blink' as never]?.['running' as never];
  const release = (await world.api.call('listReleases', {})).items.find((one) => one.app === 'blink');
  const again = await world.api.call('createRollout', { body: { release: release?.id ?? '', devices: [device], soakS: 1 } });
  await deploymentIn(world, { device, rollout: again.id, states: ['proven'] });
  expect((await world.look(device)).reported?.apps['blink' as never]?.['running' as never]).toEqual(before);
});

test('an app with a granted folder keeps its file over restarts, beside the first app', async () => {
  const journal = await exampleGuest('journal');
  const pushed = await world.push({ app: 'journal', version: '1.0.0', counter: 1, ...journal });
  await world.bind(device, 'journal', { data: { kind: 'storage', maxBytes: 65_536 } });
  const rollout = await world.rollOut(pushed, device);
  await deploymentIn(world, { device, rollout, states: ['proven'] });
  const edges = ledEdges().length;
  await restartByHand('journal');
  await until('two lines in the journal', () => journalLines().length >= 2 || undefined);
  await until('the LED going on', () => ledEdges().length > edges || undefined);
});

function journalLines(): string[] {
  const files = findFiles(join(world.dir, 'agent'), 'journal.txt');
  return files.flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean));
}

function findFiles(dir: string, name: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name === name)
    .map((entry) => join(entry.parentPath, entry.name));
}

async function restartByHand(app: string): Promise<void> {
  const home = join(world.dir, 'home');
  const env = childEnv({ PIER_HOME: home, PIER_MANAGER: world.manager.http, PIER_API_TOKEN: world.manager.admin.token });
  expect((await runPier(['operator', 'certificate', '--name', 'bob'], { env })).status).toBe(0);
  const unsigned = await runPier(['cmd', device, 'app.restart', `app=${app}`], { env });
  expect(unsigned.status).toBe(3);
  expect(unsigned.stderr).toMatch(/command-unsigned/);
  writeFileSync(join(home, 'alice.key'), world.keys.operator.privatePem, { mode: 0o600 });
  const ran = await runPier(['cmd', device, 'app.restart', `app=${app}`, '--key', join(home, 'alice.key')], { env });
  expect(ran.stderr + ran.stdout).toMatch(/done/);
  expect(ran.status).toBe(0);
}
