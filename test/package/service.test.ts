import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type DeviceId, systemClock } from '@pier/shared/core';
import { type BootedRoot, type DebianRoot, bootRoot, openRoot } from '../support/debian-root.ts';
import { trappingGuest } from '../support/guests.ts';
import { readRecord } from '../support/record.ts';
import { type World, deploymentIn, led, openWorld, until } from '../support/world.ts';
import { newerPackage } from './newer-package.ts';

const provided = inject('provided');
const newest = '99.0.0';
const openMs = 300_000;

describe.skipIf('why' in provided)('on a system that is running', () => {
  const opened = new AsyncDisposableStack();
  let world: World;
  let root: DebianRoot;
  let system: BootedRoot | string;
  let device: DeviceId;
  /** The package's own version. */
  let ours: string;
  const run = (...words: readonly string[]) => (typeof system === 'string' ? Promise.reject(new Error(system)) : system.run(...words));
  const ok = async (...words: readonly string[]): Promise<string> => {
    const ran = await run(...words);
    expect({ words, status: ran.status, stderr: ran.status === 0 ? '' : ran.stderr }).toEqual({ words, status: 0, stderr: '' });
    return ran.stdout.trim();
  };
  const inRoot = (path: string): string => join(root.dir, path);
  const property = (name: string): Promise<string> => ok('systemctl', 'show', '--value', `--property=${name}`, 'pier-agent.service');
  const rows = () => readRecord(world.board.record).filter((row) => row.name === 'GPIO17');
  const isLit = (): boolean => rows().at(-1)?.level === 1;

  beforeAll(async () => {
    if ('why' in provided) return;
    world = opened.use(await openWorld());
    root = opened.use(await openRoot({ tar: provided.debian, board: world.board.dir }));
    mkdirSync(inRoot('opt/pier'));
    mkdirSync(inRoot('opt/newer'));
    const names = readdirSync(provided.packages).filter((file) => /_amd64\.deb$|^install\.sh$/.test(file));
    for (const name of names) copyFileSync(join(provided.packages, name), join(inRoot('opt/pier'), name));
    const agent = names.find((name) => name.startsWith('pier-agent_')) ?? '';
    ours = agent.split('_')[1] ?? '';
    newerPackage(join(provided.packages, agent), { to: inRoot('opt/newer/agent.deb'), version: newest });
    writeFileSync(inRoot('opt/pier/token'), await world.token(), { mode: 0o600 });
    // The board is this machine's; for everybody, since the user of the agent is not there yet.
    for (const path of ['', ...readdirSync(world.board.dir, { recursive: true, encoding: 'utf8' })]) chmodSync(join(world.board.dir, path), 0o777);
    system = await bootRoot({ dir: root.dir, board: world.board.dir, signal: AbortSignal.timeout(openMs) });
    if (typeof system === 'string') process.stderr.write(`skipped: no system can be booted in a container here: ${system}\n`);
    else opened.use(system);
  }, openMs);
  afterAll(() => opened.disposeAsync());
  beforeEach((context) => context.skip(typeof system === 'string', 'no system can be booted in a container here'));

  test('the installer brings a service that enrols, and leaves nothing of a refused enrolment', async () => {
    const refused = await run('sh', '/opt/pier/install.sh', '--packages', '/opt/pier', '--manager', world.manager.device, '--token', 'pier1.none', '--board', 'sim:/srv/board');
    expect(refused).toMatchObject({ status: 3, stderr: expect.stringMatching(/not enrolled: token-invalid: the claim token is damaged/) });
    expect(await property('ActiveState')).toMatch(/inactive|failed/);
    expect(readdirSync(inRoot('etc/pier')).sort()).toEqual(['.made-group-gpio', 'agent.conf']);

    // With the path that "su" leaves a caller, in which dpkg misses what it needs.
    const startMs = systemClock.monotonicMs();
    const installed = await run('env', 'PATH=/usr/bin:/bin', 'sh', '/opt/pier/install.sh', '--manager', world.manager.device, '--token-file', '/opt/pier/token', '--board', 'sim:/srv/board', '--name', 'pier-1');
    const { stdout: journal } = await run('journalctl', '--no-pager', '-u', 'pier-agent', '-n', '30');
    expect({ ...installed, journal: installed.status === 0 ? '' : journal }).toMatchObject({ status: 0, stdout: expect.stringMatching(/pier-agent: enrolled$/m) });
    process.stdout.write(`package: install.sh: installed and enrolled in ${Math.round(systemClock.monotonicMs() - startMs)} ms\n`);
    expect(existsSync(inRoot('var/lib/pier-agent/token'))).toBe(false);
    const { items: [found] } = await world.api.call('listDevices', { query: {} });
    if (!found) throw new Error('the manager knows no device');
    device = found.id;
    expect(found).toMatchObject({ name: 'pier-1' });
    expect(await ok('pier-agent', 'status')).toMatch(/service +active/);
    const twice = await run('sh', '/opt/pier/install.sh', '--manager', world.manager.device, '--token', 'pier1.none');
    expect(twice).toMatchObject({ status: 5, stdout: '', stderr: expect.stringMatching(/enrolled already/) });
  });

  test('the unit takes from the agent what it does not need, as the kernel sees it', async () => {
    const status = await ok('cat', `/proc/${await property('MainPID')}/status`);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
  });

  test('killed with -9 the service has its outputs safe, and goes on', async () => {
    await world.bind(device, 'blink', { led });
    const rollout = await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...(await trappingGuest(3_600_000)) }), device);
    expect(await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'refused', 'timed_out'] })).toMatchObject({ state: 'proven' });
    await until('the LED on', isLit);
    const killedNs = systemClock.monotonicNs();
    await ok('systemctl', 'kill', '--kill-who=main', '--signal=KILL', 'pier-agent.service');
    const dark = await until('the LED off by the stop hook', () => rows().find((row) => BigInt(row.tNs) > killedNs && row.level === 0 && row.by === 'agent' && row.consumer === 'blink (safe)'));
    process.stdout.write(`package: safe ${Math.round(Number(BigInt(dark.tNs) - killedNs) / 1e6)} ms after kill -9\n`);
    await until('the LED on again, by the service started anew', isLit);
    expect(await property('NRestarts')).toBe('1');
  });

  /** What fails, and does not touch the app that is running. */
  const failsAlone = async (...words: readonly string[]): Promise<void> => {
    const before = [await property('MainPID'), rows().length];
    expect((await run(...words)).status).not.toBe(0);
    expect([await property('MainPID'), rows().length]).toEqual(before);
    expect(isLit()).toBe(true);
  };

  test('an upgrade that was cut on its way here, or in its middle, leaves the app running', async () => {
    writeFileSync(inRoot('opt/newer/cut.deb'), readFileSync(inRoot('opt/newer/agent.deb')).subarray(0, 200_000));
    await failsAlone('dpkg', '-i', '/opt/newer/cut.deb');
    expect(await ok('pier-agent', 'status')).toContain(`version   ${ours}\n`);
    // The first program that sets it up ends dpkg, as a power cut would.
    const cutter = inRoot('usr/local/sbin/usermod');
    writeFileSync(cutter, '#!/bin/sh\nkill -KILL "$(cut -d" " -f4 "/proc/$PPID/stat")" "$PPID"\n', { mode: 0o755 });
    await failsAlone('dpkg', '-i', '/opt/newer/agent.deb');
    rmSync(cutter);
    expect(await ok('dpkg-query', '-W', '-f', '${db:Status-Status}', 'pier-agent')).toBe('half-configured');
  });

  test.each([
    ['a newer agent', 'dpkg -i /opt/newer/agent.deb', () => newest],
    ['another Node alone', 'dpkg -i /opt/pier/pier-runtime_*.deb', () => newest],
    ['an older agent', 'dpkg -i /opt/pier/pier-agent_*.deb', () => ours],
    ['one that was removed and is back', 'dpkg --remove pier-agent && dpkg -i /opt/newer/agent.deb', () => newest],
  ])('%s takes over without a word of anybody: outputs are safe in between, the device is who it was, its app goes on', async (_, act, version) => {
    const identity = (): string => readFileSync(inRoot('var/lib/pier-agent/identity/key.pem'), 'utf8');
    const [from, pid, key] = [rows().length, await property('MainPID'), identity()];
    await ok('sh', '-c', act);
    await until('the LED off and on again', () => rows().slice(from).some(({ level }) => level === 0) && isLit());
    expect(await property('MainPID')).not.toBe(pid);
    expect(identity()).toBe(key);
    await expect.poll(() => world.look(device), { timeout: 60_000 }).toMatchObject({ agent: version(), online: true, standing: 'in_step', apps: [{ app: 'blink', version: '1.0.0' }] });
    expect((await world.api.call('listDevices', { query: {} })).items).toHaveLength(1);
    expect(await ok('pier-agent', 'status')).toContain(`version   ${version()}\n`);
    expect(readFileSync(inRoot('etc/pier/agent.conf'), 'utf8')).toMatch(/^PIER_BOARD=sim:\/srv\/board$/m);
  });

  test('an agent that is too old for what a newer one has written says so, and does not touch it', async () => {
    const lift = (by: number): number => {
      using file = new DatabaseSync(inRoot('var/lib/pier-agent/state.db'));
      const seen = Number(file.prepare('pragma user_version').get()?.['user_version']);
      file.exec(`pragma user_version = ${seen + by}`);
      return seen;
    };
    await ok('systemctl', 'stop', 'pier-agent.service');
    expect(isLit()).toBe(false);
    const written = lift(1) + 1;
    await ok('systemctl', 'start', 'pier-agent.service');
    await until('its refusal', async () => (await ok('journalctl', '--unit', 'pier-agent.service', '--output', 'cat')).includes('pier agent: schema-newer: '));
    expect(isLit()).toBe(false);
    await ok('systemctl', 'stop', 'pier-agent.service');
    expect(lift(-1)).toBe(written);
    await ok('systemctl', 'start', 'pier-agent.service');
    await until('the LED on', isLit);
  });

  test('purged it goes without a trace, with its outputs safe', async () => {
    await ok('sh', '/opt/pier/install.sh', '--remove', '--purge');
    expect(rows().at(-1)).toMatchObject({ level: 0 });
    expect((await run('systemctl', 'cat', 'pier-agent.service')).status).not.toBe(0);
    for (const path of ['var/lib/pier-agent', 'etc/pier', 'usr/bin/pier-agent', 'usr/lib/pier', 'usr/share/pier-agent']) expect(existsSync(inRoot(path))).toBe(false);
    expect((await run('getent', 'passwd', 'pier-agent')).status).toBe(2);
  });
});
