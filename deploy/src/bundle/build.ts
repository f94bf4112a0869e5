import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault } from '@pier/shared/core';
import { bundleCode } from './code.ts';
import type { Provision } from './compiler.ts';
import { licensesOf } from './licenses.ts';
import { nativeParts } from './native.ts';
import { ownManifest, placesIn, readPins } from './packages.ts';
import { sbomOf } from './sbom.ts';

/** `out` is the folder, or makes it of the bundle's name; what is there is replaced. */
type BuildRequest = Provision & { readonly root: string; readonly out: string | ((name: string) => string); readonly mtimeS: number };
export type Bundle = { readonly dir: string; readonly version: string; readonly files: readonly { readonly path: string; readonly bytes: number }[]; readonly sizeBytes: number };

const launcher = 'pier-agent';
const launcherSource = fileURLToPath(new URL('pier-agent.sh', import.meta.url));

/**
 * Makes the device bundle from the checkout at `root`: all that an agent needs besides Node, for every architecture. The same
 * sources give the same bytes, wherever, whenever and by whomever it is built. Faults: `input-invalid`, `unreachable`,
 * `platform-unsupported` without the compilers.
 */
export async function buildBundle({ root, out, mtimeS, ...provision }: BuildRequest, signal: AbortSignal): Promise<Bundle> {
  const own = ownManifest(root, 'agent');
  const name = `${launcher}-${own.version}`;
  const dir = typeof out === 'string' ? out : out(name);
  mkdirSync(dirname(dir), { recursive: true });
  const work = mkdtempSync(join(dirname(dir), `.${basename(dir)}-`));
  try {
    await fill({ root, out: work, own, ...provision }, signal);
    settle(work, mtimeS);
    rmSync(dir, { recursive: true, force: true });
    renameSync(work, dir);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const files = filesOf(dir).map((path) => ({ path, bytes: readFileSync(join(dir, path)).byteLength }));
  return { dir, version: own.version, files, sizeBytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

type Filling = Provision & { readonly root: string; readonly out: string; readonly own: { readonly version: string; readonly license: string } };

async function fill({ root, out, own: { version, license }, ...provision }: Filling, signal: AbortSignal): Promise<void> {
  const pins = readPins(root);
  const metafile = await bundleCode({ root, out });
  const natives = await nativeParts({ root, out, pins, ...provision }, signal);
  copyFileSync(launcherSource, join(out, launcher));
  const places = new Set([...placesIn(metafile), ...natives.flatMap(({ from, within = [] }) => [from, ...within]).map(({ place }) => place)]);
  const packages = [...places].sort().map((place) => pins.pinned(place));
  const sbom = sbomOf({ version, license, packages, natives: natives.map((part) => ({ ...part, sha256: sha256Of(join(out, part.path)) })) });
  writeFileSync(join(out, 'sbom.cdx.json'), `${JSON.stringify(sbom, null, 1)}\n`);
  writeFileSync(join(out, 'LICENSES.txt'), licensesOf({ root, version, license, packages }));
  const files = Object.fromEntries(filesOf(out).map((path) => [path, sha256Of(join(out, path))]));
  writeFileSync(join(out, 'bundle.json'), `${JSON.stringify({ name: launcher, version, node: '>=24', files }, null, 1)}\n`);
}

const sha256Of = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Every file below a folder, sorted, by its path from there. */
function filesOf(dir: string, below = ''): string[] {
  const entries = readdirSync(join(dir, below), { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? filesOf(dir, join(below, entry.name)) : [join(below, entry.name)])).sort();
}

/** Rights and times that owe nothing to whoever builds. */
function settle(dir: string, mtimeS: number): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) settle(path, mtimeS);
    else {
      chmodSync(path, entry.name === launcher ? 0o755 : 0o644);
      utimesSync(path, mtimeS, mtimeS);
    }
  }
  chmodSync(dir, 0o755);
  utimesSync(dir, mtimeS, mtimeS);
}

/** Packs the folder as a tar (POSIX ustar) that depends on nothing but what is in it. */
export async function tarOf({ dir, file, mtimeS }: { readonly dir: string; readonly file: string; readonly mtimeS: number }, signal: AbortSignal): Promise<void> {
  const args = ['--create', '--file', file, '--format=ustar', '--sort=name', `--mtime=@${mtimeS}`, '--owner=0', '--group=0', '--numeric-owner', '-C', dirname(dir), basename(dir)];
  const child = spawn('tar', args, { stdio: ['ignore', 'ignore', 'inherit'], signal });
  const status = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (status !== 0) throw new Fault('storage-failed', `tar could not pack ${dir} (status ${status})`);
}
