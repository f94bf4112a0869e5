/** What is put on a device, in its place: the bundle alone, away from the checkout and its packages. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppName } from '@pier/shared/core';
import { agentBundle } from '../support/agent-bundle.ts';
import { debianTool } from '../support/debian.ts';
import { exampleGuest } from '../support/guests.ts';
import { run } from '../support/pier.ts';
import { readRecord } from '../support/record.ts';
import { childEnv } from '../support/stage.ts';
import { command } from '../support/wat.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

const dir = mkdtempSync(join(tmpdir(), 'pier-device-'));
/** Without them, as printed, the native parts of the bundle cannot be made. */
const hasCompilers = debianTool('x86_64-linux-gnu-g++') && debianTool('aarch64-linux-gnu-g++');
let launcher: string;

beforeAll(async () => {
  if (hasCompilers) ({ launcher } = await agentBundle(dir));
}, 300_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.skipIf(!hasCompilers)('the bundle runs a file at a desk, and its exit status is the guest\'s', async () => {
  const file = join(dir, 'hello.wasm');
  writeFileSync(file, await command('(call $print (i32.const 8) (i32.const 6)) (call $proc_exit (i32.const 7))', { imports: ['(import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))'], more: '(data (i32.const 8) "hello\\n")' }));
  const ran = await run(launcher, ['run', file], { env: childEnv({ PIER_NODE: process.execPath }), cwd: dir });
  expect(ran).toMatchObject({ status: 7, stdout: 'hello\n', stderr: '' });
});

test.skipIf(!hasCompilers)('the bundle enrols at a manager and runs apps with lines, files and a serial port', async () => {
  await using world = await openWorld();
  const { device, process: agent } = await world.enrol({ launcher });
  expect(readFileSync(`/proc/${agent.child.pid}/cmdline`, 'utf8').split('\0')).toEqual(expect.arrayContaining([expect.stringMatching(/node$/), join(launcher, '..', 'agent.mjs'), 'start']));
  await until('the version of the agent', async () => (await world.look(device)).agent === '0.1.0' || undefined);
  await world.bind(device, 'blink', { led, button });
  await world.bind(device, 'journal', { data: { kind: 'storage', maxBytes: 65_536 } });
  await world.bind(device, 'meter', { meter: { kind: 'serial', path: `${world.board.dir}/serial/meter` } });
  const rollouts = await Promise.all((['blink', 'journal', 'meter'] as const).map(async (app) => world.rollOut(await world.push({ app, version: '1.0.0', counter: 1, ...(await exampleGuest(app)) }), device)));
  for (const rollout of rollouts) expect(await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'refused'] })).toMatchObject({ state: 'proven', reason: null });
  await until('the LED driven by its app', () => readRecord(world.board.record).some((row) => row.name === 'GPIO17' && row.by === 'guest') || undefined);
  // The loader of the serial port's native part, and the base of guests with files, are loaded only now: that they can be is the point.
  const read = await until('what the meter measures', async () => (await samplesOf(world, device)).at(-1));
  expect(read.value).toBeGreaterThan(0);
});

const samplesOf = async (world: World, device: Awaited<ReturnType<World['enrol']>>['device']) =>
  (await world.api.call('getTelemetry', { params: { device }, query: { app: AppName.parse('meter'), series: 'voltage', sinceS: 600, limit: 10 } })).items;
