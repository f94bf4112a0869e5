import { type KeyObject, createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '@pier/shared/core';
import { AuthorityKeyIdentifierExtension, BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, type Extension, KeyUsageFlags, KeyUsagesExtension, SubjectAlternativeNameExtension, SubjectKeyIdentifierExtension, X509CertificateGenerator } from '@pier/shared/x509';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Boards boot with wrong clocks, often years back: nothing that Pier signs begins later than this. */
const notBeforeMs = Date.UTC(2020, 0, 1);
/** The last year that every parser reads (RFC 5280 changes the form of dates in 2050). */
const caNotAfterMs = Date.UTC(2049, 11, 31);
const dayMs = 86_400_000;
export const leafLifeMs = 2 * 365 * dayMs;

export type CaKey = { readonly name: string; readonly key: KeyObject };
export type Usage = 'server' | 'client';

/** The self-signed certificate that everything hangs on. It signs leaves only (path length 0). */
export async function selfSign({ name, key }: CaKey): Promise<string> {
  const publicKey = await importPublic(createPublicKey(key));
  const extensions = [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true), await SubjectKeyIdentifierExtension.create(publicKey)];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [name] }],
    issuer: [{ CN: [name] }],
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(caNotAfterMs),
    signingAlgorithm: ecdsa,
    publicKey,
    signingKey: await importPrivate(key),
    extensions,
  });
  return pemOf(certificate.toString('pem'));
}

/** Signs a leaf: the name and use are the caller's decision alone, nothing is taken over from whoever asks. */
export async function issue(ca: CaKey, leaf: { readonly commonName: string; readonly publicKey: KeyObject; readonly usage: Usage; readonly hosts?: readonly string[]; readonly lifeMs?: number; readonly clock: Clock }): Promise<{ certPem: string; serial: string; notBefore: Date; notAfter: Date }> {
  const publicKey = await importPublic(leaf.publicKey);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [leaf.commonName] }],
    issuer: [{ CN: [ca.name] }],
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(Math.min(leaf.clock.nowMs() + (leaf.lifeMs ?? leafLifeMs), caNotAfterMs)),
    signingAlgorithm: ecdsa,
    publicKey,
    signingKey: await importPrivate(ca.key),
    extensions: await leafExtensions(ca, { publicKey, usage: leaf.usage, hosts: leaf.hosts ?? [] }),
  });
  return { certPem: pemOf(certificate.toString('pem')), serial: certificate.serialNumber.toLowerCase(), notBefore: certificate.notBefore, notAfter: certificate.notAfter };
}

async function leafExtensions(ca: CaKey, { publicKey, usage, hosts }: { publicKey: webcrypto.CryptoKey; usage: Usage; hosts: readonly string[] }): Promise<Extension[]> {
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(await importPublic(createPublicKey(ca.key))),
  ];
  if (hosts.length > 0) extensions.push(new SubjectAlternativeNameExtension(hosts.map((host) => ({ type: isIP(host) ? 'ip' : 'dns', value: host }))));
  return extensions;
}

/** 127 random bits with a leading byte that is neither zero nor negative, so that every tool prints the same digits. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes.toString('hex');
}

async function importPublic(key: KeyObject): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('spki', key.export({ type: 'spki', format: 'der' }), ecdsa, true, ['verify']);
}

async function importPrivate(key: KeyObject): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', key.export({ type: 'pkcs8', format: 'der' }), ecdsa, false, ['sign']);
}

function pemOf(pem: string): string {
  return `${pem.trim()}\n`;
}
