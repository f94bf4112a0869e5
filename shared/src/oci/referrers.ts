/**
 * The attack this stops: endless lists, loops and huge attachments that keep a device busy (CVE-2023-46737, CVE-2024-29902).
 * A listing proves nothing: each entry is fetched by digest and judged on its own.
 */
import { type Digest, Fault, type FaultCode, checkJson } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import { type Blob, type SignatureCandidate, Index, parseSignatureReferrer } from './manifest.ts';
import { mediaTypes, ociLimits } from './media-types.ts';
import { contentType, pullManifest, pullSmallBlob, repositoryPath } from './pull.ts';
import { type Transport, expectStatus } from './transport.ts';

/** Troubles of one entry; anything else (no connection, no access) is the registry's and must not look like "unsigned". */
const skipped: ReadonlySet<FaultCode> = new Set(['not-found', 'digest-mismatch', 'manifest-invalid', 'too-large', 'input-invalid']);

/** The tag under which registries without the referrers API list them (distribution-spec, "Referrers Tag Schema"). */
export function fallbackTag(digest: Digest): string {
  return digest.replace(':', '-');
}

/** The signatures attached to a manifest, as candidates for a judge; entries that cannot be read are left out. */
export async function pullSignatures(transport: Transport, { repository, digest, timeoutMs }: { repository: string; digest: Digest; timeoutMs: number }, caller: AbortSignal): Promise<SignatureCandidate[]> {
  const deadline = AbortSignal.timeout(ociLimits.signaturesTimeoutMs);
  const signal = AbortSignal.any([caller, deadline]);
  try {
    const listed = await listSignatures(transport, { repository, digest }, signal);
    const candidates: SignatureCandidate[] = [];
    let leftBytes: number = ociLimits.signaturesBytesMax;
    for (const entry of listed.slice(0, ociLimits.candidatesMax)) {
      const candidate = await orSkip(pullCandidate(transport, { repository, entry, timeoutMs, leftBytes }, signal));
      if (!candidate) continue;
      leftBytes -= candidate.manifest.byteLength + candidate.bundle.byteLength;
      candidates.push(candidate);
    }
    return candidates;
  } catch (thrown) {
    if (!caller.aborted && deadline.aborted) throw new Fault('timed-out', `signatures of ${digest} were not read within ${ociLimits.signaturesTimeoutMs / 1_000} s`, {}, thrown);
    throw thrown;
  }
}

async function orSkip<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof Fault && skipped.has(thrown.code)) return undefined;
    throw thrown;
  }
}

async function pullCandidate(transport: Transport, { repository, entry, timeoutMs, leftBytes }: { repository: string; entry: Digest; timeoutMs: number; leftBytes: number }, signal: AbortSignal): Promise<SignatureCandidate> {
  const { bytes: manifest } = await pullManifest(transport, { repository, ref: entry, sizeBytesMax: Math.min(ociLimits.referrerBytesMax, leftBytes) }, signal);
  const { bundle: blob } = parseSignatureReferrer(manifest);
  const sizeBytesMax = Math.min(ociLimits.bundleBytesMax, leftBytes - manifest.byteLength);
  return { manifest, bundle: await pullSmallBlob(transport, { repository, ...blob, sizeBytesMax, timeoutMs }, signal) };
}

/** Digests of the listed sigstore bundles, each once: from the referrers API, or from the fallback tag where there is none. */
async function listSignatures(transport: Transport, { repository, digest }: { repository: string; digest: Digest }, signal: AbortSignal): Promise<Digest[]> {
  const listed = new Set<Digest>();
  const pages = (await referrerPages(transport, { repository, digest }, signal)) ?? [await readFallback(transport, { repository, digest }, signal)];
  for (const page of pages) {
    for (const entry of page?.index.manifests ?? []) if (entry.artifactType === mediaTypes.bundle) listed.add(entry.digest);
  }
  return [...listed];
}

