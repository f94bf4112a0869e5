/**
 * DSSE v1 (secure-systems-lab/dsse). The attack this stops: bytes signed for one purpose and taken for another, one signature
 * counted as several, and two readings of one base64 text.
 */
import { sign, verify } from 'node:crypto';
import { type KeyId, type Verdict, accept, invariant, refuse } from '../core/index.ts';
import { Envelope } from '../wire/index.ts';
import { type PublicKey, idOf, privateKeyOf, publicKeyOf } from './keys.ts';

export const payloadTypes = {
  desired: 'application/vnd.pier.desired+json',
  command: 'application/vnd.pier.command+json',
  policy: 'application/vnd.pier.policy+json',
} as const;
export type PayloadType = (typeof payloadTypes)[keyof typeof payloadTypes];

/** The bytes that are signed: lengths count bytes, not characters. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `, 'utf8'), payload]);
}

/** Signs with one key. Faults: `key-unusable` when it is no P-256 private key. */
export function signEnvelope({ payloadType, payload, privatePem }: { readonly payloadType: string; readonly payload: Uint8Array | string; readonly privatePem: string }): Envelope {
  const bytes = Buffer.from(payload);
  const sig = sign('sha256', preAuthEncoding(payloadType, bytes), { key: privateKeyOf(privatePem), dsaEncoding: 'der' });
  return { payloadType, payload: bytes.toString('base64'), signatures: [{ sig: sig.toString('base64') }] };
}

export type Opened = { readonly payload: Uint8Array; readonly keyIds: readonly KeyId[] };

/**
 * Opens an envelope of one payload type, signed by at least `threshold` (1) different keys of those given. The payload that is
 * returned is the very buffer that was checked. Refusals: `unsigned`, `signature-invalid`, `untrusted-signer`.
 */
export function openEnvelope(envelope: unknown, { payloadType, keys, threshold = 1 }: { readonly payloadType: string; readonly keys: readonly PublicKey[]; readonly threshold?: number }): Verdict<Opened> {
  invariant(Number.isInteger(threshold) && threshold >= 1, `a threshold is a positive integer, not ${threshold}`);
  const parsed = Envelope.safeParse(envelope);
  if (!parsed.success) return refuse('unsigned', 'not a DSSE envelope: payloadType, payload and signatures were expected');
  const read = readEnvelope(parsed.data, payloadType);
  if (!read.ok) return read;
  const keyIds = signersOf(read.value, keys);
  if (keyIds.length < threshold) return refuse('untrusted-signer', threshold === 1 ? `none of the ${keys.length} trusted keys signed it` : `signed by ${keyIds.length} of the ${threshold} different trusted keys that are needed`);
  return accept({ payload: read.value.payload, keyIds });
}

export type Unproven = { readonly payloadType: string; readonly payload: Uint8Array; readonly signatures: readonly Uint8Array[] };

/** An envelope's parts, well-formed and of the wanted type; nothing is proven yet. */
export function readEnvelope(envelope: Envelope, payloadType: string): Verdict<Unproven> {
  if (envelope.payloadType !== payloadType) return refuse('signature-invalid', `signed as "${envelope.payloadType}", expected "${payloadType}"`);
  const payload = decodeBase64(envelope.payload);
  if (!payload) return refuse('signature-invalid', 'its payload is not canonical base64');
  const signatures: Uint8Array[] = [];
  for (const { sig } of envelope.signatures) {
    const bytes = decodeBase64(sig);
    if (!bytes || !isEcdsaDer(bytes)) return refuse('signature-invalid', 'a signature is not base64 of a DER-encoded ECDSA signature');
    signatures.push(bytes);
  }
  return accept({ payloadType, payload, signatures });
}

/** Ids of the given keys that signed, each once however often it signed. Faults: `policy-invalid` for a bad key. */
export function signersOf({ payloadType, payload, signatures }: Unproven, keys: readonly PublicKey[]): KeyId[] {
  const signed = preAuthEncoding(payloadType, payload);
  const ids = new Set<KeyId>();
  for (const { pem } of keys) {
    const key = publicKeyOf(pem);
    if (signatures.some((signature) => verify('sha256', signed, { key, dsaEncoding: 'der' }, signature))) ids.add(idOf(key));
  }
  return [...ids];
}

/** Standard or URL-safe alphabet, padded, and only in the one spelling that encoding gives; undefined otherwise. */
export function decodeBase64(text: string): Buffer | undefined {
  const standard = /[-_]/.test(text) && !/[+/]/.test(text) ? text.replaceAll('-', '+').replaceAll('_', '/') : text;
  const bytes = Buffer.from(standard, 'base64');
  return bytes.toString('base64') === standard ? bytes : undefined;
}

/** SEQUENCE of two positive, minimally encoded INTEGERs of at most 256 bits, and nothing after it (RFC 3279, 2.2.3). */
export function isEcdsaDer(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x30 || bytes[1] !== bytes.byteLength - 2 || bytes.byteLength > 72) return false;
  const second = integerEnd(bytes, 2);
  return second !== undefined && integerEnd(bytes, second) === bytes.byteLength;
}

function integerEnd(bytes: Uint8Array, at: number): number | undefined {
  const length = bytes[at + 1] ?? 0;
  const [first = 0x80, next = 0] = bytes.subarray(at + 2, at + 2 + length);
  const positive = length >= 1 && first < 0x80 && (first !== 0 || (length > 1 && next >= 0x80));
  const fits = length <= 32 || (length === 33 && first === 0);
  return bytes[at] === 0x02 && positive && fits && at + 2 + length <= bytes.byteLength ? at + 2 + length : undefined;
}
