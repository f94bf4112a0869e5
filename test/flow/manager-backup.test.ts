/** A manager that is restored from an old backup: devices know more than it does, and one of them it does not know at all. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeviceId } from '@pier/shared/core';
import { type Guest, exampleGuest } from '../support/guests.ts';
import { answerOf, runPier } from '../support/pier.ts';
import { processesOf, signalAll } from '../support/processes.ts';
import { childEnv } from '../support/stage.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

let world: World;
let blink: Guest;
let dock: DeviceId;
let late: Awaited<ReturnType<World['addDevice']>>;
const file = (): string => join(world.dir, 'old.tar');
const data = (): string => join(world.dir, 'manager');
const pier = (...words: string[]) => runPier(words, { env: childEnv() });

beforeAll(async () => {
  world = await openWorld();
  blink = await exampleGuest('blink');
  ({ device: dock } = await world.enrol());
  await world.bind(dock, 'blink', { led, button });
}, 240_000);
afterAll(() => world[Symbol.asyncDispose]());

const push = (n: number) => world.push({ app: 'blink', version: `1.0.${n}`, counter: n, ...blink, wasm: Buffer.concat([blink.wasm, Buffer.from([0, 4, 2, 0x6e, n, 0])]) });
const ended = ['proven', 'failed', 'refused', 'timed_out'] as const;
const rollOut = async (n: number) => deploymentIn(world, { device: dock, rollout: await world.rollOut(await push(n), dock, { soakS: 0, deadlineS: 120 }), states: ended });
const appOf = async () => (await world.look(dock)).reported?.apps['blink' as keyof object] as { attempt?: number; running?: { version: string } } | undefined;

async function stopManager(): Promise<void> {
  signalAll(processesOf(data()).filter(({ program }) => program === 'node'), 'SIGTERM');
  await until('no process of the manager', () => processesOf(data()).length === 0 || undefined);
}

test('is taken while the manager runs, and says that it holds secrets', async () => {
  expect(await rollOut(1)).toMatchObject({ state: 'proven' });
  const made = await pier('manager', 'backup', '--data', data(), '--to', file());
  expect([made.status, made.stdout]).toEqual([0, expect.stringContaining("It holds the CA's key")]);
});

test('is not restored over the manager that runs', async () => {
  const refused = await pier('manager', 'restore', '--data', data(), '--from', file(), '--force', '-o', 'json');
  expect([refused.status, JSON.parse(refused.stdout)]).toMatchObject([5, { error: { code: 'conflict' } }]);
});

test('comes back after a newer release and another device: nothing is stuck, and the newer numbers of the device are topped', async () => {
  expect(await rollOut(2)).toMatchObject({ state: 'proven' });
  late = await world.addDevice('late');
  const before = await world.look(dock);
  await stopManager();
  const back = answerOf<{ aside: string }>(await pier('manager', 'restore', '--data', data(), '--from', file(), '--force', '-o', 'json'), 'restore');
  expect(back.aside).toContain(join(data(), 'replaced-'));
  await world.stage.startManager();
  // What the restored manager wants is the release that it knows; the device has had it, and may return to it without a signature.
  const after = await until('the device in step with the restored manager', async () => {
    const seen = await world.look(dock);
    // Until the device speaks, what it reported before the backup is all that the manager has.
    const isNews = (seen.reported?.rev ?? 0) > (before.reported?.rev ?? 0);
    return isNews && seen.standing === 'in_step' && (await appOf())?.running?.version === '1.0.1' ? seen : undefined;
  }, 120_000);
  expect(after.deployments.map(({ state }) => state)).toEqual(['proven']);
});

test('does not know the device that came later: it is turned away in words, keeps what it runs, and can enrol again', async () => {
  await expect(world.look(late.device)).rejects.toMatchObject({ code: 'not-found' });
  const log = (name: string): string => readFileSync(join(world.dir, 'logs', `${name}.log`), 'utf8');
  await until('the manager telling of a device that it does not know', () => log('manager').includes(`"device":"${late.device}","msg":"device.unknown"`) || undefined, 120_000);
  await until('the device being told', () => /"code":"forbidden".*link\.failed/.test(log('late')) || undefined, 120_000);
  late.process.child.kill('SIGTERM');
  await late.process.exited;
  rmSync(join(world.dir, 'late', 'identity', 'enrolment.json'));
  const again = await world.enrol({ name: 'late', board: late.board });
  expect(again.device).not.toBe(late.device);
  await until('the device online under its new id', async () => (await world.look(again.device)).online || undefined);
});

test('and the next rollout goes on from there', async () => {
  const attempt = (await appOf())?.attempt ?? 0;
  expect(await rollOut(3)).toMatchObject({ state: 'proven' });
  expect((await appOf())?.attempt).toBeGreaterThan(attempt);
});
