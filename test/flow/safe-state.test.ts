import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DeviceId, systemClock } from '@pier/shared/core';
import { type Guest, exampleGuest, trappingGuest } from '../support/guests.ts';
import { run } from '../support/pier.ts';
import { processesOf } from '../support/processes.ts';
import { readRecord } from '../support/record.ts';
import { childEnv } from '../support/stage.ts';
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

/** How long the start of an empty program takes at its slowest meanwhile: what this machine has left for anybody. */
async function slowestStartMs(during: Promise<unknown>): Promise<number> {
  const over = { isSo: false };
  void during.then(() => (over.isSo = true));
  let slowestMs = 0;
  while (!over.isSo) {
    const startMs = systemClock.monotonicMs();
    await run(process.execPath, ['-e', '1'], { env: childEnv() });
    slowestMs = Math.max(slowestMs, systemClock.monotonicMs() - startMs);
  }
  return slowestMs;
}

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

test.each(['keep', 'input'] as const)('an agent killed with -9 leaves the LED off within a second and nothing running, on a board where a released line does "%s"', async (onRelease) => {
  const name = `killed-${onRelease}`;
  const board = await world.stage.startBoard({ name: `board-${name}`, onRelease });
  const killed = await world.enrol({ name, board });
  await world.bind(killed.device, 'blink', { led });
  // Switches the LED on, and stays so.
  await world.rollOut(await world.push({ app: 'blink', version: `3.0.${onRelease.length}`, counter: 3 + onRelease.length, ...(await trappingGuest(600_000)) }), killed.device);
  const rows = () => readRecord(board.record).filter((row) => row.name === 'GPIO17');
  await until('the LED on', () => rows().at(-1)?.level === 1);
  const [agent, ...others] = processesOf(join(world.dir, name)).filter(({ command }) => command.includes('agent/src/main.ts'));
  if (agent === undefined) throw new Error('there is no agent to kill');
  expect(others).toEqual([]);
  const killedNs = systemClock.monotonicNs();
  process.kill(agent.pid, 'SIGKILL');
  const slowMs = await slowestStartMs(killed.process.exited);
  expect(await killed.process.exited).toEqual({ code: 137, signal: null });
  const dark = rows().find((row) => row.level === 0 && BigInt(row.tNs) > killedNs);
  const darkMs = Number(BigInt(dark?.tNs ?? 0) - killedNs) / 1e6;
  process.stdout.write(`safe-state: the LED was off ${Math.round(darkMs)} ms after kill -9, where a line does "${onRelease}"\n`);
  expect(darkMs).toBeGreaterThan(0);
  // A second, unless this machine is so busy that even an empty program takes a good part of it.
  expect(darkMs).toBeLessThan(Math.max(1_000, 40 * slowMs));
  // The hook's own act, and last of all nobody holds the line.
  expect(rows().some((row) => row.by === 'agent' && row.level === 0 && row.consumer === 'blink (safe)' && BigInt(row.tNs) > killedNs)).toBe(true);
  expect(rows().at(-1)).toMatchObject({ level: 0 });
  await until('nothing running', () => processesOf(join(world.dir, name)).length === 0 || undefined);
});

test('an agent that is asked to stop leaves the LED off, and the line was never given back while it was on', async () => {
  await world.stage[Symbol.asyncDispose]();
  const rows = ledRecords();
  expect(rows.at(-1)).toMatchObject({ level: 0 });
  const given = rows.flatMap((row, index) => (row.by === 'release' ? [rows.slice(0, index).findLast(({ by }) => by !== 'release')?.level] : []));
  expect(given).toEqual(given.map(() => 0));
  expect(given.length).toBeGreaterThan(0);
});
