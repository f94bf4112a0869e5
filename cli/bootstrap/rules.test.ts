import { describe, expect, test } from 'vitest';
import { load } from './toy-checkout.ts';

type Machine = { platform: string; arch: string; glibc?: string; node: string };
const { checkMachine } = await load<{ checkMachine: (machine: Machine) => void }>('platform.mjs');
const { nodeFits } = await load<{ nodeFits: (node: { platform: string; version: string }) => boolean }>('node.mjs');
const { explainFailure } = await load<{ explainFailure: (what: string, output: string) => string }>('npm-failure.mjs');
const { npmAncestors } = await load<{ npmAncestors: (env: NodeJS.ProcessEnv) => readonly unknown[] }>('ancestors.mjs');

describe('the machine', () => {
  const pi: Machine = { platform: 'linux', arch: 'arm64', glibc: '2.36', node: '18.20.4' };
  test('is accepted where Pier runs', () => {
    for (const good of [pi, { ...pi, arch: 'x64', glibc: '2.28' }, { ...pi, glibc: '3.0' }, { platform: 'darwin', arch: 'arm64', node: '24.0.0' }]) {
      expect(() => checkMachine(good)).not.toThrow();
    }
  });
  test.each([
    [{ ...pi, arch: 'arm' }, 'this machine is Linux on arm; supported is Linux on x64 or arm64'],
    [{ platform: 'linux', arch: 'x64', node: '22.1.0' }, 'Linux on x64 without glibc (musl?)'],
    [{ ...pi, glibc: '2.27' }, 'Linux on arm64 with glibc 2.27'],
    [{ platform: 'win32', arch: 'x64', node: '24.1.0' }, 'win32 on x64'],
    [{ platform: 'darwin', arch: 'arm64', node: '22.1.0' }, 'macOS with Node 22.1.0'],
  ])('%o is refused by name', (machine, said) => {
    expect(() => checkMachine(machine)).toThrow(said);
  });
});

test.each([
  ['linux', '24.12.0', true], ['linux', '24.21.0', true], ['linux', '24.11.9', false], ['linux', '22.18.0', false], ['linux', '26.1.0', false],
  ['darwin', '24.0.0', true], ['darwin', '26.0.0', true], ['darwin', '23.9.0', false],
])('on %s Node %s runs Pier as it is: %s', (platform, version, fits) => {
  expect(nodeFits({ platform, version })).toBe(fits);
});

describe('a failed npm', () => {
  test.each([
    ['npm error code ENOTFOUND\nnpm error network request to https://r.example/x failed', 'no network, or no name service'],
    ['npm error code EAI_AGAIN', 'no network, or no name service'],
    ['npm error code ECONNREFUSED', 'refuses connections'],
    ['npm error code ETIMEDOUT', 'does not answer in time'],
    ['npm error code ENOSPC\nnpm error nospc There appears to be insufficient space', 'The disk is full'],
    ['tar: bin/node: Wrote only 512 of 10240 bytes\ntar: write error: No space left on device', 'The disk is full'],
    ['npm error code EINTEGRITY\nnpm error sha512-a integrity checksum failed', 'not what the lockfile names'],
    ['npm error code EACCES\nnpm error syscall mkdir', 'may not be written by this user'],
    ['npm error code SELF_SIGNED_CERT_IN_CHAIN', 'certificate is not trusted'],
    ['npm error code E404', 'does not have this package'],
  ])('that prints %j is explained', (output, cause) => {
    expect(explainFailure('installing packages', output)).toContain(`installing packages failed. `);
    expect(explainFailure('installing packages', output)).toContain(cause);
  });
  test('of an unknown kind shows its last lines, without warnings and help text', () => {
    const output = ['npm warn old lockfile', ...Array.from({ length: 40 }, (_, n) => `npm error line ${n}`), 'npm error Clean install a project', 'npm error Options:'].join('\n');
    const said = explainFailure('installing packages', output);
    expect(said).toContain('| npm error line 39');
    expect(said).not.toMatch(/old lockfile|Options|line 20\b/);
    expect(said.split('\n').length).toBeLessThan(16);
  });
});

test('outside an npm script no ancestor is watched, so a command may outlive its shell', () => {
  expect(npmAncestors({})).toEqual([]);
});
