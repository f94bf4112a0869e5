import { describe, expect, test } from 'vitest';
import type { Envelope } from '../wire/index.ts';
import { canonicalJson } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import type { SignatureCandidate } from '../oci/index.ts';
import { makeSignature } from './bundle.ts';
import { signEnvelope } from './dsse.ts';
import { judgeArtifact } from './judge.ts';
import { type KeyPair, keyIdOf } from './keys.ts';
import { evidenceOf, signedBy, toyArtifact, toyWorld } from './toy-artifact.ts';

const world = toyWorld();
const artifact = toyArtifact();
const other = toyArtifact({ counter: 8 });
const hex = artifact.digest.slice(7);
const good = signedBy(world.release, artifact);
const json = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
const without = (object: object, key: string): object => Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
const inToto = 'application/vnd.in-toto+json';

type Parts = { statement?: unknown; payloadType?: string; key?: KeyPair; bundle?: (bundle: Record<string, unknown> & { dsseEnvelope: Envelope }) => unknown; manifest?: (manifest: Record<string, unknown>) => unknown };

const statement = { _type: 'https://in-toto.io/Statement/v1', subject: [{ digest: { sha256: hex } }], predicateType: 'https://sigstore.dev/cosign/sign/v1', predicate: {} };

/** A signature in which one part was made differently, and everything around it fits. */
function made({ statement: said = statement, payloadType = inToto, key = world.release, bundle: bent = (same) => same, manifest: remade = (same) => same }: Parts): SignatureCandidate {
  const dsseEnvelope = signEnvelope({ payloadType, payload: typeof said === 'string' ? said : JSON.stringify(said), privatePem: key.privatePem });
  const bundled = bent({ ...json(good.bundle), dsseEnvelope });
  const bundle = Buffer.from(typeof bundled === 'string' ? bundled : JSON.stringify(bundled));
  const layers = [{ mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', size: bundle.byteLength, digest: digestOf(bundle) }];
  return { bundle, manifest: Buffer.from(JSON.stringify(remade({ ...json(good.manifest), layers }))) };
}

const judge = (candidate: SignatureCandidate) => judgeArtifact(evidenceOf(world, { artifact, candidates: [candidate] }));

test('the workshop of these tests makes signatures that count', () => {
  expect(judge(made({}))).toMatchObject({ ok: true, value: { signedBy: [world.release.id] } });
});

test('a signature is written as cosign 3 writes it', () => {
  const { dsseEnvelope, ...bundle } = json(good.bundle) as { dsseEnvelope: Envelope };
  const hint = Buffer.from(keyIdOf(world.release.publicPem), 'hex').toString('base64');
  expect(bundle).toEqual({ mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', verificationMaterial: { publicKey: { hint }, tlogEntries: [] } });
  expect(dsseEnvelope).toMatchObject({ payloadType: inToto, signatures: [{ sig: expect.any(String) as string }] });
  expect(dsseEnvelope.signatures[0]).not.toHaveProperty('keyid');
  expect(Buffer.from(dsseEnvelope.payload, 'base64').toString()).toBe(JSON.stringify(statement));
  expect(json(good.manifest)).toEqual({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', size: 2, digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a', artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' },
    layers: [{ mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', size: good.bundle.byteLength, digest: digestOf(good.bundle) }],
    annotations: { 'dev.sigstore.bundle.content': 'dsse-envelope', 'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1' },
    subject: { mediaType: 'application/vnd.oci.image.manifest.v1+json', size: artifact.manifest.byteLength, digest: artifact.digest },
    artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  });
});

test('the time of signing is noted only where it is given', () => {
  const dated = makeSignature({ digest: artifact.digest, manifestSizeBytes: artifact.manifest.byteLength, privatePem: world.release.privatePem, createdAt: '2026-01-01T00:00:00Z' });
  expect(json(dated.manifest)).toMatchObject({ annotations: { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' } });
  expect(judge(dated).ok).toBe(true);
});

describe('a trusted signature is not one when', () => {
  const material = (value: object) => (bundle: object) => ({ ...bundle, verificationMaterial: value });
  const envelope = (change: (envelope: Envelope) => unknown) => (bundle: { dsseEnvelope: Envelope }) => ({ ...bundle, dsseEnvelope: change(bundle.dsseEnvelope) });
  const subject = (value: unknown): Parts => ({ statement: { ...statement, subject: value } });
  test.each<[string, Parts, string]>([
    ['its statement is an SBOM', { statement: { ...statement, predicateType: 'https://spdx.dev/Document' } }, 'which is not a signature'],
    ['its statement is provenance', { statement: { ...statement, predicateType: 'https://slsa.dev/provenance/v1' } }, 'which is not a signature'],
    ['its statement has no predicate type', { statement: { ...statement, predicateType: undefined } }, 'predicateType'],
    ['its statement is of a foreign kind', { statement: { ...statement, _type: 'https://example.com/Statement/v9' } }, '_type'],
    ['its statement has no subject', subject([]), 'subject'],
    ['its subject is another artifact', subject([{ digest: { sha256: other.digest.slice(7) } }]), 'about another artifact'],
    ['its subject has only a sha512', subject([{ digest: { sha512: hex + hex } }]), 'about another artifact'],
    ['its subject is a prefix of the digest', subject([{ digest: { sha256: hex.slice(0, 63) } }]), 'about another artifact'],
    ['its subject is in upper case', subject([{ digest: { sha256: hex.toUpperCase() } }]), 'about another artifact'],
    ['its subject is the digest with its algorithm', subject([{ digest: { sha256: artifact.digest } }]), 'about another artifact'],
    ['it has 5 000 subjects', subject(Array.from({ length: 5_000 }, () => ({ digest: {} }))), 'statement'],
    ['its statement names a key twice', { statement: JSON.stringify(statement).replace('{', '{"predicateType":"https://spdx.dev/Document",') }, 'duplicate key'],
    ['its statement is no JSON', { statement: 'signed, me' }, 'in-toto statement'],
    ['its payload is called plain text', { payloadType: 'text/plain' }, 'expected "application/vnd.in-toto+json"'],
    ['its payload type is in other letters', { payloadType: 'application/vnd.In-Toto+json' }, 'expected "application/vnd.in-toto+json"'],
    ['its bundle is of version 0.1', { bundle: (bundle) => ({ ...bundle, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' }) }, 'mediaType'],
    ['its bundle is of no known type', { bundle: (bundle) => ({ ...bundle, mediaType: 'application/json' }) }, 'mediaType'],
    ['its bundle holds a message signature', { bundle: (same) => ({ ...without(same, 'dsseEnvelope'), messageSignature: { signature: 'AA==' } }) }, 'messageSignature'],
    ['a certificate is beside the key', { bundle: material({ publicKey: {}, certificate: { rawBytes: 'AA==' } }) }, 'certificate'],
    ['a certificate is in place of the key', { bundle: material({ x509CertificateChain: { certificates: [] } }) }, 'verificationMaterial'],
    ['it carries nothing to verify by', { bundle: (same) => without(same, 'verificationMaterial') }, 'verificationMaterial'],
    ['it has 33 log entries', { bundle: material({ publicKey: {}, tlogEntries: Array.from({ length: 33 }, () => ({})) }) }, 'tlogEntries'],
    ['it has no signature', { bundle: envelope((one) => ({ ...one, signatures: [] })) }, 'signature'],
    ['it has two signatures', { bundle: envelope((one) => ({ ...one, signatures: [...one.signatures, ...one.signatures] })) }, 'exactly one signature'],
    ['keyid and hint disagree', { bundle: envelope((one) => ({ ...one, signatures: [{ sig: one.signatures[0]?.sig, keyid: 'another' }] })) }, 'disagree'],
    ['its signature has white space', { bundle: envelope((one) => ({ ...one, signatures: [{ sig: `${one.signatures[0]?.sig} ` }] })) }, 'not base64'],
    ['bytes follow its bundle', { bundle: (bundle) => `${JSON.stringify(bundle)}{}` }, 'extra characters'],
    ['a key is twice in its bundle', { bundle: (bundle) => JSON.stringify(bundle).replace('{', '{"mediaType":"x",') }, 'duplicate key'],
    ['its bundle has a byte order mark', { bundle: (bundle) => `\ufeff${JSON.stringify(bundle)}` }, 'sigstore bundle'],
    ['its bundle is nested 10 000 deep', { bundle: () => '['.repeat(10_000) }, 'more than 32 levels'],
    ['its bundle has 2 MiB', { bundle: (bundle) => JSON.stringify(bundle) + ' '.repeat(2 << 20) }, 'at most'],
    ['its manifest is attached to nothing', { manifest: (same) => without(same, 'subject') }, 'no "subject"'],
    ['its manifest is attached to another artifact', { manifest: (same) => ({ ...same, subject: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: other.digest, size: artifact.manifest.byteLength } }) }, 'is attached to sha256:'],
    ['its manifest is wrong about the size', { manifest: (same) => ({ ...same, subject: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: artifact.digest, size: 1 } }) }, 'subject of 1 bytes'],
    ['its manifest names another bundle', { manifest: (same) => ({ ...same, layers: json(good.manifest)['layers'] }) }, 'not the one that its manifest names'],
    ['its manifest is an index as well', { manifest: (same) => ({ ...same, manifests: [] }) }, 'manifests'],
  ])('%s', (_, parts, why) => {
    expect(judge(made(parts))).toMatchObject({ ok: false, refusal: { code: 'signature-invalid', reason: expect.stringContaining(why) as string } });
  });
});

describe('a trusted signature counts when', () => {
  test.each<[string, Parts]>([
    ['its statement is of the older kind', { statement: { ...statement, _type: 'https://in-toto.io/Statement/v0.1' } }],
    ['one of several subjects is the artifact', { statement: { ...statement, subject: [{ name: 'x', digest: { sha512: 'y' } }, { digest: { sha256: hex } }] } }],
    ['its statement says more', { statement: { ...statement, later: 1 } }],
    ['its hint is any text', { bundle: (bundle) => ({ ...bundle, verificationMaterial: { publicKey: { hint: '__proto__' } } }) }],
    ['its hint is the name of another key', { bundle: (bundle) => ({ ...bundle, verificationMaterial: { publicKey: { hint: world.second.id } } }) }],
    ['it has neither hint nor log entries', { bundle: (bundle) => ({ ...bundle, verificationMaterial: { publicKey: {} } }) }],
    ['it has log entries, which prove nothing here', { bundle: (bundle) => ({ ...bundle, verificationMaterial: { publicKey: {}, tlogEntries: [{ logIndex: '1' }] } }) }],
    ['its keyid is empty', { bundle: (bundle) => ({ ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, signatures: [{ ...bundle.dsseEnvelope.signatures[0], keyid: '' }] } }) }],
  ])('%s', (_, parts) => {
    expect(judge(made(parts))).toMatchObject({ ok: true, value: { signedBy: [world.release.id] } });
  });
});

describe('a copied signature does not count', () => {
  test('from another artifact as it is', () => {
    expect(judge(signedBy(world.release, other))).toMatchObject({ refusal: { code: 'signature-invalid', reason: expect.stringContaining('is attached to') as string } });
  });
  test('from another artifact with its manifest rewritten to ours', () => {
    const theirs = signedBy(world.release, other);
    const manifest = Buffer.from(canonicalJson({ ...json(theirs.manifest), subject: json(good.manifest)['subject'] }));
    expect(judge({ manifest, bundle: theirs.bundle })).toMatchObject({ refusal: { code: 'signature-invalid', reason: expect.stringContaining('about another artifact') as string } });
  });
});

test('a bundle with any one flipped bit is not the one that was attached', () => {
  for (let at = 0; at < good.bundle.byteLength; at += 1) {
    const bundle = Buffer.from(good.bundle);
    bundle[at] = (bundle[at] ?? 0) ^ 1;
    expect(judge({ ...good, bundle }), `byte ${at}`).toMatchObject({ refusal: { code: 'signature-invalid', reason: expect.stringContaining('not the one that its manifest names') as string } });
  }
});

test('an envelope with one flipped bit does not count, even when everything around it is made to fit', () => {
  const sig = (bundle: { dsseEnvelope: Envelope }, at: number): string => {
    const bytes = Buffer.from(bundle.dsseEnvelope.signatures[0]?.sig ?? '', 'base64');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes.toString('base64');
  };
  for (let at = 0; at < 70; at += 1) expect(judge(made({ bundle: (bundle) => ({ ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, signatures: [{ sig: sig(bundle, at) }] } }) })).ok, `byte ${at}`).toBe(false);
});
