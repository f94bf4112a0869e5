import * as z from 'zod';
import { type Digest, Fault, checkJson } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import { type SignatureCandidate, parseSignatureReferrer } from './manifest.ts';
import { ociLimits } from './media-types.ts';
import { manifestPath, repositoryPath, sameDigest } from './pull.ts';
import { addToFallback, referrerPages } from './referrers.ts';
import { type Response, type Transport, expectStatus } from './transport.ts';

const answerBytesMax = 64 << 10;
const Typed = z.object({ mediaType: z.string().min(1).max(255) });

/** Uploads a blob in one piece (POST, then PUT to where the registry says). */
export async function pushBlob(transport: Transport, { repository, bytes }: { repository: string; bytes: Uint8Array }, signal: AbortSignal): Promise<Digest> {
  const digest = digestOf(bytes);
  const what = `upload of ${digest} to ${repository}`;
  const opened = await expectStatus(await transport.send({ method: 'POST', url: `${repositoryPath(repository)}/blobs/uploads/` }, signal), [202], what);
  await opened.bytes(answerBytesMax);
  const url = uploadUrl(opened, digest, what);
  const closed = await expectStatus(await transport.send({ method: 'PUT', url, headers: { 'content-type': 'application/octet-stream' }, body: bytes }, signal), [201], what);
  await closed.bytes(answerBytesMax);
  return digest;
}

/** The given location may be absolute or relative and may hold a query that must stay as it is. */
function uploadUrl(opened: Response, digest: Digest, what: string): string {
  const location = opened.headers.location;
  if (location === undefined || !URL.canParse(location, opened.url.href)) throw new Fault('registry-error', `${what}: registry ${opened.url.host} gave no location to upload to`);
  const url = new URL(location, opened.url);
  if (opened.url.protocol === 'https:' && url.protocol !== 'https:') throw new Fault('registry-error', `${what}: registry ${opened.url.host} sends uploads off TLS to ${url.host}`);
  return `${url.href}${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`;
}

/** Stores a manifest under a tag, or under its own digest. */
export async function pushManifest(transport: Transport, { repository, bytes, tag }: { repository: string; bytes: Uint8Array; tag?: string | undefined }, signal: AbortSignal): Promise<{ digest: Digest; subject?: string }> {
  const digest = digestOf(bytes);
  const what = `manifest ${digest} to ${repository}`;
  const { mediaType } = checkJson(Typed, bytes, { what, code: 'manifest-invalid', sizeBytesMax: ociLimits.manifestBytesMax });
  const response = await expectStatus(await transport.send({ method: 'PUT', url: manifestPath(repository, tag ?? digest), headers: { 'content-type': mediaType }, body: bytes }, signal), [201], what);
  await response.bytes(answerBytesMax);
  sameDigest(response, digest, what);
  const subject = response.headers['oci-subject'];
  return { digest, ...(typeof subject === 'string' ? { subject } : {}) };
}

/**
 * Attaches a signature: its blobs, then the manifest that refers to what it signs, by digest; where the registry lists no
 * referrers by itself the fallback tag is kept as well. Faults: `input-invalid` when the signature is about something else.
 */
export async function pushSignature(transport: Transport, { repository, digest, manifest, bundle }: SignatureCandidate & { repository: string; digest: Digest }, signal: AbortSignal): Promise<Digest> {
  const referrer = parseSignatureReferrer(manifest);
  if (referrer.subject.digest !== digest || referrer.bundle.digest !== digestOf(bundle)) throw new Fault('input-invalid', `the signature manifest is about ${referrer.subject.digest}, expected ${digest}, or its bundle is another one`);
  await pushBlob(transport, { repository, bytes: Buffer.from('{}') }, signal);
  await pushBlob(transport, { repository, bytes: bundle }, signal);
  const pushed = await pushManifest(transport, { repository, bytes: manifest }, signal);
  // Some registries name the subject and still have no list to ask: only both together spare the tag.
  const listed = pushed.subject === digest && (await referrerPages(transport, { repository, digest }, signal)) !== undefined;
  const { annotations, artifactType } = referrer;
  if (!listed) await addToFallback(transport, { repository, subject: digest, referrer: { digest: pushed.digest, sizeBytes: manifest.byteLength, artifactType, annotations } }, signal);
  return pushed.digest;
}
