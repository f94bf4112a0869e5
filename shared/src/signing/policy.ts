/**
 * The trust policy: which keys may say what about which repositories. Signed by the root key, which the device knows by its id
 * from the claim token; the attack this stops is a manager or registry that brings its own trust.
 */
import * as z from 'zod';
import { capabilityKinds } from '../capability/index.ts';
import { KeyId, type Verdict, accept, issuesOf, parseJson, refuse, toFault } from '../core/index.ts';
import { Envelope } from '../wire/index.ts';
import { decodeBase64, openEnvelope, payloadTypes } from './dsse.ts';
import { type PublicKey, keyIdOf } from './keys.ts';

export const KeyRole = z.enum(['release', 'operator', 'scheduler']);
export type KeyRole = z.infer<typeof KeyRole>;

const Pem = z.string().max(1_024);
const idFits = { error: 'the id is not the hash of this P-256 public key' };
const RootKey = z.strictObject({ id: KeyId, pem: Pem }).refine(isOwnId, idFits);
const TrustedKey = z.strictObject({ id: KeyId, name: z.string().min(1).max(64), role: KeyRole, pem: Pem }).refine(isOwnId, idFits);

/** What a scope allows that does not say: fixed, so that a newer agent gives nobody more than was signed. */
const unsaidKinds = ['gpio', 'storage'] as const;

/** Who may sign artifacts of a repository prefix: `manager`, `manager/apps`, `host:5000/team`. */
export const Scope = z.strictObject({
  prefix: z.string().max(255).regex(/^[a-z0-9[\]:._-]+(?:\/[a-z0-9._-]+)*$/, 'a scope is "manager" or a host, then repository parts separated by "/"'),
  keys: z.array(KeyId).min(1).max(64),
  threshold: z.int().min(1).default(1),
  capabilities: z.array(z.enum(capabilityKinds)).max(capabilityKinds.length).default([...unsaidKinds]),
});
export type Scope = z.infer<typeof Scope>;

export const TrustPolicy = z
  .strictObject({
    number: z.int().min(1),
    root: RootKey,
    keys: z.array(TrustedKey).max(256),
    scopes: z.array(Scope).max(256),
    bindings: z.literal('manager'),
    permits: z.literal('optional'),
    unsignedCommands: z.enum(['readOnly', 'allow']),
    /** A rollout to more devices than this waits until a second person approves it. */
    approvals: z.strictObject({ above: z.int().min(0) }).optional(),
  })
  .superRefine((policy, context) => {
    for (const message of contradictions(policy)) context.addIssue({ code: 'custom', message });
  });
export type TrustPolicy = z.infer<typeof TrustPolicy>;

function isOwnId({ id, pem }: PublicKey): boolean {
  try {
    return keyIdOf(pem) === id;
  } catch {
    // Not a key at all: the message of the check covers it.
    return false;
  }
}

type Parts = { readonly keys: readonly { readonly id: KeyId; readonly role: KeyRole }[]; readonly scopes: readonly Scope[] };

/** Everything about a policy that its shape alone does not tell. */
function contradictions({ keys, scopes }: Parts): string[] {
  const releaseIds = new Set(keys.filter((key) => key.role === 'release').map((key) => key.id));
  return [
    ...repeated(keys.map((key) => key.id)).map((id) => `key ${id} is listed more than once`),
    ...repeated(scopes.map((scope) => scope.prefix)).map((prefix) => `scope "${prefix}" is listed more than once`),
    ...scopes.flatMap((scope) => [
      ...repeated(scope.keys).map((id) => `scope "${scope.prefix}" lists key ${id} more than once`),
      ...scope.keys.filter((id) => !releaseIds.has(id)).map((id) => `scope "${scope.prefix}" names ${id}, which is no release key of this policy`),
      ...(scope.threshold > scope.keys.length ? [`scope "${scope.prefix}" wants ${scope.threshold} signatures of ${scope.keys.length} keys`] : []),
    ]),
  ];
}

function repeated<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

const policyBytesMax = 1 << 20;

/**
 * Opens a signed policy against the root that is trusted: the document carries the key, the key must hash to `rootId` and must
 * have signed it, and its number must be above `above` when given. Refusal: `policy-invalid`, saying why.
 */
export function openPolicy(envelope: unknown, { rootId, above }: { readonly rootId: KeyId; readonly above?: number }): Verdict<{ policy: TrustPolicy }> {
  const root = claimedRoot(envelope);
  if (!root.ok) return root;
  if (root.value.id !== rootId) return invalid(`its root key is ${root.value.id}, this device trusts ${rootId}`);
  const opened = openEnvelope(envelope, { payloadType: payloadTypes.policy, keys: [root.value] });
  if (!opened.ok) return invalid(opened.refusal.reason);
  const policy = TrustPolicy.safeParse(jsonOf(opened.value.payload));
  if (!policy.success) return invalid(issuesOf(policy.error));
  if (above !== undefined && policy.data.number <= above) return invalid(`its number ${policy.data.number} is not above ${above}, which is already known`);
  return accept({ policy: policy.data });
}

/** The key that an envelope, still unproven, brings along; its id is computed here. */
function claimedRoot(envelope: unknown): Verdict<PublicKey> {
  const parsed = Envelope.safeParse(envelope);
  const payload = parsed.success ? decodeBase64(parsed.data.payload) : undefined;
  if (!payload) return invalid('not a DSSE envelope with a base64 payload');
  const claim = z.object({ root: z.object({ pem: Pem }) }).safeParse(jsonOf(payload));
  if (!claim.success) return invalid('its payload is no policy with a root key');
  try {
    return accept({ id: keyIdOf(claim.data.root.pem), pem: claim.data.root.pem });
  } catch (thrown) {
    return invalid(`root key: ${toFault(thrown).message}`);
  }
}

function invalid(why: string): ReturnType<typeof refuse> {
  return refuse('policy-invalid', `trust policy: ${why}`);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, { what: 'trust policy', sizeBytesMax: policyBytesMax });
  } catch {
    // Undefined fits no schema; the caller's sentence says what was expected.
    return undefined;
  }
}

export function keysOf(policy: TrustPolicy, role: KeyRole): PublicKey[] {
  return policy.keys.filter((key) => key.role === role).map(({ id, pem }) => ({ id, pem }));
}

/** The longest scope that covers a repository's policy name, at "/" boundaries: `manager/apps` does not cover `manager/apps-evil`. */
export function scopeOf(policy: TrustPolicy, repository: string): Scope | undefined {
  return policy.scopes
    .filter(({ prefix }) => repository === prefix || repository.startsWith(`${prefix}/`))
    .toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
}
