/** Signatures on artifacts: sigstore bundle v0.3 with a DSSE envelope over an in-toto statement, attached as cosign v3 attaches it. */
import * as z from 'zod';
import { type Digest, type Verdict, accept, checkJson, refuse, toFault } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import { type SignatureCandidate, descriptorOf, mediaTypes, ociLimits, parseSignatureReferrer } from '../oci/index.ts';
import { Envelope } from '../wire/index.ts';
import { type Unproven, readEnvelope, signEnvelope } from './dsse.ts';
import { keyIdOf, publicPemOf } from './keys.ts';

const inTotoType = 'application/vnd.in-toto+json';
const signPredicate = 'https://sigstore.dev/cosign/sign/v1';
const payloadBytesMax = 64 << 10;
const keyIdDigits = 64;

/**
 * A bundle that a key verifies. Log entries and timestamps prove nothing without a trusted log and are not looked at; a
 * certificate beside or instead of the key is another kind of bundle, and refused with every other unknown key.
 */
const Bundle = z.strictObject({
  mediaType: z.literal(mediaTypes.bundle),
  verificationMaterial: z.strictObject({
    publicKey: z.strictObject({ hint: z.string().max(256).optional() }),
    tlogEntries: z.array(z.unknown()).max(32).optional(),
    timestampVerificationData: z.unknown().optional(),
  }),
  dsseEnvelope: z.strictObject({ ...Envelope.shape, signatures: Envelope.shape.signatures.length(1, 'exactly one signature') }),
});

/** In-toto statements may grow keys; those that decide are checked. */
const Statement = z.object({
  _type: z.enum(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })).min(1).max(1_024),
  predicateType: z.string().max(512),
});

/**
 * Signs an artifact by its digest. The same key and digest never give the same bytes twice: ECDSA takes a fresh number each time.
 * `createdAt` (ISO 8601) is noted on the manifest when given; nothing relies on it. Faults: `key-unusable`.
 */
export function makeSignature({ digest, manifestSizeBytes, privatePem, createdAt }: { readonly digest: Digest; readonly manifestSizeBytes: number; readonly privatePem: string; readonly createdAt?: string }): SignatureCandidate {
  const statement = { _type: 'https://in-toto.io/Statement/v1', subject: [{ digest: { sha256: hexOf(digest) } }], predicateType: signPredicate, predicate: {} };
  const dsseEnvelope = signEnvelope({ payloadType: inTotoType, payload: JSON.stringify(statement), privatePem });
  const hint = Buffer.from(keyIdOf(publicPemOf(privatePem)), 'hex').toString('base64');
  const bundle = jsonBytes({ mediaType: mediaTypes.bundle, verificationMaterial: { publicKey: { hint }, tlogEntries: [] }, dsseEnvelope });
  return { bundle, manifest: referrerOf({ digest, manifestSizeBytes, bundle, createdAt }) };
}

function referrerOf({ digest, manifestSizeBytes, bundle, createdAt }: { digest: Digest; manifestSizeBytes: number; bundle: Uint8Array; createdAt: string | undefined }): Uint8Array {
  const empty = Buffer.from('{}');
  return jsonBytes({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.empty, size: empty.byteLength, digest: digestOf(empty), artifactType: mediaTypes.bundle },
    layers: [descriptorOf(mediaTypes.bundle, { digest: digestOf(bundle), bytes: bundle })],
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': signPredicate,
      ...(createdAt === undefined ? {} : { 'org.opencontainers.image.created': createdAt }),
    },
    subject: { mediaType: mediaTypes.manifest, size: manifestSizeBytes, digest },
    artifactType: mediaTypes.bundle,
  });
}

/** `saysKey` is the key that the bundle names: a word to people about what did not count, and nothing more. */
export type ReadCandidate = Unproven & { readonly saysKey?: string };

/**
 * A candidate whose parts fit each other and are about this artifact, ready for its signature to be checked; nothing is proven
 * yet. Refusal: `signature-invalid`, saying what does not fit.
 */
export function readCandidate({ manifest, bundle }: SignatureCandidate, about: { readonly digest: Digest; readonly sizeBytes: number }): Verdict<ReadCandidate> {
  try {
    const referrer = parseSignatureReferrer(manifest);
    if (referrer.subject.digest !== about.digest) return invalid(`is attached to ${referrer.subject.digest}`);
    if (referrer.subject.sizeBytes !== about.sizeBytes) return invalid(`names a subject of ${referrer.subject.sizeBytes} bytes, the manifest has ${about.sizeBytes}`);
    if (referrer.bundle.digest !== digestOf(bundle) || referrer.bundle.sizeBytes !== bundle.byteLength) return invalid('its bundle is not the one that its manifest names');
    return readBundle(bundle, about.digest);
  } catch (thrown) {
    return invalid(toFault(thrown).message);
  }
}

function readBundle(bytes: Uint8Array, digest: Digest): Verdict<ReadCandidate> {
  const { dsseEnvelope, verificationMaterial } = checkJson(Bundle, bytes, { what: 'sigstore bundle', code: 'signature-invalid', sizeBytesMax: ociLimits.bundleBytesMax });
  const keyid = dsseEnvelope.signatures[0]?.keyid ?? '';
  if (keyid !== '' && keyid !== verificationMaterial.publicKey.hint) return invalid('its keyid and its key hint disagree');
  const read = readEnvelope(dsseEnvelope, inTotoType);
  if (!read.ok) return read;
  const { subject, predicateType } = checkJson(Statement, read.value.payload, { what: 'in-toto statement', code: 'signature-invalid', sizeBytesMax: payloadBytesMax });
  // An attestation by a trusted key (an SBOM, a scan) says nothing about whether the artifact may run (CVE-2022-35929).
  if (predicateType !== signPredicate) return invalid(`states "${predicateType.slice(0, 100)}", which is not a signature`);
  if (!subject.some((one) => one.digest['sha256'] === hexOf(digest))) return invalid('its statement is about another artifact');
  const saysKey = Buffer.from(verificationMaterial.publicKey.hint ?? '', 'base64').toString('hex');
  return accept(saysKey.length === keyIdDigits ? { ...read.value, saysKey } : read.value);
}

function invalid(why: string): ReturnType<typeof refuse> {
  return refuse('signature-invalid', why);
}

function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

function jsonBytes(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}
