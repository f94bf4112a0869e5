import { readFileSync, readdirSync } from 'node:fs';
import { createPrivateKey } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeviceId } from '@pier/shared/core';
import { isErrno } from '@pier/shared/disk';
import { exampleGuest } from '../support/guests.ts';
import { memoryHolds } from '../support/memory.ts';
import { processesOf } from '../support/processes.ts';
import { runPier } from '../support/pier.ts';
import { childEnv } from '../support/stage.ts';
import { type World, button, deploymentIn, led, openWorld } from '../support/world.ts';

let world: World;
let device: DeviceId;

beforeAll(async () => {
  world = await openWorld();
  ({ device } = await world.enrol());
  await world.bind(device, 'blink', { led, button });
  const rollout = await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...(await exampleGuest('blink')) }), device);
  await deploymentIn(world, { device, rollout, states: ['proven'] });
  const env = childEnv({ PIER_HOME: join(world.dir, 'home'), PIER_MANAGER: world.manager.http, PIER_API_TOKEN: world.manager.admin.token });
  expect((await runPier(['operator', 'certificate', '--name', 'dora'], { env })).status).toBe(0);
});
afterAll(() => world[Symbol.asyncDispose]());

/** A private key in each form that it could lie in: the raw scalar, its hex, base64 and base64url, and the PEM's body. */
function formsOf(privatePem: string): Buffer[] {
  const jwk = createPrivateKey(privatePem).export({ format: 'jwk' });
  const scalar = Buffer.from(jwk.d ?? '', 'base64url');
  const body = privatePem.split('\n')[1] ?? '';
  return [scalar, Buffer.from(scalar.toString('hex')), Buffer.from(scalar.toString('base64').slice(0, 40)), Buffer.from(scalar.toString('base64url').slice(0, 40)), Buffer.from(body.slice(0, 60))];
}

/** A file that was removed since it was listed holds nothing. */
function holdsAny(file: string, forms: readonly Buffer[]): boolean {
  try {
    const bytes = readFileSync(file);
    return forms.some((form) => bytes.includes(form));
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return false;
    throw cause;
  }
}

const managerProcesses = () => processesOf(join(world.dir, 'manager')).filter((one) => !one.command.includes('cli/src'));

test('the search finds a secret that the manager does have: its scheduler key', () => {
  const scheduler = readFileSync(join(world.dir, 'manager', 'authority', 'scheduler.key'), 'utf8');
  const found = managerProcesses().some((one) => formsOf(scheduler).some((form) => memoryHolds(one.pid, form)));
  expect(found).toBe(true);
});

test.each(['root', 'release', 'operator'] as const)('the private %s key is nowhere in the manager: not in memory, not in its database or folder', (name) => {
  const forms = formsOf(world.keys[name].privatePem);
  expect(managerProcesses().length).toBeGreaterThan(0);
  expect(managerProcesses().filter((one) => forms.some((form) => memoryHolds(one.pid, form)))).toEqual([]);
  const files = readdirSync(join(world.dir, 'manager'), { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((entry) => holdsAny(join(entry.parentPath, entry.name), forms)).map((entry) => entry.name)).toEqual([]);
});
