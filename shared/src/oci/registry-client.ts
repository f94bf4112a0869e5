import type { Digest } from '../core/index.ts';
import type { Blob, SignatureCandidate } from './manifest.ts';
import { type PulledManifest, blobExists, pullBlob, pullManifest, pullSmallBlob } from './pull.ts';
import { pushBlob, pushManifest, pushSignature } from './push.ts';
import { pullSignatures } from './referrers.ts';
import { type RegistryOptions, createTransport } from './transport.ts';

/**
 * One OCI registry (distribution-spec 1.1). Faults of every call: `unreachable`, `timed-out`, `unauthenticated`, `forbidden`,
 * `not-found`, `registry-error`, `input-invalid` for names; whatever a registry answers is bounded in size and time.
 */
export type RegistryClient = Disposable & {
  /** By tag or digest; the digest is computed here. Faults: `digest-mismatch`, `manifest-invalid`, `too-large`. */
  manifest(repository: string, ref: string, signal: AbortSignal): Promise<PulledManifest>;
  /** Streams exactly the declared size or faults `digest-mismatch`; does not hash, its reader does. */
  blob(repository: string, blob: Blob, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Whole and hashed. Faults: `digest-mismatch`, `too-large`. */
  smallBlob(repository: string, blob: Blob, cap: { readonly sizeBytesMax: number }, signal: AbortSignal): Promise<Uint8Array>;
  /** Candidates for a judge, not proof of anything. */
  signatures(repository: string, digest: Digest, signal: AbortSignal): Promise<SignatureCandidate[]>;
  hasBlob(repository: string, digest: Digest, signal: AbortSignal): Promise<boolean>;
  pushBlob(repository: string, bytes: Uint8Array, signal: AbortSignal): Promise<Digest>;
  /** Under a tag, or by digest without one. */
  pushManifest(repository: string, bytes: Uint8Array, under: { readonly tag?: string | undefined }, signal: AbortSignal): Promise<Digest>;
  /** Gives the digest of the signature's own manifest. */
  pushSignature(repository: string, signature: SignatureCandidate & { readonly digest: Digest }, signal: AbortSignal): Promise<Digest>;
};

/** Opens a client; nothing is sent yet. Faults: `input-invalid` for the origin, or credentials over plain HTTP to another machine. */
export function registryClient(options: RegistryOptions): RegistryClient {
  const transport = createTransport(options);
  const timeoutMs = options.timeoutMs ?? 30_000;
  return {
    manifest: async (repository, ref, signal) => {
      const { bytes, digest, mediaType } = await pullManifest(transport, { repository, ref }, signal);
      return { bytes, digest, mediaType };
    },
    blob: (repository, blob, signal) => pullBlob(transport, { repository, ...blob, timeoutMs }, signal),
    smallBlob: (repository, blob, { sizeBytesMax }, signal) => pullSmallBlob(transport, { repository, ...blob, sizeBytesMax, timeoutMs }, signal),
    signatures: (repository, digest, signal) => pullSignatures(transport, { repository, digest, timeoutMs }, signal),
    hasBlob: (repository, digest, signal) => blobExists(transport, { repository, digest }, signal),
    pushBlob: (repository, bytes, signal) => pushBlob(transport, { repository, bytes }, signal),
    pushManifest: async (repository, bytes, { tag }, signal) => (await pushManifest(transport, { repository, bytes, tag }, signal)).digest,
    pushSignature: (repository, signature, signal) => pushSignature(transport, { repository, ...signature }, signal),
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}
