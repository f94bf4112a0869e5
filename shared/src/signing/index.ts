export { Envelope } from '../wire/index.ts';
export { type Opened, type PayloadType, openEnvelope, payloadTypes, signEnvelope } from './dsse.ts';
export { type KeyPair, type PublicKey, generateKeyPair, keyIdOf, publicPemOf } from './keys.ts';
export { KeyRole, Scope, TrustPolicy, keysOf, openPolicy, scopeOf } from './policy.ts';
export { makeSignature } from './bundle.ts';
export { type ArtifactFacts, type Evidence, judgeArtifact } from './judge.ts';
export { type SignatureCandidate } from '../oci/index.ts';
