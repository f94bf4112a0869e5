import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { debianTool } from '../../../test/support/debian.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const dir = realpathSync(mkdtempSync(join(tmpdir(), 'pier-bundle-')));
const first = join(dir, 'first');
const hasCompilers = debianTool('x86_64-linux-gnu-g++') && debianTool('aarch64-linux-gnu-g++');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type How = { readonly root: string; readonly out: string; readonly umask: string; readonly env: NodeJS.ProcessEnv; readonly uid?: number };

/** Builds as a person would; gives what it printed last. */
function build({ root: from, out, umask, env, uid }: How): string {
  const script = 'umask "$1"; shift; exec "$@"';
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', umask, process.execPath, join(from, 'deploy/src/build-agent.ts'), '--out', out, '--tar', `${out}.tar`], {
    env: { PATH: process.env['PATH'], SOURCE_DATE_EPOCH: '1700000000', ...env },
    cwd: from,
    encoding: 'utf8',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split('\n').at(-1) ?? '';
}

function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const stat = statSync(join(folder, path));
      return `${path} ${stat.mode.toString(8)} ${stat.mtimeMs} ${stat.isFile() ? sha256Of(join(folder, path)) : ''}`;
    });
}

const sha256Of = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

const Sbom = z.object({ specVersion: z.string(), components: z.array(z.object({ 'bom-ref': z.string(), 'purl': z.string(), 'hashes': z.array(z.object({ content: z.string() })), 'licenses': z.array(z.unknown()), 'components': z.array(z.object({ name: z.string() })).optional() })) });
const json = (name: string): unknown => JSON.parse(readFileSync(join(first, name), 'utf8'));
const filesIn = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(folder, path)).isFile());

/** Compiles the native parts, if no build before has kept them. */
beforeAll(() => {
  if (!hasCompilers) return;
  expect(build({ root, out: first, umask: '022', env: {} })).toBe(first);
}, 120_000);

/** A checkout of what the build needs, elsewhere. */
function copyCheckout(to: string): void {
  const packages = Sbom.parse(json('sbom.cdx.json')).components.map((one) => one['bom-ref']);
  const esbuild = ['node_modules/esbuild', `node_modules/@esbuild/linux-${process.arch}`];
  for (const path of ['agent', 'shared', 'deploy', 'LICENSE', 'package.json', 'package-lock.json', '.pier/cache/packages', ...packages, ...esbuild]) {
    if (existsSync(join(root, path))) cpSync(join(root, path), join(to, path), { recursive: true });
  }
  mkdirSync(join(to, 'node_modules', '@pier'));
  symlinkSync('../../shared', join(to, 'node_modules', '@pier', 'shared'));
}

test.skipIf(!hasCompilers)('built elsewhere, at another time, by another user and under another umask it is the same, byte for byte', () => {
  const other = join(dir, 'another', 'place');
  mkdirSync(other, { recursive: true });
  copyCheckout(other);
  const out = join(dir, 'out', 'first');
  mkdirSync(dirname(out));
  chmodSync(dir, 0o755);
  const isRoot = process.getuid?.() === 0;
  mkdirSync(join(other, '.pier', 'cache'), { recursive: true });
  if (isRoot) for (const written of [dirname(out), join(other, '.pier', 'cache')]) chownSync(written, 65_534, 65_534);
  build({ root: other, out, umask: '077', env: { TZ: 'Asia/Tokyo', HOME: dirname(out), LC_ALL: 'C' }, ...(isRoot ? { uid: 65_534 } : {}) });
  expect(treeOf(out)).toEqual(treeOf(first));
  expect(sha256Of(`${out}.tar`)).toBe(sha256Of(`${first}.tar`));
  for (const place of [root, other, dir]) {
    const named = filesIn(out).filter((path) => readFileSync(join(out, path)).includes(place.replace(/\/$/, '')));
    expect(named).toEqual([]);
  }
}, 120_000);

describe.skipIf(!hasCompilers)('the bundle', () => {
  test('is small, and holds the native parts of both architectures', () => {
    const files = filesIn(first);
    expect(files.reduce((sum, path) => sum + statSync(join(first, path)).size, 0)).toBeLessThanOrEqual(10 * 2 ** 20);
    expect(files).toEqual(expect.arrayContaining(['agent.mjs', 'guest.mjs', 'pier-agent', 'LICENSES.txt', 'sbom.cdx.json', 'bundle.json']));
    const machineOf = (path: string): number => readFileSync(join(first, path)).readUInt16LE(18);
    // Values of e_machine: elf(5).
    for (const part of ['koffi', 'serialport', 'epoll']) {
      expect(machineOf(`native/linux-arm64/${part}.node`)).toBe(183);
      expect(machineOf(`native/linux-x64/${part}.node`)).toBe(62);
    }
  });

  test('lists every file with its hash', () => {
    const { files } = z.object({ files: z.record(z.string(), z.string()) }).parse(json('bundle.json'));
    expect(Object.keys(files).sort()).toEqual(filesIn(first).filter((path) => path !== 'bundle.json').sort());
    for (const [path, sha256] of Object.entries(files)) expect(sha256Of(join(first, path))).toBe(sha256);
  });

  test('says which packages it is made of, as the lockfile pins them, and under which licences', () => {
    const { specVersion, components } = Sbom.parse(json('sbom.cdx.json'));
    expect(specVersion).toBe('1.6');
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { version: string; integrity: string }> };
    for (const one of components) {
      const pin = lock.packages[one['bom-ref']];
      expect(one.purl).toMatch(new RegExp(`^pkg:npm/.*@${pin?.version.replaceAll('.', String.raw`\.`)}$`));
      expect(one.hashes[0]?.content).toBe(Buffer.from(pin?.integrity.slice('sha512-'.length) ?? '', 'base64').toString('hex'));
      expect(one.licenses).toHaveLength(1);
    }
    const names = components.map((one) => one['bom-ref']);
    expect(names).toEqual(expect.arrayContaining(['node_modules/mqtt', 'node_modules/zod', 'node_modules/serialport', 'node_modules/@wasmer/wasi', 'node_modules/@koromix/koffi-linux-arm64', 'node_modules/koffi', 'node_modules/epoll', 'node_modules/nan']));
    // What a stand-in replaces is not there.
    expect(names).not.toEqual(expect.arrayContaining(['node_modules/readable-stream']));
    expect(components.flatMap((one) => one.components ?? []).map(({ name }) => name)).toEqual(expect.arrayContaining(['native/linux-arm64/koffi.node', 'native/linux-x64/serialport.node']));
    const licences = readFileSync(join(first, 'LICENSES.txt'), 'utf8');
    expect(licences).toMatch(/^mqtt 5\.\d+\.\d+ \(MIT\)$/m);
    expect(licences).toContain('Apache License');
  });

  test('loads each native part of this machine', () => {
    for (const path of filesIn(join(first, 'native', `linux-${process.arch}`))) {
      const { status, stderr } = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', join(first, 'native', `linux-${process.arch}`, path)], { encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    }
  });
});

test('a time stamp that is none is refused', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'deploy/src/build-agent.ts')], { env: { SOURCE_DATE_EPOCH: 'yesterday' }, encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain('SOURCE_DATE_EPOCH is a number of seconds, got "yesterday"');
});
