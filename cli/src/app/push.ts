import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '@pier/shared/core';
import { packArtifact } from '@pier/shared/oci';
import { keyIdOf, makeSignature, publicPemOf } from '@pier/shared/signing';
import { type ManagerOptions, openTarget, readPrivateKey } from '../session/index.ts';
import { readAppManifest } from './manifest.ts';

export type Pushed = { readonly reference: string; readonly digest: string; readonly signedBy: string | null };

/** Packs a built app in the CNCF layout, pushes it under its version's tag and, with a key, signs what it pushed. */
export async function pushApp({ dir, reference, key, wasm, ...options }: ManagerOptions & { dir: string; reference: string; key?: string; wasm?: string }, signal = AbortSignal.timeout(120_000)): Promise<Pushed> {
  const manifest = readAppManifest(dir);
  const bytes = wasm === undefined ? readBuilt(dir, join(dir, 'dist', `${manifest.app}.wasm`)) : readModule(wasm, dir);
  const target = await openTarget(reference, options);
  using client = target.client;
  if (target.digest !== undefined) throw new Fault('input-invalid', `${reference} names a digest; a push makes one, give a repository and perhaps a tag`);
  const artifact = packArtifact({ wasm: bytes, app: manifest.app, version: manifest.version, counter: manifest.counter, asks: manifest.asks, limits: manifest.limits, title: `${manifest.app}.wasm` });
  await client.pushBlob(target.repository, artifact.config.bytes, signal);
  await client.pushBlob(target.repository, artifact.layer.bytes, signal);
  await client.pushManifest(target.repository, artifact.manifest, { tag: target.tag ?? manifest.version }, signal);
  const signedBy = key === undefined ? null : await sign(client, { repository: target.repository, digest: artifact.digest, sizeBytes: artifact.manifest.byteLength, keyFile: key }, signal);
  return { reference: `${referenceOf(reference)}@${artifact.digest}`, digest: artifact.digest, signedBy };
}

/** The module that `pier app build` wrote. Faults: `conflict` when something in the app's folder is newer: it would ship old code under a new name. */
function readBuilt(dir: string, file: string): Uint8Array {
  const bytes = readModule(file, dir);
  const builtMs = statSync(file).mtimeMs;
  const newer = readdirSync(dir, { recursive: true, withFileTypes: true }).find((entry) => entry.isFile() && !entry.parentPath.startsWith(join(dir, 'dist')) && statSync(join(entry.parentPath, entry.name)).mtimeMs > builtMs);
  if (newer) throw new Fault('conflict', `${join(newer.parentPath, newer.name)} is newer than ${file}: run "pier app build ${dir}" first`);
  return bytes;
}

function readModule(file: string, dir: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Fault('not-found', `${file} is not there: run "pier app build ${dir}" first`, {}, cause);
  }
}

/** Signs an artifact that a digest names; a tag is refused, since it may have moved since somebody looked at it. */
export async function signApp(reference: string, { key, ...options }: ManagerOptions & { key: string }, signal = AbortSignal.timeout(120_000)): Promise<Pushed & { signedBy: string }> {
  const target = await openTarget(reference, options);
  using client = target.client;
  if (target.digest === undefined) throw new Fault('input-invalid', `${reference} names no digest: sign exactly one artifact, give repository@sha256:…`);
  const { bytes, digest } = await client.manifest(target.repository, target.digest, signal);
  const signedBy = await sign(client, { repository: target.repository, digest, sizeBytes: bytes.byteLength, keyFile: key }, signal);
  return { reference, digest, signedBy };
}

type Client = Awaited<ReturnType<typeof openTarget>>['client'];
type ToSign = { readonly repository: string; readonly digest: Parameters<typeof makeSignature>[0]['digest']; readonly sizeBytes: number; readonly keyFile: string };

async function sign(client: Client, { repository, digest, sizeBytes, keyFile }: ToSign, signal: AbortSignal): Promise<string> {
  const privatePem = readPrivateKey(keyFile, 'release key');
  const signature = makeSignature({ digest, manifestSizeBytes: sizeBytes, privatePem });
  await client.pushSignature(repository, { digest, ...signature }, signal);
  return keyIdOf(publicPemOf(privatePem));
}

function referenceOf(reference: string): string {
  return reference.replace(/(\/[^/:@]+|^[^/:@]+):[^/]*$/, '$1');
}
