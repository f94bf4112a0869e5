import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeviceId } from '@pier/shared/core';
import { type Guest, exampleGuest, trappingGuest } from '../support/guests.ts';
import { readRecord } from '../support/record.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

let world: World;
let device: DeviceId;
let blink: Guest;

beforeAll(async () => {
  world = await openWorld();
  blink = await exampleGuest('blink');
  ({ device } = await world.enrol());
  await world.bind(device, 'blink', { led, button });
});
afterAll(() => world[Symbol.asyncDispose]());

const ledRecords = () =>
  readRecord(world.board.record).filter((row) => row.name === 'GPIO17');

test('a new version that traps fails its attempt, the LED is driven safe by the agent, and the good version returns by itself', async () => {
  const first = await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...blink }), device);
  await deploymentIn(world, { device, rollout: first, states: ['proven'] });
  const bad = await trappingGuest(300);
  const from = ledRecords().length;
  const rollout = await world.rollOut(await world.push({ app: 'blink', version: '2.0.0', counter: 2, ...bad }), device, { soakS: 5 });
  const ended = await deploymentIn(world, { device, rollout, states: ['failed', 'proven', 'refused'] });
  expect(ended).toMatchObject({ state: 'failed', reason: { code: 'guest-trapped' } });
  await until('the good version back', async () => {
    const app = Object.values((await world.look(device)).reported?.apps ?? {})[0];
    return app?.running?.version === '1.0.0' || undefined;
  });
  // The bad guest switches the LED on and traps 300 ms later; the next change is the agent's, to the safe level.
  const after = ledRecords().slice(from);
  const trapped = after.findIndex((row, index) => row.by === 'guest' && row.level === 1 && after[index + 1]?.by === 'agent' && BigInt(after[index + 1]?.tNs ?? 0) - BigInt(row.tNs) >= 300_000_000n);
  expect(trapped).toBeGreaterThan(-1);
  expect(after[trapped + 1]).toMatchObject({ by: 'agent', level: 0 });
});

test('nobody holds the line while it is not low: between guests the record shows the safe level', () => {
  const rows = ledRecords();
  const handovers = rows.flatMap((row, index) => (row.by === 'release' && row.consumer === null ? [rows[index - 1]] : []));
  for (const before of handovers) expect(before?.level).toBe(0);
});

test('an agent that is asked to stop leaves the LED off', async () => {
  await world.stage[Symbol.asyncDispose]();
  expect(ledRecords().at(-1)).toMatchObject({ level: 0 });
});
