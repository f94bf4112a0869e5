/**
 * The verdict on an artifact, from bytes and policy alone: no clock, no network, no disk. The attack this stops: anything that a
 * registry, or whoever stands in front of it, could serve instead of what a trusted key signed. To the manager and the CLI
 * a verdict is display; on a device it is the only way to the right to run.
 */
import * as z from 'zod';
import { type CapabilityKind, Asks, Limits } from '../capability/index.ts';
import { AppName, Counter, type Digest, Fault, type KeyId, type Verdict, Version, accept, canonicalJson, check, parseJson, refuse } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import { type ArtifactManifest, type Blob, type SignatureCandidate, annotationNames, checkArtifactConfig, ociLimits, parseArtifactManifest } from '../oci/index.ts';
import { readCandidate } from './bundle.ts';
import { signersOf } from './dsse.ts';
import { type Scope, type TrustPolicy, keysOf, scopeOf } from './policy.ts';

export type ArtifactFacts = {
  readonly digest: Digest;
  readonly app: AppName;
  readonly version: Version;
  readonly counter: number;
  readonly asks: Asks;
  readonly limits: Limits;
  readonly layer: Blob;
  /** Trusted keys that signed it, each once. */
  readonly signedBy: readonly KeyId[];
  /** Kinds that the policy allows to apps of this scope. */
  readonly capabilities: readonly CapabilityKind[];
};

export type Evidence = {
  /** What was asked for; everything else must fit it. */
  readonly digest: Digest;
  readonly manifest: Uint8Array;
  readonly config: Uint8Array;
  readonly candidates: readonly SignatureCandidate[];
  /** Policy name: `manager/<repository>` or `<host>/<repository>`. */
  readonly repository: string;
  readonly policy: TrustPolicy;
  /** The highest release that this device has kept of the app. */
  readonly floor?: { readonly counter: number; readonly digest: Digest } | undefined;
  /** The device's own proven release, to which it may always return. */
  readonly lastGood?: Digest | undefined;
};

/**
 * Judges an artifact. Refusals: `digest-mismatch`, `manifest-invalid`, `artifact-unsupported`, `scope-unmatched`, `unsigned`,
 * `signature-invalid`, `untrusted-signer`, `release-older`, `release-conflict`.
 */
export function judgeArtifact(evidence: Evidence): Verdict<ArtifactFacts> {
  const content = judgeContent(evidence);
  if (!content.ok) return content;
  const scope = scopeOf(evidence.policy, evidence.repository);
  if (!scope) return refuse('scope-unmatched', `the policy has no scope for ${evidence.repository.slice(0, 300)}`);
  const signers = judgeSignatures(evidence, scope);
  if (!signers.ok) return signers;
  const claims = judgeAnnotations(content.value);
  if (!claims.ok) return claims;
  const fresh = judgeCounter(evidence, claims.value.counter);
  if (!fresh.ok) return fresh;
  return accept({ digest: evidence.digest, ...claims.value, layer: content.value.layer, signedBy: signers.value, capabilities: scope.capabilities });
}

/** Step 1: the bytes are those of the digest, and make one consistent artifact. */
function judgeContent({ digest, manifest, config }: Evidence): Verdict<ArtifactManifest> {
  const seen = digestOf(manifest);
  if (seen !== digest) return refuse('digest-mismatch', `manifest: expected ${digest}, read ${seen}`);
  return faultsRefused(() => {
    const parsed = parseArtifactManifest(manifest);
    checkArtifactConfig(config, parsed);
    return parsed;
  });
}

/** Step 2: enough different keys of the scope signed exactly this manifest. What fails is skipped, and its reason kept. */
function judgeSignatures({ digest, manifest, candidates, policy }: Evidence, scope: Scope): Verdict<KeyId[]> {
  if (candidates.length === 0) return refuse('unsigned', `no signature is attached to ${digest}`);
  const keys = keysOf(policy, 'release').filter((key) => scope.keys.includes(key.id));
  const signedBy = new Set<KeyId>();
  const reasons: string[] = [];
  let wellFormed = 0;
  for (const candidate of candidates.slice(0, ociLimits.candidatesMax)) {
    const read = readCandidate(candidate, { digest, sizeBytes: manifest.byteLength });
    const ids = read.ok ? signersOf(read.value, keys) : [];
    wellFormed += read.ok ? 1 : 0;
    for (const id of ids) signedBy.add(id);
    if (signedBy.size >= scope.threshold) return accept([...signedBy]);
    if (ids.length === 0) reasons.push(read.ok ? strangeness(read.value.saysKey, policy, scope) : read.refusal.reason);
  }
  const counted = candidates.length === 1 && scope.threshold === 1 ? 'its only signature does not count' : `${signedBy.size} of ${scope.threshold} needed keys in ${candidates.length} ${candidates.length === 1 ? 'signature' : 'signatures'}`;
  return refuse(wellFormed > 0 ? 'untrusted-signer' : 'signature-invalid', `${counted}: ${listed(reasons)}`);
}

