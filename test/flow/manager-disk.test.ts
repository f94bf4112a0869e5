/** A manager whose disk fills up: what is large stays out first, the fleet goes on, and all is well when there is room again. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { isErrno } from '@pier/shared/disk';
import { registryClient } from '@pier/shared/oci';
import { exampleGuest } from '../support/guests.ts';
import { processesOf, signalAll } from '../support/processes.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

const diskMb = 160;
const reserveMb = 48;
const mb = 2 ** 20;

const ready = async ({ manager }: World) => {
  const answer = await fetch(`${manager.http}/api/v1/ready`);
  return { status: answer.status, text: await answer.text() };
};
const freeMb = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder);
  return (bavail * bsize) / mb;
};

/** Puts the manager's folder onto a small disk of its own, while the manager is stopped. */
async function moveToSmallDisk(world: World): Promise<Disposable> {
  const data = join(world.dir, 'manager');
  signalAll(processesOf(data).filter(({ program }) => program === 'node'), 'SIGTERM');
  await until('no process of the manager', () => processesOf(data).length === 0 || undefined);
  renameSync(data, `${data}.moved`);
  mkdirSync(data, { mode: 0o700 });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMb}m,mode=700`, 'pier-test', data], { encoding: 'utf8' });
  if (mounted.status !== 0) throw new Error(mounted.stderr);
  // With its modes: PostgreSQL does not start on a folder that others may read.
  spawnSync('cp', ['-a', `${data}.moved/.`, data]);
  rmSync(`${data}.moved`, { recursive: true });
  return { [Symbol.dispose]: () => void spawnSync('umount', ['-l', data]) };
}

/** Room that is gone until it is removed. */
function fill(path: string, leaveMb: number): void {
  const bytes = Math.max(0, freeMb(join(path, '..')) - leaveMb) * mb;
  try {
    writeFileSync(path, Buffer.alloc(Math.floor(bytes)));
  } catch (cause) {
    // The database took the last bytes since they were counted.
    if (!isErrno(cause, 'ENOSPC')) throw cause;
  }
}

test('a full disk keeps uploads out, stops nothing that runs, is told, and heals', async (context) => {
  context.skip(process.getuid?.() !== 0, 'only root can mount a small disk');
  const world = await openWorld();
  const data = join(world.dir, 'manager');
  const cleanup = new DisposableStack();
  try {
    const blink = await exampleGuest('blink');
    const { device } = await world.enrol();
    await world.bind(device, 'blink', { led, button });
    const first = await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...blink });
    expect(await deploymentIn(world, { device, rollout: await world.rollOut(first, device, { soakS: 0 }), states: ['proven', 'failed'] })).toMatchObject({ state: 'proven' });
    cleanup.use(await moveToSmallDisk(world));
    await world.stage.startManager(['--disk-reserve', String(reserveMb)]);
    await until('ready', async () => (await ready(world)).status === 200 || undefined);

    // An upload that would eat the reserve is cut off at it, and leaves nothing behind.
    using registry = registryClient({ origin: world.manager.registry, tls: { ca: readFileSync(world.manager.ca, 'utf8') }, basic: { user: world.manager.registryCredentials.user, password: world.manager.registryCredentials.password } });
    const signal = AbortSignal.timeout(120_000);
    await expect(registry.pushBlob('apps/large', Buffer.alloc(Math.ceil(freeMb(data) - reserveMb / 2) * mb), signal)).rejects.toThrow(/507|disk|MB left|reset|EPIPE/i);
    await until('nothing of it left', () => (readdirSync(join(data, 'registry/uploads')).length === 0 && freeMb(data) > reserveMb) || undefined);
    expect((await ready(world)).status).toBe(200);

    // Below the reserve the manager says so, takes nothing new, and goes on with what there is.
    const ballast = join(data, 'ballast');
    fill(ballast, reserveMb / 2);
    expect(await ready(world)).toMatchObject({ status: 503, text: expect.stringMatching(/not-ready.*disk: the manager's disk has \d+ MB left/) });
    await expect(registry.pushBlob('apps/small', Buffer.from('x'), signal)).rejects.toThrow(/507|disk/i);
    expect((await world.api.call('createToken', { body: {} })).uses).toBe(1);
    await until('the device there', async () => (await world.look(device)).online || undefined);

    // With nothing left PostgreSQL can write no more, whoever asks.
    const [password, port] = ['password', 'port'].map((name) => readFileSync(join(data, 'postgres', name), 'utf8').trim());
    const client = new Client({ connectionString: `postgres://pier:${password}@127.0.0.1:${port}/postgres` });
    client.on('error', () => {});
    await client.connect();
    fill(`${ballast}.2`, 1);
    await expect(client.query(`insert into audit (actor, action, object, detail) select 'test', 'fill', 'x', jsonb_build_object('x', repeat(md5(n::text), 60)) from generate_series(1, 40000) n`)).rejects.toThrow(/space|terminat|connection error/i);
    await client.end().catch(() => undefined);
    expect((await ready(world)).status).toBe(503);
    expect(processesOf(data).some(({ program }) => program === 'node')).toBe(true);

    for (const path of [ballast, `${ballast}.2`]) rmSync(path);
    await until('ready again', async () => (await ready(world)).status === 200 || undefined, 90_000);
    const second = await world.push({ app: 'blink', version: '1.0.1', counter: 2, ...blink, wasm: Buffer.concat([blink.wasm, Buffer.from([0, 4, 2, 0x6e, 2, 0])]) });
    expect(await deploymentIn(world, { device, rollout: await world.rollOut(second, device, { soakS: 0 }), states: ['proven', 'failed'] })).toMatchObject({ state: 'proven' });
  } finally {
    // Before the folder is removed, in which the manager still works until it is stopped.
    cleanup.dispose();
    await world[Symbol.asyncDispose]();
  }
});
