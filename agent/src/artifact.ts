/**
 * Proof in the type: `Verified<Artifact>` is the right to run, and `verify/` alone makes it. Types only,
 * so that the stages can share the proof without knowing one another.
 */
import type { CapabilityKind, Asks, Limits } from '@pier/shared/capability';
import type { AppName, Digest, KeyId, Verdict, Version } from '@pier/shared/core';

export type Artifact = {
  readonly digest: Digest;
  readonly repository: string;
  readonly app: AppName;
  readonly version: Version;
  readonly counter: number;
  readonly asks: Asks;
  readonly limits: Limits;
  readonly layer: { readonly digest: Digest; readonly sizeBytes: number };
  readonly signedBy: readonly KeyId[];
  /** Kinds of host function that the policy's scope leaves to this app. */
  readonly capabilities: readonly CapabilityKind[];
};

declare const checked: unique symbol;

export type Verified<T> = T & { readonly [checked]: true };

/** Which release to look at: where it is kept, and its name. */
export type ArtifactRef = { readonly app: AppName; readonly repository: string; readonly digest: Digest };

/** What the verify stage offers to the ones behind it. */
export type Verifier = {
  /** Fetches the small documents and judges them; an accepted artifact's evidence is in the store afterwards. Throws Faults of the network. */
  inspect(ref: ArtifactRef, signal: AbortSignal): Promise<Verdict<Verified<Artifact>>>;
  /** Fetches the wasm of an accepted artifact into the store, unless it is there. */
  download(artifact: Verified<Artifact>, signal: AbortSignal): Promise<void>;
  /** Judges a stored release again, from the evidence on disk alone. */
  rejudge(ref: Omit<ArtifactRef, 'repository'>): Promise<Verdict<Verified<Artifact>>>;
};
