import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { run } from '../support/pier.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const provided = inject('provided');
const why = 'why' in provided ? provided.why : undefined;
const packages = 'packages' in provided ? provided.packages : '';
const dir = mkdtempSync(join(tmpdir(), 'pier-built-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const said = (program: string, ...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(program, [...args], { encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
};
const sumsOf = (folder: string): string[] => readdirSync(folder).sort().map((name) => `${name} ${createHash('sha256').update(readFileSync(join(folder, name))).digest('hex')}`);

test.skipIf(why !== undefined)('built again, under another umask and in another zone, each package is the same byte for byte', async () => {
  const again = join(dir, 'again');
  mkdirSync(again);
  const ran = await run('sh', ['-c', 'umask 077; exec "$@"', 'sh', process.execPath, join(root, 'deploy/src/build-packages.ts'), '--out', again], { env: { PATH: process.env['PATH'], TZ: 'Asia/Tokyo', HOME: dir }, timeoutMs: 600_000 });
  expect(ran).toMatchObject({ status: 0 });
  expect(ran.stdout.trim().split('\n').sort()).toEqual(readdirSync(again).sort().map((name) => join(again, name)));
  expect(sumsOf(again)).toEqual(sumsOf(packages));
  expect(readdirSync(again).sort().map((name) => name.replace(/_[\d.]+_/, '_'))).toEqual(['install.sh', 'pier-agent_amd64.deb', 'pier-agent_arm64.deb', 'pier-runtime_amd64.deb', 'pier-runtime_arm64.deb']);
  for (const name of readdirSync(packages).filter((file) => file.endsWith('.deb')).sort()) process.stdout.write(`package: ${name} ${(statSync(join(packages, name)).size / 2 ** 20).toFixed(2)} MiB\n`);
}, 600_000);

describe.skipIf(why !== undefined)('the agent package', () => {
  const trees = { amd64: join(dir, 'amd64'), arm64: join(dir, 'arm64') };
  const deb = (name: string, arch: string): string => join(packages, readdirSync(packages).find((file) => file.startsWith(`${name}_`) && file.endsWith(`_${arch}.deb`)) ?? '');
  beforeAll(() => {
    for (const [arch, tree] of Object.entries(trees)) said('dpkg-deb', '-R', deb('pier-agent', arch), tree);
  });

  test('has the native parts of its own architecture alone, and lists what it has', () => {
    for (const [arch, tree] of Object.entries(trees)) {
      const agent = join(tree, 'usr/lib/pier/agent');
      expect(readdirSync(join(agent, 'native'))).toEqual([arch === 'amd64' ? 'linux-x64' : 'linux-arm64']);
      const { files } = JSON.parse(readFileSync(join(agent, 'bundle.json'), 'utf8')) as { files: Record<string, string> };
      for (const [path, sha256] of Object.entries(files)) expect(createHash('sha256').update(readFileSync(join(agent, path))).digest('hex')).toBe(sha256);
      expect(Object.keys(files).length + 1).toBe(readdirSync(agent, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length);
    }
  });

  test('needs no newer libc than it says', () => {
    for (const tree of Object.values(trees)) {
      const stated = /libc6 \(>= ([\d.]+)\)/.exec(readFileSync(join(tree, 'DEBIAN/control'), 'utf8'))?.[1] ?? '';
      const natives = readdirSync(join(tree, 'usr/lib/pier/agent/native'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.node'));
      const needed = natives.flatMap((path) => [...said('objdump', '-p', join(tree, 'usr/lib/pier/agent/native', path)).matchAll(/GLIBC_([\d.]+)/g)].map(([, version = '']) => version));
      expect(needed.length).toBeGreaterThan(0);
      for (const version of new Set(needed)) said('dpkg', '--compare-versions', version, 'le', stated);
    }
  });

  test('its scripts and the installer are ones that shellcheck has nothing to say about', () => {
    const scripts = ['DEBIAN/postinst', 'DEBIAN/prerm', 'DEBIAN/postrm', 'usr/bin/pier-agent', 'usr/lib/pier/agent/pier-agent'].map((path) => join(trees.amd64, path));
    expect(said('shellcheck', '--shell=sh', ...scripts, join(root, 'deploy/install.sh'))).toBe('');
  });

  test('its unit is understood by systemd, and leaves the agent little to do harm with', () => {
    const unit = join(trees.amd64, 'usr/lib/systemd/system/pier-agent.service');
    const { stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
    // Back-off came with systemd 254; the program is not on this machine.
    expect(stderr.split('\n').filter((line) => line !== '' && !/Unknown key '?(?:name )?'?Restart(?:Steps|MaxDelaySec)|\/usr\/bin\/pier-agent is not executable/.test(line))).toEqual([]);
    const exposure = Number(/exposure level for [^:]+: ([\d.]+)/.exec(said('systemd-analyze', 'security', '--offline=true', '--no-pager', unit))?.[1]);
    process.stdout.write(`package: exposure of the unit ${exposure} of 10 (systemd-analyze security)\n`);
    expect(exposure).toBeLessThanOrEqual(2.5);
  });
});
