import type { IncomingMessage } from 'node:http';
import { type Digest, Digest as DigestText } from '@pier/shared/core';
import { isRepository } from '@pier/shared/oci';
import { type Answer, failed } from './answer.ts';
import { chunkOf, sliceOf } from './range.ts';
import type { Store } from './store.ts';
import type { Upload, Uploads } from './uploads.ts';

export type BlobParts = { readonly store: Store; readonly uploads: Uploads };
type Request = { readonly request: IncomingMessage; readonly repository: string; readonly query: URLSearchParams };

/** distribution-spec, "Pulling blobs", with ranges for devices that resume. */
export async function getBlob({ store }: BlobParts, { request, repository, reference }: { request: IncomingMessage; repository: string; reference: string }): Promise<Answer> {
  const digest = digestIn(reference);
  if (digest === undefined) return badDigest(reference);
  const blob = await store.blob(repository, digest);
  if (!blob) return failed('BLOB_UNKNOWN', `repository ${repository} has no blob ${digest}`);
  const etag = `"${digest}"`;
  const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest, etag, 'accept-ranges': 'bytes' };
  const condition = request.headers['if-range'];
  const slice = condition === undefined || condition === etag ? sliceOf(request.headers.range, blob.sizeBytes) : undefined;
  if (slice === 'unsatisfiable') return failed('UNSUPPORTED', `the blob has ${blob.sizeBytes} bytes`, { status: 416, headers: { 'content-range': `bytes */${blob.sizeBytes}` } });
  if (!slice) return { status: 200, headers, body: { file: blob.path, start: 0, length: blob.sizeBytes } };
  return { status: 206, headers: { ...headers, 'content-range': `bytes ${slice.start}-${slice.start + slice.length - 1}/${blob.sizeBytes}` }, body: { file: blob.path, ...slice } };
}

export async function deleteBlob({ store }: BlobParts, { repository, reference }: { repository: string; reference: string }): Promise<Answer> {
  const digest = digestIn(reference);
  if (digest === undefined) return badDigest(reference);
  return (await store.dropBlob(repository, digest)) ? { status: 202 } : failed('BLOB_UNKNOWN', `repository ${repository} has no blob ${digest}`);
}

/** POST: mounts, takes a whole blob at once, or opens an upload. */
export async function beginUpload(parts: BlobParts, { request, repository, query }: Request): Promise<Answer> {
  const algorithm = query.get('digest-algorithm');
  if (algorithm !== null && algorithm !== 'sha256') return failed('UNSUPPORTED', `digest algorithm ${JSON.stringify(algorithm.slice(0, 32))}: sha256 is the one that is kept here`, { status: 400 });
  const mounted = await mount(parts, { repository, query });
  if (mounted) return mounted;
  const asked = query.get('digest');
  if (asked !== null && digestIn(asked) === undefined) return badDigest(asked);
  const upload = await parts.uploads.begin(repository);
  if (!upload) return failed('TOOMANYREQUESTS', 'too many uploads are open; try again later', { headers: { 'retry-after': '10' } });
  if (asked === null) return accepted(upload);
  try {
    return await finishUpload(parts, { request, repository, query }, upload);
  } catch (error) {
    // Its sender never learned the upload's place, so nobody can go on with it.
    await parts.uploads.cancel(upload);
    throw error;
  }
}

/** PATCH: one chunk, in order, or a stream without a range. */
export async function appendUpload({ uploads }: BlobParts, { request }: Request, upload: Upload): Promise<Answer> {
  const wrong = misplaced(request, upload);
  if (wrong) return wrong;
  await uploads.append(upload, request);
  return accepted(upload);
}

/** PUT: the last chunk, if any, and the digest that all of them must have. */
export async function finishUpload({ store, uploads }: BlobParts, { request, repository, query }: Request, upload: Upload): Promise<Answer> {
  const digest = digestIn(query.get('digest') ?? '');
  if (digest === undefined) return badDigest(query.get('digest') ?? '');
  const wrong = misplaced(request, upload);
  if (wrong) return wrong;
  await uploads.append(upload, request);
  if (!(await uploads.finish(upload, digest))) return failed('DIGEST_INVALID', `the ${upload.sizeBytes} bytes that came do not have the digest ${digest}`);
  await store.keepBlob(repository, digest, upload.path);
  return created(repository, digest);
}

export function uploadStatus(upload: Upload): Answer {
  return { ...accepted(upload), status: 204 };
}

async function mount({ store }: BlobParts, { repository, query }: Pick<Request, 'repository' | 'query'>): Promise<Answer | undefined> {
  const asked = query.get('mount');
  const from = query.get('from');
  if (asked === null) return undefined;
  const digest = digestIn(asked);
  if (digest === undefined) return badDigest(asked);
  // Who may push may read every repository; without a source nothing is searched for, or a push would tell what others have.
  if (from === null || !isRepository(from) || !(await store.blob(from, digest))) return undefined;
  await store.linkBlob(repository, digest);
  return created(repository, digest);
}

function misplaced(request: IncomingMessage, upload: Upload): Answer | undefined {
  if (upload.busy) return failed('BLOB_UPLOAD_INVALID', 'another request is writing to this upload', { status: 409 });
  const header = request.headers['content-range'];
  if (header === undefined) return undefined;
  const chunk = chunkOf(header);
  const announced = request.headers['content-length'];
  if (chunk && chunk.start === upload.sizeBytes && (announced === undefined || Number(announced) === chunk.length)) return undefined;
  return failed('BLOB_UPLOAD_INVALID', `Content-Range ${JSON.stringify(header.slice(0, 64))} does not continue at byte ${upload.sizeBytes}`, { status: 416, headers: progress(upload) });
}

function accepted(upload: Upload): Answer {
  return { status: 202, headers: progress(upload) };
}

function progress({ id, repository, sizeBytes }: Upload): Record<string, string> {
  return { location: `/v2/${repository}/blobs/uploads/${id}`, range: `0-${Math.max(0, sizeBytes - 1)}`, 'docker-upload-uuid': id };
}

function created(repository: string, digest: Digest): Answer {
  return { status: 201, headers: { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest } };
}

export function digestIn(text: string): Digest | undefined {
  const parsed = DigestText.safeParse(text);
  return parsed.success ? parsed.data : undefined;
}

export function badDigest(text: string): Answer {
  return failed('DIGEST_INVALID', `${JSON.stringify(text.slice(0, 160))}: expected "sha256:" and 64 lower-case hex digits; no other algorithm is kept here`);
}
