import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Makes of an agent's package what it would be had the agent this version: its control file says so, its code, and its settings are other ones. */
export function newerPackage(from: string, { to, version }: { readonly to: string; readonly version: string }): void {
  const dir = mkdtempSync(join(tmpdir(), 'pier-newer-'));
  using _ = { [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
  const tree = join(dir, 'tree');
  const change = (path: string, old: RegExp, by: string): void => {
    const text = readFileSync(join(tree, path), 'utf8');
    expect(text).toMatch(old);
    writeFileSync(join(tree, path), text.replace(old, by));
  };
  const dpkgDeb = (...words: readonly string[]): void => expect(spawnSync('dpkg-deb', words, { encoding: 'utf8' })).toMatchObject({ status: 0 });
  dpkgDeb('-R', from, tree);
  change('DEBIAN/control', /^Version: .*$/m, `Version: ${version}`);
  const own = /(?<=name:"@pier\/agent",version:")[^"]+/;
  const holders = readdirSync(join(tree, 'usr/lib/pier/agent')).filter((name) => name.endsWith('.mjs') && own.test(readFileSync(join(tree, 'usr/lib/pier/agent', name), 'utf8')));
  expect(holders).toHaveLength(1);
  change(`usr/lib/pier/agent/${holders.join('')}`, own, version);
  change('usr/share/pier-agent/agent.conf', /^/, '# Other words.\n');
  dpkgDeb('--root-owner-group', '-Zgzip', '--build', tree, to);
}
