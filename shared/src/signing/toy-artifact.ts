/** A small signed world for tests: real keys, a real policy, a packed artifact and its signature. */
import { Asks, Limits } from '../capability/index.ts';
import { AppName, Version } from '../core/index.ts';
import { type PackedArtifact, type SignatureCandidate, packArtifact } from '../oci/index.ts';
import { makeSignature } from './bundle.ts';
import { type KeyPair, generateKeyPair } from './keys.ts';
import type { Evidence } from './judge.ts';
import { type KeyRole, TrustPolicy } from './policy.ts';

export type ToyWorld = { readonly root: KeyPair; readonly release: KeyPair; readonly second: KeyPair; readonly operator: KeyPair; readonly stranger: KeyPair };

export function toyWorld(): ToyWorld {
  return { root: generateKeyPair(), release: generateKeyPair(), second: generateKeyPair(), operator: generateKeyPair(), stranger: generateKeyPair() };
}

/** The policy as a person would write it: defaults left out. */
export function policyInput({ root, release, second, operator }: ToyWorld) {
  const named = (name: string, role: KeyRole, { id, publicPem }: KeyPair) => ({ id, name, role, pem: publicPem });
  return {
    number: 5,
    root: { id: root.id, pem: root.publicPem },
    keys: [named('ci', 'release', release), named('lead', 'release', second), named('ada', 'operator', operator)],
    scopes: [{ prefix: 'manager/apps', keys: [release.id] }],
    bindings: 'manager',
    permits: 'optional',
    unsignedCommands: 'readOnly',
  };
}

export function toyArtifact({ counter = 7, app = 'blink' } = {}): PackedArtifact {
  const asks = Asks.parse({ gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] });
  return packArtifact({ wasm: Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), app: AppName.parse(app), version: Version.parse('1.0.0'), counter, asks, limits: Limits.parse({}), title: 'blink.wasm' });
}

export function signedBy({ privatePem }: KeyPair, { digest, manifest }: Pick<PackedArtifact, 'digest' | 'manifest'>): SignatureCandidate {
  return makeSignature({ digest, manifestSizeBytes: manifest.byteLength, privatePem });
}

/** What a judge sees of an artifact with these signatures. */
export function evidenceOf(world: ToyWorld, { artifact = toyArtifact(), candidates }: { artifact?: PackedArtifact; candidates: readonly SignatureCandidate[] }): Evidence {
  return { digest: artifact.digest, manifest: artifact.manifest, config: artifact.config.bytes, candidates, repository: 'manager/apps/blink', policy: TrustPolicy.parse(policyInput(world)) };
}
