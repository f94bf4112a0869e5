/** What a thief takes from the manager's state directory: the CA's key and certificate, and the scheduler key. Only attacks import this. */
import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExtendedKeyUsage, ExtendedKeyUsageExtension, X509Certificate, X509CertificateGenerator, makePrivateKey } from '@pier/shared/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;

export type ClientIdentity = { readonly key: string; readonly cert: string; readonly ca: string };

export function stolenSchedulerKey(authorityDir: string): string {
  return readFileSync(join(authorityDir, 'scheduler.key'), 'utf8');
}

/** A client certificate with any common name and any life time, by the manager's own CA. */
export async function stolenIdentity(authorityDir: string, commonName: string, { fromMs = Date.now() - dayMs, toMs = Date.now() + dayMs } = {}): Promise<ClientIdentity> {
  const text = readFileSync(join(authorityDir, 'authority.pem'), 'utf8');
  const ca = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/.exec(text)?.[0] ?? '';
  const key = makePrivateKey();
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [commonName] }],
    issuer: new X509Certificate(ca).subject,
    notBefore: new Date(fromMs),
    notAfter: new Date(toMs),
    signingAlgorithm: algorithm,
    publicKey: await importKey(createPublicKey(key).export({ format: 'jwk' }), 'verify'),
    signingKey: await importKey(createPrivateKey(text).export({ format: 'jwk' }), 'sign'),
    extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
  });
  return { key, cert: certificate.toString('pem'), ca };
}

function importKey(jwk: webcrypto.JsonWebKey, use: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('jwk', jwk, algorithm, true, [use]);
}
