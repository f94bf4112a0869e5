import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let dir: string;
/** A machine without compilers, whose apt notes what it is asked for and fails. */
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pier-tools-'));
  for (const [name, at] of [['env', '/usr/bin/env'], ['sh', '/bin/sh']] as const) symlinkSync(at, join(dir, name));
  writeFileSync(join(dir, 'apt-get'), `#!/bin/sh\necho "$*" >>${dir}/asked\necho "E: no such thing as this"\nexit 100\n`, { mode: 0o755 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const build = (script: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  spawnSync(process.execPath, [join(root, 'deploy/src', script), '--out', join(dir, 'out'), ...words], { env: { PATH: dir, ...env }, encoding: 'utf8' });
const wish = 'install -y --no-install-recommends g++-aarch64-linux-gnu g++-x86-64-linux-gnu';

test.each([['build-agent.ts', 'build:agent'], ['build-packages.ts', 'build:packages']])('%s without compilers installs nothing unasked, and says under its own name what to do', (script, name) => {
  const { status, stderr } = build(script, []);
  expect(status).not.toBe(0);
  expect(stderr.trim().split('\n').at(-1)).toMatch(new RegExp(`^${name}: platform-unsupported: .*apt-get ${wish.replaceAll('+', String.raw`\+`)}"`));
  expect(existsSync(join(dir, 'asked'))).toBe(false);
});

test.for([['by its option', ['--install-tools'], {}], ['in CI', [], { CI: 'true' }]] as const)('asked to install them %s, it tells what apt said last when that fails', ([, words, env], context) => {
  if (process.getuid?.() !== 0) context.skip('only root can install, and this is somebody else');
  rmSync(join(dir, 'asked'), { force: true });
  const { status, stderr } = build('build-packages.ts', words, env);
  expect(status).not.toBe(0);
  expect(stderr).toContain('build:packages: installing the Debian packages g++-aarch64-linux-gnu g++-x86-64-linux-gnu\n');
  expect(stderr).toContain('E: no such thing as this');
  expect(readFileSync(join(dir, 'asked'), 'utf8')).toContain(wish);
});
