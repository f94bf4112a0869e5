import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault } from '@pier/shared/core';
import { buildEpoll, compilers } from '../native/index.ts';
import { type Provision, provideCompilers } from './compiler.ts';
import type { Pinned, Pins } from './packages.ts';

export const archs = ['arm64', 'x64'] as const;
/** As Node calls them in `process.arch`. */
export type Arch = (typeof archs)[number];

/** A native part of the bundle, the package that it comes from, and what of others was compiled into it. */
export type NativePart = { readonly path: string; readonly from: Pinned; readonly within?: readonly Pinned[] };

type Request = Provision & { readonly root: string; readonly out: string; readonly pins: Pins };

/** Puts the native parts of every architecture into `out`, below native/. Faults: `input-invalid` for a package that is not what the lockfile pins, `platform-unsupported` without the compilers. */
export async function nativeParts(request: Request, signal: AbortSignal): Promise<NativePart[]> {
  const versions = provideCompilers(archs.map((arch) => compilers[arch]), request);
  for (const arch of archs) mkdirSync(join(request.out, folderOf(arch)), { recursive: true });
  const parts = archs.flatMap((arch, index) => [koffi(arch, request, signal), serialport(arch, request), epoll(arch, { ...request, compiler: versions[index] ?? '' }, signal)]);
  return Promise.all(parts);
}

const folderOf = (arch: Arch): string => `native/linux-${arch}`;

/** npm installs koffi's part for the machine's own architecture; the others are fetched once, and checked against the lockfile. */
async function koffi(arch: Arch, { root, out, pins }: Request, signal: AbortSignal): Promise<NativePart> {
  const from = pins.pinned(`node_modules/@koromix/koffi-linux-${arch}`);
  const installed = join(root, from.place);
  const fetched = join(root, '.pier', 'cache', 'packages', `koffi-linux-${arch}-${from.version}`);
  if (!existsSync(installed) && !existsSync(fetched)) await provide(from, fetched, signal);
  const path = `${folderOf(arch)}/koffi.node`;
  copyFileSync(join(existsSync(installed) ? installed : fetched, `linux_${arch}`, 'koffi.node'), join(out, path));
  return { path, from };
}

const serialNames: Readonly<Record<Arch, string>> = { arm64: '@serialport+bindings-cpp.armv8.glibc.node', x64: '@serialport+bindings-cpp.glibc.node' };

async function serialport(arch: Arch, { root, out, pins }: Request): Promise<NativePart> {
  const from = pins.pinned('node_modules/@serialport/bindings-cpp');
  const path = `${folderOf(arch)}/serialport.node`;
  copyFileSync(join(root, from.place, 'prebuilds', `linux-${arch}`, serialNames[arch]), join(out, path));
  return { path, from };
}

const recipe = fileURLToPath(new URL('../native/build-epoll.ts', import.meta.url));

/** Compiled once for each compiler, Node, recipe and version of the package: it takes seconds. */
async function epoll(arch: Arch, { root, out, pins, say, compiler }: Request & { readonly compiler: string }, signal: AbortSignal): Promise<NativePart> {
  const [from, nan] = [pins.pinned('node_modules/epoll'), pins.pinned('node_modules/nan')];
  const made = createHash('sha256').update(JSON.stringify([arch, process.version, compiler, from.integrity, nan.integrity, readFileSync(recipe, 'utf8')])).digest('hex');
  const kept = join(root, '.pier', 'cache', 'native', `epoll-${arch}-${made.slice(0, 16)}.node`);
  if (!existsSync(kept)) {
    say(`${arch}: compiling the native part of the package epoll`);
    mkdirSync(join(kept, '..'), { recursive: true });
    await buildEpoll({ root, arch, out: `${kept}.${process.pid}` }, signal);
    renameSync(`${kept}.${process.pid}`, kept);
  }
  const path = `${folderOf(arch)}/epoll.node`;
  copyFileSync(kept, join(out, path));
  return { path, from, within: [nan] };
}

const provider = fileURLToPath(new URL('../../../cli/bootstrap/provide.mjs', import.meta.url));

/** Set-up's own way of fetching a pinned package; a process, since set-up runs without any of ours. */
async function provide({ name, version, integrity }: Pinned, folder: string, signal: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [provider, `${name}@${version}`, integrity, folder], { stdio: ['ignore', 'ignore', 'inherit'], signal });
  const status = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (status !== 0) throw new Fault('unreachable', `${name}@${version} could not be fetched`);
}
