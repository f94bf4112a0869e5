/** A card that was copied with its identity on it, and two boards that start from it. */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { systemClock } from '@pier/shared/core';
import { runPier } from '../support/pier.ts';
import { childEnv } from '../support/stage.ts';
import { type World, openWorld, until } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

test('of two boards with one identity one stays and the other is refused, people are told what to do, and revoking ends both', { timeout: 300_000 }, async () => {
  const { device, process: first } = await world.enrol({ name: 'original' });
  first.child.kill('SIGTERM');
  await first.exited;
  cpSync(join(world.dir, 'original'), join(world.dir, 'copy'), { recursive: true });
  await world.enrol({ name: 'original', token: 'not-needed-any-more' });
  const other = await world.stage.startBoard({ name: 'board-copy' });
  await world.enrol({ name: 'copy', token: 'not-needed-any-more', board: other });
  const alarmed = await until('the alarm', async () => {
    const seen = await world.look(device);
    return seen.why?.code === 'identity-conflict' ? seen : undefined;
  }, 180_000);
  expect(alarmed).toMatchObject({ standing: 'refused', why: { reason: expect.stringContaining(`pier device revoke ${device}`) as string } });
  const shown = await runPier(['device', 'show', device, '--manager', world.manager.http], { env: childEnv({ PIER_API_TOKEN: world.manager.admin.token }), timeoutMs: 60_000 });
  expect(shown.stdout + shown.stderr).toContain('Two boards come with the identity');
  // One is told no, and asks seldom from then on; who stays is left in peace.
  const logs = () => ['original', 'copy'].map((name) => readFileSync(join(world.dir, 'logs', `${name}.log`), 'utf8'));
  await until('one of them refused', () => logs().some((log) => log.includes('refuses this device')) || undefined, 60_000);
  const lost = (): number => logs().reduce((sum, log) => sum + log.split('link.lost').length - 1, 0);
  await until('twelve seconds in which nobody is put out', async () => {
    const before = lost();
    await systemClock.sleep(12_000);
    return lost() === before || undefined;
  }, 120_000);
  await until('the one who stays online', async () => (await world.look(device)).online || undefined);
  await world.api.call('revokeDevice', { params: { device }, body: {} });
  const record = await until('the end of it in the record', async () => {
    const { items } = await world.api.call('listAudit', { query: { object: `device:${device}`, limit: 50 } });
    const actions = items.map(({ action }) => action);
    return actions.includes('device.identity-conflict-over') ? actions : undefined;
  });
  expect(record).toContain('device.identity-conflict');
  await until('nobody connected', async () => !(await world.look(device)).online || undefined);
  expect(await world.look(device)).toMatchObject({ standing: 'revoked' });
});
