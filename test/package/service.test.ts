import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { systemClock } from '@pier/shared/core';
import { bootRoot, openRoot } from '../support/debian-root.ts';
import { trappingGuest } from '../support/guests.ts';
import { readRecord } from '../support/record.ts';
import { deploymentIn, led, openWorld, until } from '../support/world.ts';

const provided = inject('provided');

test.skipIf('why' in provided)('on a system that is running, the installer brings a service that enrols, survives kill -9 with its outputs safe, and goes without a trace', async (context) => {
  if ('why' in provided) return;
  await using world = await openWorld();
  using root = await openRoot({ tar: provided.debian, board: world.board.dir });
  mkdirSync(join(root.dir, 'opt', 'pier'));
  for (const name of readdirSync(provided.packages).filter((file) => /_amd64\.deb$|^install\.sh$/.test(file))) copyFileSync(join(provided.packages, name), join(root.dir, 'opt/pier', name));
  writeFileSync(join(root.dir, 'opt/pier/token'), await world.token(), { mode: 0o600 });
  // The board is this machine's; for everybody, since the user of the agent is not there yet.
  for (const path of ['', ...readdirSync(world.board.dir, { recursive: true, encoding: 'utf8' })]) chmodSync(join(world.board.dir, path), 0o777);
  const booted = await bootRoot({ dir: root.dir, board: world.board.dir, signal: context.signal });
  if (typeof booted === 'string') {
    process.stderr.write(`skipped: no system can be booted in a container here: ${booted}\n`);
    context.skip('no system can be booted in a container here');
    return;
  }
  await using system = booted;
  const ok = async (...words: readonly string[]): Promise<string> => {
    const ran = await system.run(...words);
    expect({ words, status: ran.status, stderr: ran.status === 0 ? '' : ran.stderr }).toEqual({ words, status: 0, stderr: '' });
    return ran.stdout.trim();
  };
  const rows = () => readRecord(world.board.record).filter((row) => row.name === 'GPIO17');
  const property = (name: string): Promise<string> => ok('systemctl', 'show', '--value', `--property=${name}`, 'pier-agent.service');

  const refused = await system.run('sh', '/opt/pier/install.sh', '--packages', '/opt/pier', '--manager', world.manager.device, '--token', 'pier1.none', '--board', 'sim:/srv/board');
  expect(refused).toMatchObject({ status: 3, stderr: expect.stringMatching(/not enrolled: token-invalid: the claim token is damaged/) });
  expect(await property('ActiveState')).toMatch(/inactive|failed/);
  expect(readdirSync(join(root.dir, 'etc/pier')).sort()).toEqual(['.made-group-gpio', 'agent.conf']);

  const startMs = systemClock.monotonicMs();
  const installed = await system.run('sh', '/opt/pier/install.sh', '--manager', world.manager.device, '--token-file', '/opt/pier/token', '--board', 'sim:/srv/board', '--name', 'pier-1');
  const { stdout: journal } = await system.run('journalctl', '--no-pager', '-u', 'pier-agent', '-n', '30');
  expect({ ...installed, journal: installed.status === 0 ? '' : journal }).toMatchObject({ status: 0, stdout: expect.stringMatching(/pier-agent: enrolled$/m) });
  process.stdout.write(`package: install.sh: installed and enrolled in ${Math.round(systemClock.monotonicMs() - startMs)} ms\n`);
  expect(existsSync(join(root.dir, 'var/lib/pier-agent/token'))).toBe(false);
  const { items: [device] } = await world.api.call('listDevices', { query: {} });
  if (!device) throw new Error('the manager knows no device');
  expect(device).toMatchObject({ name: 'pier-1' });
  expect(await ok('pier-agent', 'status')).toMatch(/service +active/);
  const twice = await system.run('sh', '/opt/pier/install.sh', '--manager', world.manager.device, '--token', 'pier1.none');
  expect(twice).toMatchObject({ status: 5, stdout: '', stderr: expect.stringMatching(/enrolled already/) });

  // What the unit takes from the agent, as the kernel sees it.
  const status = await ok('cat', `/proc/${await property('MainPID')}/status`);
  expect(status).toMatch(/^CapBnd:\t0+$/m);
  expect(status).toMatch(/^CapEff:\t0+$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  expect(status).toMatch(/^Seccomp:\t2$/m);

  await world.bind(device.id, 'blink', { led });
  const rollout = await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...(await trappingGuest(600_000)) }), device.id);
  expect(await deploymentIn(world, { device: device.id, rollout, states: ['proven', 'failed', 'refused', 'timed_out'] })).toMatchObject({ state: 'proven' });
  await until('the LED on', () => rows().at(-1)?.level === 1);
  const killedNs = systemClock.monotonicNs();
  await ok('systemctl', 'kill', '--kill-who=main', '--signal=KILL', 'pier-agent.service');
  const dark = await until('the LED off by the stop hook', () => rows().find((row) => BigInt(row.tNs) > killedNs && row.level === 0 && row.by === 'agent' && row.consumer === 'blink (safe)'));
  process.stdout.write(`package: safe ${Math.round(Number(BigInt(dark.tNs) - killedNs) / 1e6)} ms after kill -9\n`);
  await until('the LED on again, by the service started anew', () => rows().at(-1)?.level === 1);
  expect(await property('NRestarts')).toBe('1');

  await ok('sh', '/opt/pier/install.sh', '--remove', '--purge');
  expect(rows().at(-1)).toMatchObject({ level: 0 });
  expect((await system.run('systemctl', 'cat', 'pier-agent.service')).status).not.toBe(0);
  for (const path of ['var/lib/pier-agent', 'etc/pier', 'usr/bin/pier-agent', 'usr/lib/pier']) expect(existsSync(join(root.dir, path))).toBe(false);
  expect((await system.run('getent', 'passwd', 'pier-agent')).status).toBe(2);
});
