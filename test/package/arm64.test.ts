import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { DeviceId, systemClock } from '@pier/shared/core';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { exampleGuest } from '../support/guests.ts';
import { run } from '../support/pier.ts';
import { readRecord } from '../support/record.ts';
import { childEnv } from '../support/stage.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

const provided = inject('provided');
/** Where the cross compiler keeps the libraries that arm64 programs load. */
const libraries = '/usr/aarch64-linux-gnu';

describe.skipIf('why' in provided)('what the arm64 packages hold, under an emulated processor', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pier-arm64-'));
  const node = join(dir, 'node');
  const agent = join(dir, 'usr/lib/pier/agent/pier-agent');
  let world: World;

  beforeAll(async () => {
    if ('why' in provided) return;
    for (const name of readdirSync(provided.packages).filter((file) => file.endsWith('_arm64.deb'))) expect(await run('dpkg-deb', ['-x', join(provided.packages, name), dir], { env: childEnv() })).toMatchObject({ status: 0 });
    writeFileSync(node, `#!/bin/sh\nexec qemu-aarch64-static -L ${libraries} ${join(dir, 'usr/lib/pier/runtime/bin/node')} "$@"\n`);
    chmodSync(node, 0o755);
    world = await openWorld();
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  });

  test('is Node of this version for arm64, and loads each native part', async () => {
    const told = await run(node, ['-p', 'process.version + " " + process.arch'], { env: childEnv() });
    expect(told).toMatchObject({ status: 0, stdout: `${process.version} arm64\n` });
    const native = join(dir, 'usr/lib/pier/agent/native/linux-arm64');
    const loads = readdirSync(native).map((name) => `require(${JSON.stringify(join(native, name))})`).join(';');
    expect(await run(node, ['-e', loads], { env: childEnv() })).toMatchObject({ status: 0, stderr: '' });
  });

  test('enrols, runs an app that blinks, and stops with the LED off', async () => {
    const startMs = systemClock.monotonicMs();
    const data = join(dir, 'data');
    mkdirSync(data);
    const child = spawn(agent, ['start', '--data', data, '--manager', world.manager.device, '--token', await world.token(), '--board', `sim:${world.board.dir}`, '--ready', 'json'], { env: childEnv({ PIER_NODE: node }), stdio: ['ignore', 'pipe', 'pipe'] });
    using _ = { [Symbol.dispose]: () => void child.kill('SIGKILL') };
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (said += piece));
    const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    const line = await Promise.race([new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve)), exited.then((code) => Promise.reject(new Error(`it ended with ${code}: ${said}`)))]);
    const device = DeviceId.parse((JSON.parse(line) as { device: string }).device);
    const enrolledMs = systemClock.monotonicMs();
    await world.bind(device, 'blink', { led, button });
    const rollout = await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...(await exampleGuest('blink')) }), device);
    expect(await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'refused', 'timed_out'] })).toMatchObject({ state: 'proven' });
    const rows = () => readRecord(world.board.record).filter((row) => row.name === 'GPIO17');
    await until('the LED blinking', () => rows().filter((row) => row.by === 'guest').length > 2 || undefined);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(rows().at(-1)).toMatchObject({ level: 0 });
    process.stdout.write(`package: arm64 emulated: enrolled after ${Math.round(enrolledMs - startMs)} ms, app proven after ${Math.round(systemClock.monotonicMs() - startMs)} ms\n`);
  });
});
