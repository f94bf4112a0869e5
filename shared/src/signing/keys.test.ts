import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { generateKeyPair, keyIdOf, publicPemOf } from './keys.ts';

const fault = (code: string) => expect.objectContaining({ code }) as unknown;
const pair = generateKeyPair();
const der = createPublicKey(pair.publicPem).export({ type: 'spki', format: 'der' });
const pem = (body: Buffer): string => `-----BEGIN PUBLIC KEY-----\n${body.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`;
const publicOf = (key: { export(options: { type: 'spki'; format: 'pem' }): string | Buffer }): string => key.export({ type: 'spki', format: 'pem' }).toString();

test('a new key pair belongs together, and its id is the hash of its public half', () => {
  expect(pair.privatePem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  expect(publicPemOf(pair.privatePem)).toBe(pair.publicPem);
  expect(keyIdOf(pair.publicPem)).toBe(pair.id);
  expect(pair.id).toBe(createHash('sha256').update(der).digest('hex'));
  expect(generateKeyPair().id).not.toBe(pair.id);
});

test('the same key in another spelling of PEM has the same id', () => {
  expect(keyIdOf(pair.publicPem.replaceAll('\n', '\r\n'))).toBe(pair.id);
  expect(keyIdOf(`${pair.publicPem}\n\n`)).toBe(pair.id);
});

test.each<[string, string]>([
  ['nothing', ''],
  ['words', 'hello'],
  ['an empty frame', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n'],
  ['junk in a frame', pem(Buffer.from('junk'))],
  ['a private key', pair.privatePem],
  ['two keys', pair.publicPem + pair.publicPem],
  ['text before the key', `x\n${pair.publicPem}`],
  ['a P-384 key', publicOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)],
  ['a secp256k1 key', publicOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
  ['a key of another curve of the same length (SM2)', publicOf(generateKeyPairSync('ec', { namedCurve: 'SM2' }).publicKey)],
  ['an Ed25519 key', publicOf(generateKeyPairSync('ed25519').publicKey)],
  ['an RSA key', publicOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)],
  ['a point that is not on the curve', pem(Buffer.concat([der.subarray(0, 27), Buffer.alloc(64, 7)]))],
  ['a hybrid point, which would be a second id of one key', pem(hybrid())],
  ['a compressed point, which would be a second id of one key', pem(compressed())],
])('%s is no P-256 public key', (_, text) => {
  expect(() => keyIdOf(text)).toThrow(fault('policy-invalid'));
});

/** The same key with the parity of y beside y itself (X9.62, 4.3.6). */
function hybrid(): Buffer {
  const bytes = Buffer.from(der);
  bytes[26] = 6 + ((der.at(-1) ?? 0) & 1);
  return bytes;
}

/** The same key with its point written as x and the parity of y (SEC 1, 2.3.3). */
function compressed(): Buffer {
  const prefix = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');
  return Buffer.concat([prefix, Buffer.from([2 + ((der.at(-1) ?? 0) & 1)]), der.subarray(27, 59)]);
}

test.each<[string, string]>([
  ['a public key', pair.publicPem],
  ['words', 'hello'],
  ['an Ed25519 key', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
  ['a P-384 key', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
])('%s is no private key to sign with, and is not quoted', (_, text) => {
  expect(() => publicPemOf(text)).toThrow(fault('key-unusable'));
  expect(() => publicPemOf(text)).not.toThrow(text.split('\n')[1] ?? text);
});

test('a public key is called one where a private key is needed', () => {
  expect(() => publicPemOf(pair.publicPem)).toThrow('this is a public key');
});