type Page = { readonly index: Index; readonly etag?: string };

/** The pages of the referrers API, or undefined where the registry has none (404). */
export async function referrerPages(transport: Transport, { repository, digest }: { repository: string; digest: Digest }, signal: AbortSignal): Promise<Page[] | undefined> {
  const what = `referrers of ${digest}`;
  const pages: Page[] = [];
  let url: string | undefined = `${repositoryPath(repository)}/referrers/${digest}?artifactType=${encodeURIComponent(mediaTypes.bundle)}`;
  while (url !== undefined && pages.length < ociLimits.referrerPagesMax) {
    const response = await expectStatus(await transport.send({ method: 'GET', url, headers: { accept: mediaTypes.index } }, signal), [200, 404], what);
    const bytes = await response.bytes(ociLimits.manifestBytesMax);
    if (response.status === 404) return pages.length === 0 ? undefined : pages;
    if (contentType(response) !== mediaTypes.index) throw new Fault('registry-error', `${what}: registry ${response.url.host} answered ${contentType(response) ?? 'no media type'}, expected ${mediaTypes.index}`);
    pages.push({ index: checkJson(Index, bytes, { what, code: 'registry-error', sizeBytesMax: ociLimits.manifestBytesMax }) });
    url = nextPage(response.headers['link'], response.url, transport.origin);
  }
  return pages;
}

/** A next page is followed only at the registry itself. */
function nextPage(link: string | string[] | undefined, from: URL, origin: URL): string | undefined {
  const target = /<([^<>]{1,2000})>\s*;[^,]*\brel="?next"?/.exec(String(link ?? ''))?.[1];
  if (target === undefined || !URL.canParse(target, from.href)) return undefined;
  const next = new URL(target, from);
  return next.origin === origin.origin && next.href !== from.href ? next.href : undefined;
}

async function readFallback(transport: Transport, { repository, digest }: { repository: string; digest: Digest }, signal: AbortSignal): Promise<Page | undefined> {
  try {
    const { bytes, etag } = await pullManifest(transport, { repository, ref: fallbackTag(digest) }, signal);
    const index = checkJson(Index, bytes, { what: `fallback tag ${fallbackTag(digest)}`, code: 'registry-error', sizeBytesMax: ociLimits.manifestBytesMax });
    return { index, ...(etag === undefined ? {} : { etag }) };
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'not-found') return undefined;
    throw thrown;
  }
}

const attemptsMax = 4;

/**
 * Lists a referrer under the fallback tag, as clients must where the registry does not (distribution-spec, "Pushing Manifests
 * with Subject"). Read, add, write; a registry that honours `If-Match` turns a lost race into another attempt.
 */
export async function addToFallback(transport: Transport, { repository, subject, referrer }: { repository: string; subject: Digest; referrer: Blob & { artifactType: string; annotations: Readonly<Record<string, string>> } }, signal: AbortSignal): Promise<void> {
  const url = `${repositoryPath(repository)}/manifests/${fallbackTag(subject)}`;
  const { sizeBytes, ...rest } = referrer;
  const entry = { mediaType: mediaTypes.manifest, size: sizeBytes, ...rest };
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const page = await readFallback(transport, { repository, digest: subject }, signal);
    const manifests = page?.index.manifests ?? [];
    if (manifests.some((one) => one.digest === entry.digest)) return;
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...manifests, entry] }), 'utf8');
    const headers = { 'content-type': mediaTypes.index, ...(page?.etag === undefined ? {} : { 'if-match': page.etag }) };
    const response = await expectStatus(await transport.send({ method: 'PUT', url, headers, body }, signal), [201, 412], `fallback tag ${fallbackTag(subject)} (${digestOf(body)})`);
    await response.bytes(64 << 10);
    if (response.status === 201) return;
  }
  throw new Fault('registry-error', `fallback tag ${fallbackTag(subject)} changed under each of ${attemptsMax} attempts to add a signature`);
}
