import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pier-command-'));
  mkdirSync(join(dir, 'state', 'identity'), { recursive: true });
  const installed = readFileSync(fileURLToPath(new URL('files/pier-agent.sh', import.meta.url)), 'utf8');
  writeFileSync(join(dir, 'pier-agent'), installed.replace('state=/var/lib/pier-agent', `state=${dir}/state`).replace('managed=/etc/pier/manager.conf', `managed=${dir}/manager.conf`).replace('settings=/etc/pier/agent.conf', `settings=${dir}/agent.conf`).replace('here=/usr/lib/pier/agent/pier-agent', `here=${dir}/agent`));
  writeFileSync(join(dir, 'agent'), '#!/bin/sh\nenv\n', { mode: 0o755 });
  writeFileSync(join(dir, 'manager.conf'), 'PIER_MANAGER=https://manager.example\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const commandWith = (env: Readonly<Record<string, string>>, ...words: string[]) => spawnSync('sh', [join(dir, 'pier-agent'), ...words], { env: { PATH: process.env['PATH'] ?? '', ...env } });
const command = (...words: string[]) => commandWith({}, ...words);
const know = (text: string): void => writeFileSync(join(dir, 'state', 'identity', 'enrolment.json'), Buffer.from(text, 'latin1'));

test('status names the device, and each thing on a line of its own', () => {
  know('{"device":"porch-abc234","generation":1}');
  const { status, stdout } = command('status');
  expect(status).toBe(0);
  expect(stdout.toString()).toMatch(/^version   \S+\nmanager   https:\/\/manager\.example\ndevice    porch-abc234\n(?:service .*\n)?$/);
});

test('a device that is not enrolled is told from one that is by the exit status', () => {
  rmSync(join(dir, 'state', 'identity', 'enrolment.json'), { force: true });
  expect(command('status')).toMatchObject({ status: 4 });
});

test('started by hand it reads the settings that the service has, evaluates none, and keeps what the caller set', () => {
  const made = join(dir, 'made');
  writeFileSync(join(dir, 'agent.conf'), ['# PIER_NAME=no', '', 'PIER_BOARD=sim:/srv/board', 'PIER_LOG=warn', '  PIER_NAME="the porch $(touch '.concat(made, ')"'), 'PATH=/evil', 'PIER_X;touch=y', 'PIER_MIRROR=http://early', 'PIER_MIRROR=http://late'].join('\n'));
  const lines = commandWith({ PIER_DATA: join(dir, 'own'), PIER_LOG: 'debug' }, 'start').stdout.toString().split('\n');
  expect(lines).toEqual(expect.arrayContaining(['PIER_MANAGER=https://manager.example', 'PIER_BOARD=sim:/srv/board', 'PIER_LOG=debug', `PIER_NAME=the porch $(touch ${made})`, 'PIER_MIRROR=http://late']));
  expect(lines.filter((line) => /^PATH=\/evil|touch=y|sim:\/srv\/board./.test(line))).toEqual([]);
  expect(existsSync(made)).toBe(false);
});

test.each(['{"device":"\u001b[2Jgone"}', '\u00ff\u001b[2J"device":"porch"}', '\u00ff\u001b[2J{"device":"porch"}\u00ff\u001b[2J', `{"device":"${'a'.repeat(100)}"}`])('what somebody who took over the agent wrote for root to read moves no cursor: %j', (text) => {
  know(text);
  expect(command('status').stdout.toString('latin1')).not.toMatch(/[^\n -~]|a{64}/);
});

test('what has no end, or never comes, holds nobody up who asks for the status', () => {
  const known = join(dir, 'state', 'identity', 'enrolment.json');
  for (const lay of [() => symlinkSync('/dev/zero', known), () => spawnSync('mkfifo', [known])]) {
    rmSync(known, { force: true });
    lay();
    expect(command('status').stdout.toString()).toMatch(/^device    $/m);
  }
  rmSync(known);
});

test('root runs neither the agent nor its hook in the agent\'s own folder', (context) => {
  if (process.getuid?.() !== 0) context.skip('only root is refused, and this is somebody else');
  for (const verb of ['start', 'safe']) {
    const ran = command(verb);
    expect([verb, ran.status, ran.stderr.toString()]).toEqual([verb, 1, expect.stringContaining('does not run as root')]);
  }
});
