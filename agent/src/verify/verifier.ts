/**
 * The attack this stops: anything that a registry, a mirror, a manager or a disk could give instead of what a trusted key
 * signed. This file alone makes `Verified<Artifact>`, and only from a verdict over bytes in hand.
 */
import * as z from 'zod';
import { type Digest, Fault, type Log, type Verdict, accept, parseJson, refuse } from '@pier/shared/core';
import { type SignatureCandidate, ociLimits, parseArtifactManifest } from '@pier/shared/oci';
import { judgeArtifact, scopeOf } from '@pier/shared/signing';
import type { Artifact, ArtifactRef, Verified, Verifier } from '../artifact.ts';
import type { Store } from '../store/index.ts';
import type { Registries } from './registries.ts';
import type { Trust } from './trust.ts';

export type VerifierDeps = { readonly store: Store; readonly registries: Registries; readonly trust: Trust; readonly log: Log };

type Documents = { readonly manifest: Uint8Array; readonly config: Uint8Array; readonly candidates: readonly SignatureCandidate[] };

export function createVerifier(deps: VerifierDeps): Verifier {
  const { store, registries } = deps;
  return {
    inspect: async (ref, signal) => {
      const covered = inScope(ref, deps);
      if (!covered.ok) return covered;
      const documents = await fetchDocuments(ref, registries, signal);
      const judged = judge(ref, documents, deps);
      const verdict = judged.ok ? sameScope(judged.value, deps) : judged;
      if (verdict.ok) await keepEvidence(verdict.value, documents, deps);
      return verdict;
    },
    download: async ({ layer, repository }, signal) => {
      if (await store.blobs.has(layer)) return;
      const { client, path } = registries.of(repository);
      await store.blobs.ingest(layer, untilLast(client.blob(path, layer, signal), () => deps.log.debug({ digest: layer.digest }, 'step.blob-received')), signal);
      deps.log.info({ digest: layer.digest, sizeBytes: layer.sizeBytes }, 'artifact.kept');
      deps.log.debug({ digest: layer.digest }, 'step.blob-stored');
    },
    rejudge: async ({ app, digest }) => {
      const release = store.releases.get(digest);
      if (!release) throw new Fault('not-found', `release ${digest} of app "${app}" is not in the store`);
      const [manifest, config, signatures] = await Promise.all([release.manifest, release.config, release.signatures].map((blob) => store.blobs.read(blob.digest)));
      if (!manifest || !config || !signatures) throw new Fault('not-found', `the evidence for release ${digest} is not in the store`);
      return judge({ app, digest, repository: release.repository }, { manifest, config, candidates: decodeCandidates(signatures) }, deps);
    },
  };
}

/** The same bytes; tells when all of them were taken, and none is durable yet. */
async function* untilLast(source: AsyncIterable<Uint8Array>, onLast: () => void): AsyncIterable<Uint8Array> {
  yield* source;
  onLast();
}

/** Asked before anything is fetched: who can name a repository must not send this device to hosts that its policy never named. */
function inScope({ repository }: ArtifactRef, { registries, trust }: VerifierDeps): Verdict<true> {
  const { policyName } = registries.of(repository);
  return scopeOf(trust.policy, policyName) ? accept(true) : refuse('scope-unmatched', `no scope of the policy covers ${policyName}; nothing was fetched from there`);
}

/** The small documents about an artifact; nothing in them is believed yet. Faults: those of the registry, and of a manifest that is none. */
async function fetchDocuments({ repository, digest }: ArtifactRef, registries: Registries, signal: AbortSignal): Promise<Documents> {
  const { client, path } = registries.of(repository);
  const { bytes: manifest } = await client.manifest(path, digest, signal);
  const config = await client.smallBlob(path, parseArtifactManifest(manifest).config, { sizeBytesMax: ociLimits.configBytesMax }, signal);
  const candidates = await client.signatures(path, digest, signal);
  return { manifest, config, candidates };
}

function judge(ref: ArtifactRef, documents: Documents, { store, registries, trust }: VerifierDeps): Verdict<Verified<Artifact>> {
  const verdict = judgeArtifact({
    ...documents,
    digest: ref.digest,
    repository: registries.of(ref.repository).policyName,
    policy: trust.policy,
    floor: store.numbers.floor(ref.app),
    lastGood: ownGood(ref, store),
  });
  if (!verdict.ok) return verdict;
  if (verdict.value.app !== ref.app) return refuse('manifest-invalid', `the artifact is a release of app "${verdict.value.app}", it was named as one of "${ref.app}"`);
  return accept(certify({ ...verdict.value, repository: ref.repository }));
}

/** The release itself when it has proven itself on this device as the last or the one before: a device may always return to its own. */
function ownGood({ app, digest }: ArtifactRef, store: Store): Digest | undefined {
  const record = store.apps.get(app);
  return [record?.lastGood, record?.previousGood].find((release) => release?.digest === digest)?.digest;
}

/**
 * An app's name belongs to the scope that its release on this device came from: the key of one team may not take over the
 * app, and with it the folders and pins, of another. By the policy of today, so that the root can move a name.
 */
function sameScope(artifact: Verified<Artifact>, { store, registries, trust }: VerifierDeps): Verdict<Verified<Artifact>> {
  const scopeFor = (repository: string): string | undefined => scopeOf(trust.policy, registries.of(repository).policyName)?.prefix;
  const record = store.apps.get(artifact.app);
  for (const digest of [record?.current, record?.lastGood?.digest]) {
    const held = digest ? store.releases.get(digest) : undefined;
    const [ours, theirs] = [held && scopeFor(held.repository), scopeFor(artifact.repository)];
    if (held && ours !== undefined && ours !== theirs) {
      return refuse('scope-unmatched', `app "${artifact.app}" is from ${held.repository} on this device, in scope "${ours}"; ${artifact.repository} is in scope "${theirs}", whose keys have no say about it`);
    }
  }
  return accept(artifact);
}

/** The one place where the right to run comes from. */
function certify(artifact: Artifact): Verified<Artifact> {
  return artifact as Verified<Artifact>;
}

/** Keeps what the verdict was made from, so that a start without a network can judge again. */
async function keepEvidence(artifact: Verified<Artifact>, { manifest, config, candidates }: Documents, { store, trust, log }: VerifierDeps): Promise<void> {
  const [manifestBlob, configBlob, signatures] = [await store.blobs.put(manifest), await store.blobs.put(config), await store.blobs.put(encodeCandidates(candidates))];
  const { app, version, counter, repository, layer, digest } = artifact;
  store.releases.set(digest, { app, version, counter, repository, manifest: manifestBlob, config: configBlob, signatures, layer, policy: trust.policy.number });
  log.debug({ app, digest }, 'step.release-stored');
}

const Candidates = z.array(z.strictObject({ manifest: z.string(), bundle: z.string() }));

function encodeCandidates(candidates: readonly SignatureCandidate[]): Uint8Array {
  return Buffer.from(JSON.stringify(candidates.map(({ manifest, bundle }) => ({ manifest: Buffer.from(manifest).toString('base64'), bundle: Buffer.from(bundle).toString('base64') }))));
}

function decodeCandidates(bytes: Uint8Array): SignatureCandidate[] {
  return Candidates.parse(parseJson(bytes, { what: 'stored signatures', sizeBytesMax: 64 << 20 })).map(({ manifest, bundle }) => ({ manifest: Buffer.from(manifest, 'base64'), bundle: Buffer.from(bundle, 'base64') }));
}
