import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pier-command-'));
  mkdirSync(join(dir, 'state', 'identity'), { recursive: true });
  const installed = readFileSync(fileURLToPath(new URL('files/pier-agent.sh', import.meta.url)), 'utf8');
  writeFileSync(join(dir, 'pier-agent'), installed.replace('state=/var/lib/pier-agent', `state=${dir}/state`).replace('managed=/etc/pier/manager.conf', `managed=${dir}/manager.conf`));
  writeFileSync(join(dir, 'manager.conf'), 'PIER_MANAGER=https://manager.example\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const command = (...words: string[]) => spawnSync('sh', [join(dir, 'pier-agent'), ...words], { env: { PATH: process.env['PATH'] ?? '' } });
const know = (text: string): void => writeFileSync(join(dir, 'state', 'identity', 'enrolment.json'), Buffer.from(text, 'latin1'));

test('status names the device', () => {
  know('{"device":"porch-abc234","generation":1}');
  expect(command('status').stdout.toString()).toContain('device    porch-abc234\n');
});

test.each(['{"device":"\u001b[2Jgone"}', '\u00ff\u001b[2J"device":"porch"}', '\u00ff\u001b[2J{"device":"porch"}\u00ff\u001b[2J', `{"device":"${'a'.repeat(100)}"}`])('what somebody who took over the agent wrote for root to read moves no cursor: %j', (text) => {
  know(text);
  expect(command('status').stdout.toString('latin1')).not.toMatch(/[^\n -~]|a{64}/);
});

test('root runs neither the agent nor its hook in the agent\'s own folder', (context) => {
  if (process.getuid?.() !== 0) context.skip('only root is refused, and this is somebody else');
  for (const verb of ['start', 'safe']) {
    const ran = command(verb);
    expect([verb, ran.status, ran.stderr.toString()]).toEqual([verb, 1, expect.stringContaining('does not run as root')]);
  }
});
