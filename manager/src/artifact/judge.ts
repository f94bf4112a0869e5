import { type Digest, Fault, type FaultCode, type KeyId, type Refusal } from '@pier/shared/core';
import { policyNameOf } from '@pier/shared/oci';
import { judgeArtifact } from '@pier/shared/signing';
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
