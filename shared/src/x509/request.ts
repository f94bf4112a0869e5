import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A new P-256 private key as PKCS #8 PEM. */
export function makePrivateKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A certificate request (PKCS #10, PEM) for a P-256 key, signed by it; whoever signs it chooses the subject that counts. The library is loaded here: a device asks once in months. */
export async function makeCertificateRequest({ privatePem, commonName }: { privatePem: string; commonName: string }): Promise<string> {
  const { Pkcs10CertificateRequestGenerator } = await import('./generator.ts');
  const privateKey = createPrivateKey(privatePem);
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), algorithm, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', createPublicKey(privateKey).export({ type: 'spki', format: 'der' }), algorithm, true, ['verify']),
  };
  const request = await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [commonName] }], keys, signingAlgorithm: algorithm });
  return request.toString('pem');
}
