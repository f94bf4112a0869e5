import { type Digest, Fault, type FaultCode, type KeyId, type Refusal } from '@pier/shared/core';
import { policyNameOf } from '@pier/shared/oci';
import { judgeArtifact, scopeOf } from '@pier/shared/signing';
import type { Registry } from '../registry/index.ts';
import { type Claims, findArtifact } from './evidence.ts';
import type { PolicyInForce } from './policy.ts';

/** The manager's own look at an artifact, for showing and for not offering what every device would refuse. */
export type Judged = { readonly claims: Claims; readonly signedBy: readonly KeyId[]; readonly refusal: Refusal | undefined; readonly policyNumber: number | null };

/** What is wrong with the bytes themselves: it can be no release, not even a rejected one. */
const noArtifact: ReadonlySet<FaultCode> = new Set(['digest-mismatch', 'manifest-invalid', 'artifact-unsupported']);

/** Faults: as `findArtifact`, and `digest-mismatch`. A refusal by policy is part of the answer. */
export async function judgeStored({ registry, repository, digest, inForce }: { registry: Registry; repository: string; digest: Digest; inForce: PolicyInForce | undefined }): Promise<Judged> {
  const { claims, ...bytes } = await findArtifact(registry, repository, digest);
  if (inForce === undefined) return { claims, signedBy: [], refusal: { code: 'policy-missing', reason: 'no trust policy has been set yet, so nothing tells whose signatures count' }, policyNumber: null };
  const verdict = judgeArtifact({ digest, ...bytes, repository: policyNameOf({ repository }), policy: inForce.policy });
  if (verdict.ok) return { claims, signedBy: verdict.value.signedBy, refusal: undefined, policyNumber: inForce.number };
  if (noArtifact.has(verdict.refusal.code)) throw new Fault(verdict.refusal.code, verdict.refusal.reason);
  return { claims, signedBy: [], refusal: verdict.refusal, policyNumber: inForce.number };
}

/**
 * Refuses an app's name to another scope than that of its verified releases: else a key that may sign in one scope would
 * replace, on every device, what only another scope's keys may sign.
 */
export function judgeScope<V extends Omit<Judged, 'claims'>>(judged: V, { app, repository, others, inForce }: { app: string; repository: string; others: readonly string[]; inForce: PolicyInForce | undefined }): V {
  const prefixOf = (name: string): string | undefined => inForce && scopeOf(inForce.policy, policyNameOf({ repository: name }))?.prefix;
  const own = prefixOf(repository);
  const rival = others.find((other) => prefixOf(other) !== undefined && prefixOf(other) !== own);
  if (judged.refusal !== undefined || rival === undefined) return judged;
  const reason = `${repository} lies in the policy's scope "${own}", but app ${app} has verified releases from ${rival}, in scope "${prefixOf(rival)}"; an app keeps to one scope`;
  return { ...judged, signedBy: [], refusal: { code: 'scope-unmatched', reason } };
}
