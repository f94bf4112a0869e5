/** P-256 keys as PEM: PKCS #8 for private ones, SubjectPublicKeyInfo for public ones (RFC 5208, RFC 5480). */
import { type KeyObject, createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { Fault, type FaultCode, type KeyId } from '../core/index.ts';

export type PublicKey = { readonly id: KeyId; readonly pem: string };
export type KeyPair = { readonly privatePem: string; readonly publicPem: string; readonly id: KeyId };

/** DER of an uncompressed P-256 key up to its point: one spelling per key, so that one key cannot count as two. */
const spkiPrefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const spkiBytes = 91;
const publicPemShape = /^-----BEGIN PUBLIC KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END PUBLIC KEY-----\s*$/;

export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicPem = pemOf(publicKey);
  return { privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicPem, id: keyIdOf(publicPem) };
}

/** sha256 of the key's SubjectPublicKeyInfo. Faults: `policy-invalid` when it is no P-256 public key. */
export function keyIdOf(publicPem: string): KeyId {
  return idOf(publicKeyOf(publicPem));
}

/** Faults: `key-unusable` when it is no P-256 private key. */
export function publicPemOf(privatePem: string): string {
  return pemOf(createPublicKey(privateKeyOf(privatePem)));
}

/** The key and its id, computed from its bytes rather than taken from whoever names it. Faults: `policy-invalid`. */
export function publicKeyOf(publicPem: string): KeyObject {
  // Node would also take a certificate or a private key here and use the public half.
  const key = publicPemShape.test(publicPem) ? read(() => createPublicKey(publicPem), 'policy-invalid', 'public key') : undefined;
  const der = key?.export({ type: 'spki', format: 'der' });
  if (!key || der?.byteLength !== spkiBytes || !der.subarray(0, spkiPrefix.byteLength).equals(spkiPrefix)) throw new Fault('policy-invalid', 'not a P-256 public key in PEM ("PUBLIC KEY", uncompressed point)');
  return key;
}

export function idOf(key: KeyObject): KeyId {
  return createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('hex') as KeyId;
}

/** The key read last: a manager signs ten thousand documents with one key, and reading it costs more than a signature. */
let lastRead: { readonly pem: string; readonly key: KeyObject } | undefined;

export function privateKeyOf(privatePem: string): KeyObject {
  if (lastRead?.pem === privatePem) return lastRead.key;
  if (publicPemShape.test(privatePem)) throw new Fault('key-unusable', 'this is a public key; signing takes the private one that belongs to it');
  const key = read(() => createPrivateKey(privatePem), 'key-unusable', 'private key');
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Fault('key-unusable', `not a P-256 private key, but ${key.asymmetricKeyType ?? 'unknown'}`);
  lastRead = { pem: privatePem, key };
  return key;
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** The parser's own error may quote its input: it is neither kept nor shown. */
function read(parse: () => KeyObject, code: FaultCode, what: string): KeyObject {
  try {
    return parse();
  } catch {
    // Any failure means the same: these bytes are no such key.
    throw new Fault(code, `the ${what} is not readable PEM`);
  }
}
