import type { IncomingMessage } from 'node:http';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, toFault } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { isRepository } from '@pier/shared/oci';
import { readBody } from '../net/index.ts';
import { type Access, mayPush } from './access.ts';
import { type Answer, failed, json, send } from './answer.ts';
import { type BlobParts, appendUpload, beginUpload, deleteBlob, finishUpload, getBlob, uploadStatus } from './blob-requests.ts';
import { type RegistryLimits, registryLimits } from './limits.ts';
import { listReferrers, listRepositories, listTags } from './list-requests.ts';
import { deleteManifest, getManifest, putManifest, resolve } from './manifest-requests.ts';
import type { Registry, RegistryOptions } from './registry.ts';
import { type Route, routeOf } from './route.ts';
import { openStore } from './store.ts';
import { newUploads } from './uploads.ts';

const sweepMs = 60_000;
const blobInMemoryBytesMax = 64 << 20;

type Parts = BlobParts & { readonly limits: RegistryLimits } & Required<Pick<RegistryOptions, 'shortage'>>;
type Asked = { readonly request: IncomingMessage; readonly query: URLSearchParams; readonly method: string };

/** Opens the registry in its folder; uploads that a kill cut off, and content that nobody names any more, are removed. */
export async function openRegistry({ dir, clock, log, limits: own, shortage = () => undefined }: RegistryOptions): Promise<Registry> {
  const limits: RegistryLimits = { ...registryLimits, ...own };
  const uploadsDir = join(dir, 'uploads');
  await rm(uploadsDir, { recursive: true, force: true });
  await mkdir(uploadsDir, { recursive: true, mode: 0o700 });
  const store = openStore(dir, uploadsDir);
  const collected = await store.collect();
  if (collected > 0) log.info({ collected }, 'registry.collected');
  const uploads = newUploads({ dir: uploadsDir, clock, limits, shortage });
  const parts: Parts = { store, uploads, limits, shortage };
  const sweep = clock.every(sweepMs, () => {
    uploads.sweep().catch((error: unknown) => log.error({ why: toFault(error).message }, 'registry.sweep-failed'));
  });
  return {
    handle: async (request, response, who) => {
      const head = request.method === 'HEAD';
      try {
        await send(response, await answerFor({ request, who }, parts), { head });
      } catch (error) {
        const broken = explain(error, request, log);
        if (response.headersSent || response.destroyed) response.destroy();
        else await send(response, broken, { head });
      }
    },
    async manifest(repository, reference) {
      if (!isRepository(repository)) return undefined;
      const digest = await resolve(store, { repository, reference });
      if (digest === undefined || typeof digest === 'object') return undefined;
      const found = await store.manifest(repository, digest);
      return found && { ...found, digest };
    },
    async blob(repository, digest, { bytesMax = blobInMemoryBytesMax } = {}) {
      const found = isRepository(repository) ? await store.blob(repository, digest) : undefined;
      if (!found) return undefined;
      if (found.sizeBytes > bytesMax) throw new Fault('too-large', `blob ${digest} has ${found.sizeBytes} bytes; at most ${bytesMax} are read at once`);
      const bytes = await readFile(found.path);
      if (digestOf(bytes) !== digest) throw new Fault('digest-mismatch', `blob ${digest} on disk has the digest ${digestOf(bytes)}`);
      return bytes;
    },
    referrers: async (repository, subject) => (isRepository(repository) ? store.referrers(repository, subject) : []),
    [Symbol.asyncDispose]: async () => {
      sweep[Symbol.dispose]();
      await rm(uploadsDir, { recursive: true, force: true });
    },
  };
}

async function answerFor({ request, who }: { request: IncomingMessage; who: Access }, parts: Parts): Promise<Answer> {
  const method = request.method ?? '';
  const { route, query } = routeOf(request.url ?? '');
  const refused = barred({ route, method, who });
  if (refused) return refused;
  const shortage = adds(method) ? parts.shortage() : undefined;
  if (shortage) throw shortage;
  return answerTo(route, { request, query, method }, parts);
}

const adds = (method: string): boolean => method === 'POST' || method === 'PATCH' || method === 'PUT';

