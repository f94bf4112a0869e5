import { type AppName, type Digest, Fault, type Label, type Verdict, accept, canonicalJson } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type Bindings, type Grant, grantOf } from '@pier/shared/capability';
import { type BoardProfile, reservedLines } from '@pier/shared/hardware';
import type { Artifact, Verified, Verifier } from '../artifact.ts';
import type { Store } from '../store/index.ts';
import { reservedPortNames } from './resources/index.ts';
import type { Runner } from './sandbox/index.ts';

/** A verified release with the rights it has on this device today: all that a start needs. */
export type Program = {
  readonly artifact: Verified<Artifact>;
  readonly wasm: Uint8Array;
  readonly grant: Grant;
  /** Two grants are the same when these are. */
  readonly grantHash: Digest;
  readonly storage: ReadonlyMap<Label, string>;
};

export type ProgramDeps = { readonly store: Store; readonly verifier: Verifier; readonly profile: BoardProfile; readonly runner: Pick<Runner, 'admit'> };

/** What the bindings give to an artifact on this board: ask ∩ binding ∩ policy, less what the board reserves. */
export function grantFor(artifact: Artifact, bindings: Bindings, profile: BoardProfile): Verdict<Grant> {
  return grantOf({ asks: artifact.asks, bindings, allowed: artifact.capabilities, reserved: reservedLines(profile), reservedPorts: reservedPortNames(profile, bindings) });
}

export const grantHashOf = (grant: Grant): Digest => digestOf(canonicalJson(JSON.parse(JSON.stringify(grant))));

/**
 * Loads a stored release for a start: judged again from the evidence on disk, its wasm hashed again, its grant computed,
 * its imports held against the grant. Refused by any of them. Faults: `digest-mismatch` and `not-found` when the disk lost bytes.
 */
export async function loadProgram(want: { app: AppName; digest: Digest; bindings: Bindings }, deps: ProgramDeps): Promise<Verdict<Program>> {
  const verdict = await deps.verifier.rejudge({ app: want.app, digest: want.digest });
  if (!verdict.ok) return verdict;
  const artifact = verdict.value;
  const granted = grantFor(artifact, want.bindings, deps.profile);
  if (!granted.ok) return granted;
  const grant = granted.value;
  const wasm = await deps.store.blobs.read(artifact.layer.digest);
  if (wasm.byteLength !== artifact.layer.sizeBytes) throw new Fault('digest-mismatch', `the wasm of ${want.digest} has ${wasm.byteLength} bytes, its manifest says ${artifact.layer.sizeBytes}`);
  const admitted = deps.runner.admit(wasm, grant);
  if (!admitted.ok) return admitted;
  const storage = new Map<Label, string>();
  for (const { ask } of grant.storage) storage.set(ask.label, await deps.store.storageFolder(want.app, ask.label));
  return accept({ artifact, wasm, grant, grantHash: grantHashOf(grant), storage });
}
