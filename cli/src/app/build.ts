import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Digest, Fault } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { compileApp } from './compile.ts';
import { type AppManifest, readAppManifest } from './manifest.ts';

const hosts = /^(wasi_snapshot_preview1|pier_[a-z0-9_]+)$/;

/** Builds the app of a folder. Faults: `manifest-invalid`, `input-invalid` with the compiler's text or the import that no device has. */
export async function buildApp({ dir }: { readonly dir: string }): Promise<{ readonly wasm: Uint8Array; readonly manifest: AppManifest }> {
  const manifest = readAppManifest(dir);
  const wasm = await compileApp({ dir, entry: manifest.entry, memoryMb: manifest.limits.memoryMb });
  const foreign = WebAssembly.Module.imports(await WebAssembly.compile(Buffer.from(wasm))).filter((one) => !hosts.test(one.module));
  if (foreign.length > 0) throw new Fault('input-invalid', `${manifest.entry} needs ${foreign.map((one) => `${one.module}.${one.name}`).join(', ')}, which no device has; use what "pier" and WASI offer instead`);
  return { wasm, manifest };
}

export type Built = { readonly app: string; readonly version: string; readonly file: string; readonly sizeBytes: number; readonly digest: Digest };

/** Builds an app into a file: `out`, or `dist/APP.wasm` in its folder. */
export async function buildToFile(dir: string, out?: string): Promise<Built> {
  const { wasm, manifest } = await buildApp({ dir });
  const file = out ?? join(dir, 'dist', `${manifest.app}.wasm`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, wasm);
  return { app: manifest.app, version: manifest.version, file, sizeBytes: wasm.byteLength, digest: digestOf(wasm) };
}
