import { type Verdict, refuse } from '@pier/shared/core';
import { type Bindings, type Grant, Asks, grantOf } from '@pier/shared/capability';
import { BoardProfile, reservedLines, reservedPorts } from '@pier/shared/hardware';
import { parseReference, policyNameOf } from '@pier/shared/oci';
import { type TrustPolicy, scopeOf } from '@pier/shared/signing';

/**
 * Whether a device's owner has agreed to what a release asks for: the same sum as the device makes, ask ∩ binding ∩ policy.
 * Where it does not cover every ask that is not optional, the release is not offered and the reason is shown instead.
 */
export function consentTo(of: {
  readonly release: { readonly app: string; readonly repository: string; readonly asks: unknown };
  readonly bindings: Bindings | undefined;
  readonly profile: unknown;
  readonly policy: TrustPolicy;
}): Verdict<Grant> {
  const { repository, asks, app } = of.release;
  const scope = scopeOf(of.policy, policyNameOf(parseReference(repository)));
  if (!scope) return refuse('scope-unmatched', `no scope of the policy covers ${repository}, from which app ${app} comes`);
  const profile = BoardProfile.parse(of.profile);
  return grantOf({ asks: Asks.parse(asks), bindings: of.bindings ?? {}, allowed: scope.capabilities, reserved: reservedLines(profile), reservedPorts: reservedPorts(profile) });
}
