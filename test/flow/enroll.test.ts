import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeToken, encodeToken } from '@pier/shared/enroll';
import { type DeviceId, systemClock } from '@pier/shared/core';
import { isErrno } from '@pier/shared/disk';
import { spawnNode } from '@pier/shared/process';
import { childEnv } from '../support/stage.ts';
import { runPier } from '../support/pier.ts';
import { type World, openWorld, until } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const start = (token: string, name: string) => runPier(['agent', 'start', '--data', join(world.dir, name), '--manager', world.manager.device, '--token', token, '--board', `sim:${world.board.dir}`], { env: childEnv() });

test('a board enrols by a claim token, and is known and online under the id that the manager gave', async () => {
  const { device } = await world.enrol({ name: 'first' });
  const seen = await until('the device online', async () => ((await world.look(device)).online ? world.look(device) : undefined));
  expect(seen).toMatchObject({ id: device, model: 'raspberry-pi-4b', state: 'active' });
});

test('the private key was made on the board, is readable by its owner alone, and is not in the manager', () => {
  const keys = filesBelow(join(world.dir, 'first')).filter((file) => /PRIVATE KEY/.test(textOf(file)));
  expect(keys.length).toBeGreaterThan(0);
  for (const file of keys) expect(statSync(file).mode & 0o077).toBe(0);
  const body = readFileSync(keys[0] ?? '', 'latin1').match(/-----BEGIN PRIVATE KEY-----\n([^-]+)/)?.[1]?.slice(0, 60) ?? 'no key';
  expect(filesBelow(join(world.dir, 'manager')).filter((file) => textOf(file).includes(body))).toEqual([]);
});

test('a machine whose pins cannot be used enrols all the same, and says that it has none', async ({ skip }) => {
  skip(existsSync('/sys/class/gpio/export') || readdirSync('/dev').some((name) => name.startsWith('gpiochip')), 'this machine has pins of its own');
  const cli = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
  await using agent = spawnNode([cli, 'agent', 'start', '--data', join(world.dir, 'pinless'), '--manager', world.manager.device, '--token', await world.token(), '--name', 'pinless', '--ready', 'json'], { stdio: ['ignore', 'pipe', 'ignore'], env: childEnv(), graceMs: 20_000 });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: agent.child.stdout ?? process.stdin }).once('line', resolve);
    void agent.exited.then(() => reject(new Error('the agent ended before it was ready')));
  });
  const { device } = JSON.parse(line) as { device: DeviceId };
  expect((await world.look(device)).profile).toMatchObject({ chips: [] });
});

test('a token that was used is refused in words, and another board stays out', async () => {
  const token = await world.token();
  await using _ = (await world.enrol({ name: 'second', token })).process;
  const ran = await start(token, 'third');
  expect(ran.status).toBe(3);
  expect(ran.stderr).toMatch(/token-used/);
});

test('a token past its time is refused in words', async () => {
  const token = await world.token({ expiresInS: 1 });
  await systemClock.sleep(1_500);
  const ran = await start(token, 'late');
  expect(ran.status).toBe(3);
  expect(ran.stderr).toMatch(/token-expired/);
});

test('a token that names another CA makes the board trust nobody', async () => {
  const parts = decodeToken(await world.token());
  if (!parts) throw new Error('the manager gave no token');
  const ran = await start(encodeToken({ ...parts, caFingerprint: '0'.repeat(64) }), 'wary');
  expect(ran.status).toBe(3);
  expect(ran.stderr).toMatch(/fingerprint/i);
});

test('a token that names another policy root makes the board refuse the policy', async () => {
  const parts = decodeToken(await world.token());
  if (!parts) throw new Error('the manager gave no token');
  const ran = await start(encodeToken({ ...parts, rootId: 'f'.repeat(64) }), 'rootless');
  expect(ran.status).toBe(3);
  expect(ran.stderr).toMatch(/policy/i);
});

test('what is no token is told so at once', async () => {
  const ran = await start('pier1.nonsense', 'nonsense');
  expect(ran.status).toBe(3);
  expect(ran.stderr).toMatch(/token-invalid.*claim token/s);
});

/** A file that was removed since it was listed holds nothing. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return '';
    throw cause;
  }
}

function filesBelow(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
