import type { IncomingMessage } from 'node:http';
import { type Digest, Fault } from '@pier/shared/core';
import { isTag } from '@pier/shared/oci';
import { type Answer, failed } from './answer.ts';
import { badDigest, digestIn } from './blob-requests.ts';
import { type CheckedManifest, checkManifest } from './manifest-rules.ts';
import type { Store } from './store.ts';

type Place = { readonly repository: string; readonly reference: string };

export async function getManifest(store: Store, { repository, reference }: Place): Promise<Answer> {
  const digest = await resolve(store, { repository, reference });
  if (typeof digest === 'object') return digest;
  const found = digest && (await store.manifest(repository, digest));
  if (!found) return unknown({ repository, reference });
  return { status: 200, headers: { 'content-type': found.mediaType, 'docker-content-digest': digest, etag: `"${digest}"` }, body: found.bytes };
}

/** PUT: the exact bytes are kept, once everything that they name is there. A missing subject is fine: it may come later. */
export async function putManifest(store: Store, { repository, reference }: Place, { request, bytes, query }: { request: IncomingMessage; bytes: Uint8Array; query: URLSearchParams }): Promise<Answer> {
  const asked = reference.includes(':') ? digestIn(reference) : undefined;
  if (reference.includes(':') && asked === undefined) return badDigest(reference);
  const tags = asked === undefined ? [reference] : query.getAll('tag');
  if (!tags.every(isTag) || tags.length > 32) return failed('MANIFEST_INVALID', `a tag is 1 to 128 of A-Z, a-z, 0-9, "_", "." and "-"; at most 32 at once`);
  let manifest: CheckedManifest;
  try {
    manifest = checkManifest(bytes, request.headers['content-type']);
  } catch (error) {
    if (error instanceof Fault) return failed('MANIFEST_INVALID', error.message);
    throw error;
  }
  if (asked !== undefined && asked !== manifest.digest) return failed('DIGEST_INVALID', `the bytes that came have the digest ${manifest.digest}, not ${asked}`);
  const wanting = await firstWanting(store, repository, manifest);
  if (wanting) return wanting;
  await store.keepManifest(repository, manifest, bytes);
  for (const tag of tags) await store.setTag(repository, tag, manifest.digest);
  return {
    status: 201,
    headers: {
      location: `/v2/${repository}/manifests/${manifest.digest}`,
      'docker-content-digest': manifest.digest,
      ...(manifest.referrer ? { 'oci-subject': manifest.referrer.subject } : {}),
      ...(asked !== undefined && tags.length > 0 ? { 'oci-tag': tags } : {}),
    },
  };
}

export async function deleteManifest(store: Store, { repository, reference }: Place): Promise<Answer> {
  if (!reference.includes(':')) return isTag(reference) && (await store.dropTag(repository, reference)) ? { status: 202 } : unknown({ repository, reference });
  const digest = digestIn(reference);
  if (digest === undefined) return badDigest(reference);
  return (await store.dropManifest(repository, digest)) ? { status: 202 } : unknown({ repository, reference });
}

/** The digest that a tag or digest names; undefined when the tag is unknown, an answer when it can be neither. */
export async function resolve(store: Store, { repository, reference }: Place): Promise<Digest | undefined | Answer> {
  if (reference.includes(':')) return digestIn(reference) ?? badDigest(reference);
  return isTag(reference) ? store.tag(repository, reference) : undefined;
}

async function firstWanting(store: Store, repository: string, { needs }: CheckedManifest): Promise<Answer | undefined> {
  for (const { kind, digest, size } of needs) {
    const sizeBytes = kind === 'blob' ? (await store.blob(repository, digest))?.sizeBytes : await store.manifestSize(repository, digest);
    if (sizeBytes === undefined) return failed('MANIFEST_BLOB_UNKNOWN', `repository ${repository} has no ${kind} ${digest}, which the manifest names`, { status: 404 });
    if (sizeBytes !== size) return failed('MANIFEST_INVALID', `${kind} ${digest} has ${sizeBytes} bytes; the manifest says ${size}`);
  }
  return undefined;
}

function unknown({ repository, reference }: Place): Answer {
  return failed('MANIFEST_UNKNOWN', `repository ${repository} has no manifest ${JSON.stringify(reference.slice(0, 160))}`);
}