/** What went wrong on our side stays in the log; what the sender can change is said. */
function explain(error: unknown, { method, url, destroyed, complete }: IncomingMessage, log: RegistryOptions['log']): Answer {
  const fault = toFault(error);
  // A sender who broke off is nobody's failure; `destroyed` alone is also what a request is once it was read to its end.
  const ours = fault.status >= 500 && (complete || !destroyed);
  log[ours ? 'error' : 'info']({ method, url: url?.slice(0, 200), code: fault.code, why: fault.message }, 'registry.request-failed');
  const said = !ours || fault.code === 'disk-full' || fault.code === 'disk-low' ? fault.message : 'the registry failed; its log says why';
  return failed(fault.code === 'too-large' ? 'SIZE_INVALID' : 'UNKNOWN', said, { status: fault.status });
}

/** Reading takes a name, writing takes the right to push. What else there is, is told to people only: a device knows what it was told to run. */
function barred({ route, method, who }: { route: Route; method: string; who: Access }): Answer | undefined {
  if (who.kind === 'anonymous') return failed('UNAUTHORIZED', 'a device certificate, or a user name and password', { headers: { 'www-authenticate': 'Basic realm="pier", charset="UTF-8"' } });
  if (route.at === 'name-invalid') return failed('NAME_INVALID', 'a repository name is lower-case letters and digits with single separators, in parts cut by "/"');
  if (route.at === 'catalog' && who.kind === 'device') return failed('DENIED', 'the list of repositories is for people');
  const reads = (method === 'GET' || method === 'HEAD') && route.at !== 'upload';
  return reads || mayPush(who) ? undefined : failed('DENIED', 'this takes the right to push');
}

async function answerTo(route: Route, asked: Asked, parts: Parts): Promise<Answer> {
  const { store, limits } = parts;
  const { method, request, query } = asked;
  if (route.at === 'manifest') return manifestAnswer(route, asked, parts);
  if (route.at === 'upload') return uploadAnswer(route, asked, parts);
  if (route.at === 'uploads' && method === 'POST') return beginUpload(parts, { ...route, ...asked });
  if (route.at === 'blob' && method === 'DELETE') return deleteBlob(parts, route);
  if (method !== 'GET' && method !== 'HEAD') return notThatWay(asked);
  const listing = { query, pageMax: limits.pageMax };
  if (route.at === 'ping') return json({});
  if (route.at === 'blob') return getBlob(parts, { ...route, request });
  if (route.at === 'tags') return listTags(store, route.repository, listing);
  if (route.at === 'referrers') return listReferrers(store, route, listing);
  if (route.at === 'catalog') return listRepositories(store, listing);
  return failed('UNSUPPORTED', 'there is nothing at this path', { status: 404 });
}

type Reference = { readonly repository: string; readonly reference: string };

async function uploadAnswer({ repository, reference }: Reference, asked: Asked, parts: Parts): Promise<Answer> {
  const upload = parts.uploads.find(repository, reference);
  if (!upload) return failed('BLOB_UPLOAD_UNKNOWN', `repository ${repository} has no such upload; begin it again`);
  switch (asked.method) {
    case 'GET':
      return uploadStatus(upload);
    case 'PATCH':
      return appendUpload(parts, { repository, ...asked }, upload);
    case 'PUT':
      return finishUpload(parts, { repository, ...asked }, upload);
    case 'DELETE':
      await parts.uploads.cancel(upload);
      return { status: 204 };
    default:
      return notThatWay(asked);
  }
}

async function manifestAnswer(place: Reference, asked: Asked, { store, limits }: Parts): Promise<Answer> {
  switch (asked.method) {
    case 'GET':
    case 'HEAD':
      return getManifest(store, place);
    case 'DELETE':
      return deleteManifest(store, place);
    case 'PUT':
      return putManifest(store, place, { ...asked, bytes: await readBody(asked.request, { bytesMax: limits.manifestBytesMax, what: 'a manifest' }) });
    default:
      return notThatWay(asked);
  }
}

function notThatWay({ method }: Asked): Answer {
  return failed('UNSUPPORTED', `${method.slice(0, 16)} means nothing here`);
}
