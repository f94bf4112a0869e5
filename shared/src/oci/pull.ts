import * as z from 'zod';
import { Digest, Fault, check, checkJson } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import type { Blob } from './manifest.ts';
import { mediaTypes, ociLimits } from './media-types.ts';
import { isRepository, isTag } from './reference.ts';
import { type Response, type Transport, collect, expectStatus } from './transport.ts';

export type PulledManifest = { readonly bytes: Uint8Array; readonly digest: Digest; readonly mediaType: string };

const accepted = [mediaTypes.manifest, mediaTypes.index, mediaTypes.dockerManifest, mediaTypes.dockerList].join(', ');
const Typed = z.object({ mediaType: z.string().optional() });

/** Deadline of a blob: time for the answer to begin, and for its declared size at the slowest pace that still counts as alive. */
const slowestBytesPerS = 2 << 10;

/** Names go into URLs only after this. Faults: `input-invalid`. */
export function repositoryPath(repository: string): string {
  if (!isRepository(repository)) throw new Fault('input-invalid', `"${repository.slice(0, 260)}" is no repository name`);
  return `/v2/${repository}`;
}

export function manifestPath(repository: string, ref: string): string {
  if (!isTag(ref) && !Digest.safeParse(ref).success) throw new Fault('input-invalid', `"${ref.slice(0, 140)}" is neither a tag nor a sha256 digest`);
  return `${repositoryPath(repository)}/manifests/${ref}`;
}

/** A manifest as the registry gave it, with the digest computed here over its raw bytes. */
export async function pullManifest(transport: Transport, { repository, ref, sizeBytesMax = ociLimits.manifestBytesMax }: { repository: string; ref: string; sizeBytesMax?: number }, signal: AbortSignal): Promise<PulledManifest & { etag?: string }> {
  const what = `manifest ${repository}:${ref}`;
  const response = await expectStatus(await transport.send({ method: 'GET', url: manifestPath(repository, ref), headers: { accept: accepted } }, signal), [200], what);
  const bytes = await response.bytes(sizeBytesMax);
  const digest = digestOf(bytes);
  if (ref.includes(':') && digest !== ref) throw new Fault('digest-mismatch', `${what}: expected ${ref}, read ${digest}`);
  sameDigest(response, digest, what);
  const etag = response.headers.etag;
  return { bytes, digest, mediaType: mediaTypeOf(response, bytes, what), ...(etag === undefined ? {} : { etag }) };
}

export function sameDigest(response: Response, digest: Digest, what: string): void {
  const claimed = response.headers['docker-content-digest'];
  if (claimed !== undefined && claimed !== digest) throw new Fault('digest-mismatch', `${what}: the registry says ${String(claimed).slice(0, 140)}, its bytes are ${digest}`);
}

/** One document must not be a manifest to one reader and an index to another (CVE-2021-41190). */
function mediaTypeOf(response: Response, bytes: Uint8Array, what: string): string {
  const header = contentType(response);
  const { mediaType } = checkJson(Typed, bytes, { what, code: 'manifest-invalid', sizeBytesMax: ociLimits.manifestBytesMax });
  if (mediaType !== undefined && header !== undefined && mediaType !== header) throw new Fault('manifest-invalid', `${what}: served as ${header}, says of itself ${mediaType.slice(0, 140)}`);
  const type = mediaType ?? header;
  if (type === undefined) throw new Fault('manifest-invalid', `${what} has no media type`);
  return type;
}

export function contentType(response: Response): string | undefined {
  return response.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
}

function blobPath(repository: string, digest: Digest): string {
  return `${repositoryPath(repository)}/blobs/${check(Digest, digest, { what: 'blob' })}`;
}

/** Exactly the declared number of bytes, or a fault; whoever stores them hashes them. */
export async function* pullBlob(transport: Transport, { repository, digest, sizeBytes, timeoutMs }: Blob & { repository: string; timeoutMs: number }, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const what = `blob ${digest} of ${repository}`;
  const request = { method: 'GET', url: blobPath(repository, digest), timeoutMs: timeoutMs + Math.ceil((sizeBytes / slowestBytesPerS) * 1_000) } as const;
  const response = await expectStatus(await transport.send(request, signal), [200], what);
  const announced = Number(response.headers['content-length'] ?? 0);
  if (announced > sizeBytes) {
    response.drop();
    throw new Fault('digest-mismatch', `${what} exceeds its declared ${sizeBytes} bytes: ${announced} are announced`);
  }
  let seenBytes = 0;
  for await (const chunk of response.body()) {
    seenBytes += chunk.byteLength;
    if (seenBytes > sizeBytes) throw new Fault('digest-mismatch', `${what} exceeds its declared ${sizeBytes} bytes`);
    yield chunk;
  }
  if (seenBytes < sizeBytes) throw new Fault('digest-mismatch', `${what} ended after ${seenBytes} of ${sizeBytes} bytes`);
}

/** A blob that fits in memory, hashed. Faults: `too-large` before anything is asked, `digest-mismatch`. */
export async function pullSmallBlob(transport: Transport, blob: Blob & { repository: string; sizeBytesMax: number; timeoutMs: number }, signal: AbortSignal): Promise<Uint8Array> {
  const what = `blob ${blob.digest} of ${blob.repository}`;
  if (blob.sizeBytes > blob.sizeBytesMax) throw new Fault('too-large', `${what} has ${blob.sizeBytes} bytes; at most ${blob.sizeBytesMax} are read`);
  const bytes = await collect(pullBlob(transport, blob, signal), blob.sizeBytesMax, what);
  const seen = digestOf(bytes);
  if (seen !== blob.digest) throw new Fault('digest-mismatch', `${what}: expected ${blob.digest}, read ${seen}`);
  return bytes;
}

export async function blobExists(transport: Transport, { repository, digest }: { repository: string; digest: Digest }, signal: AbortSignal): Promise<boolean> {
  const response = await transport.send({ method: 'HEAD', url: blobPath(repository, digest) }, signal);
  await expectStatus(response, [200, 404], `blob ${digest} of ${repository}`);
  await response.bytes(0);
  return response.status === 200;
}
