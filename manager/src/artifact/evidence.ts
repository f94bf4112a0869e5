import { Asks, Limits } from '@pier/shared/capability';
import { AppName, Counter, type Digest, Fault, Version, check, parseJson } from '@pier/shared/core';
import { type ArtifactManifest, type SignatureCandidate, annotationNames, mediaTypes, ociLimits, parseArtifactManifest, parseSignatureReferrer } from '@pier/shared/oci';
import type { Registry } from '../registry/index.ts';

/** The bytes of an artifact and of the signatures attached to it, as the manager's registry has them. */
export type Found = { readonly manifest: Uint8Array; readonly config: Uint8Array; readonly candidates: readonly SignatureCandidate[]; readonly claims: Claims };

/** What an artifact says of itself. Nobody vouches for it yet: it is for showing, and for naming a refused one. */
export type Claims = { readonly app: AppName; readonly version: Version; readonly counter: number; readonly asks: Asks; readonly limits: Limits; readonly sizeBytes: number };

/** Faults: `not-found` when the registry lacks a part, `manifest-invalid` or `artifact-unsupported` for what is no artifact of ours. */
export async function findArtifact(registry: Registry, repository: string, digest: Digest): Promise<Found> {
  const stored = await registry.manifest(repository, digest);
  if (stored === undefined) throw new Fault('not-found', `the registry has no manifest ${digest} in ${repository}: push it first`);
  const parsed = parseArtifactManifest(stored.bytes);
  const config = await registry.blob(repository, parsed.config.digest, { bytesMax: ociLimits.configBytesMax });
  if (config === undefined) throw new Fault('not-found', `the registry lacks the config ${parsed.config.digest} of ${digest}`);
  return { manifest: stored.bytes, config, candidates: await findSignatures(registry, repository, digest), claims: claimsOf(parsed) };
}

async function findSignatures(registry: Registry, repository: string, digest: Digest): Promise<SignatureCandidate[]> {
  const referrers = await registry.referrers(repository, digest);
  const signatures = referrers.filter((one) => one.artifactType === mediaTypes.bundle && one.size <= ociLimits.referrerBytesMax).slice(0, ociLimits.candidatesMax);
  const found = await Promise.all(signatures.map((one) => readSignature(registry, repository, one.digest)));
  return found.filter((one) => one !== undefined);
}

async function readSignature(registry: Registry, repository: string, digest: Digest): Promise<SignatureCandidate | undefined> {
  const manifest = (await registry.manifest(repository, digest))?.bytes;
  if (manifest === undefined) return undefined;
  try {
    const { bundle } = parseSignatureReferrer(manifest);
    const bytes = await registry.blob(repository, bundle.digest, { bytesMax: ociLimits.bundleBytesMax });
    return { manifest, bundle: bytes ?? new Uint8Array() };
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    // Malformed ones are judged like all others, so that the reason tells of them.
    return { manifest, bundle: new Uint8Array() };
  }
}

function claimsOf({ annotations, layer }: ArtifactManifest): Claims {
  const of = (name: string): string => annotations[name] ?? '';
  const what = (name: string) => ({ what: `annotation ${name}`, code: 'manifest-invalid' as const });
  const json = (name: string) => (of(name) === '' ? {} : parseJson(of(name), { what: `annotation ${name}` }));
  return {
    app: check(AppName, of(annotationNames.app), what(annotationNames.app)),
    version: check(Version, of(annotationNames.version), what(annotationNames.version)),
    counter: check(Counter, Number(of(annotationNames.counter)), what(annotationNames.counter)),
    asks: check(Asks, json(annotationNames.asks), what(annotationNames.asks)),
    limits: check(Limits, json(annotationNames.limits), what(annotationNames.limits)),
    sizeBytes: layer.sizeBytes,
  };
}