/** Why a well-formed signature is of none of the scope's keys, by the key that it names itself: verifying it with every other key would let a registry keep a board busy. */
function strangeness(saysKey: string | undefined, { root, keys }: TrustPolicy, { prefix, keys: trusted }: Scope): string {
  const wanted = `the policy does not name as a release key for "${prefix}"`;
  if (saysKey === undefined) return `signed by a key that ${wanted}`;
  const short = saysKey.slice(0, keyDigitsShown);
  if (trusted.some((id) => id === saysKey)) return `it names the trusted key ${short}, but that key did not sign this`;
  const role = saysKey === root.id ? 'root' : keys.find(({ id }) => id === saysKey)?.role;
  return `signed by ${role === undefined ? '' : `the ${role} `}key ${short}, which ${wanted}`;
}

const keyDigitsShown = 12;
const reasonsShown = 4;
const reasonCharactersMax = 160;

function listed(reasons: readonly string[]): string {
  const shown = reasons.slice(0, reasonsShown).map((reason, index) => `${reasons.length === 1 ? '' : `${index + 1}. `}${reason.slice(0, reasonCharactersMax)}`);
  return [...shown, ...(reasons.length > reasonsShown ? [`and ${reasons.length - reasonsShown} more`] : [])].join('; ') || 'each by a key that was counted';
}

type Claims = Pick<ArtifactFacts, 'app' | 'version' | 'counter' | 'asks' | 'limits'>;

const CounterText = z.string().regex(/^[1-9][0-9]{0,15}$/, 'a decimal number from 1').transform(Number).pipe(Counter);

/** Step 3: Pier's own facts, which the signature covers through the manifest's digest. */
function judgeAnnotations({ annotations }: ArtifactManifest): Verdict<Claims> {
  const of = (name: string): string => {
    if (!Object.hasOwn(annotations, name)) throw new Fault('manifest-invalid', `annotation ${name} is missing`);
    return annotations[name] ?? '';
  };
  const text = <S extends z.ZodType>(schema: S, name: string): z.infer<S> => check(schema, of(name), { what: `annotation ${name}`, code: 'manifest-invalid' });
  const json = <S extends z.ZodType>(schema: S, name: string): z.infer<S> => check(schema, canonical(of(name), name), { what: `annotation ${name}`, code: 'manifest-invalid' });
  return faultsRefused(() => ({
    app: text(AppName, annotationNames.app),
    version: text(Version, annotationNames.version),
    counter: text(CounterText, annotationNames.counter),
    asks: json(Asks, annotationNames.asks),
    limits: json(Limits, annotationNames.limits),
  }));
}

/** Canonical means: one spelling for one meaning, so that people who compare two releases see every difference. */
function canonical(text: string, name: string): unknown {
  const value = parseJson(text, { what: `annotation ${name}` });
  if (canonicalJson(value) !== text) throw new Fault('manifest-invalid', `annotation ${name} is not canonical JSON (RFC 8785)`);
  return value;
}

/** Step 4: nothing older than what the device has had, and one digest per release; its own proven release always may return. */
function judgeCounter({ digest, floor, lastGood }: Evidence, counter: number): Verdict<true> {
  if (!floor || digest === lastGood) return accept(true);
  if (counter < floor.counter) return refuse('release-older', `release ${counter} is older than ${floor.counter}, which this device has had`);
  if (counter === floor.counter && digest !== floor.digest) return refuse('release-conflict', `release ${counter} is already ${floor.digest}, this is ${digest}`);
  return accept(true);
}

/** Reading faults are about what was offered, so they are refusals here. */
function faultsRefused<T>(read: () => T): Verdict<T> {
  try {
    return accept(read());
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return refuse(thrown.code === 'json-invalid' || thrown.code === 'too-large' ? 'manifest-invalid' : thrown.code, thrown.message);
  }
}
