/** A certificate authority for tests of the link: signs servers and devices as a manager would. */
import { type webcrypto as WebCrypto, createPrivateKey, createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import { BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, type Extension, KeyUsageFlags, KeyUsagesExtension, Pkcs10CertificateRequest, SubjectAlternativeNameExtension, X509Certificate, X509CertificateGenerator, makePrivateKey } from '@pier/shared/x509';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const notBefore = new Date('2020-01-01T00:00:00Z');
const forever = new Date('2049-01-01T00:00:00Z');

export type TestAuthority = {
  readonly caPem: string;
  readonly fingerprint: string;
  server(): Promise<{ readonly key: string; readonly cert: string }>;
  device(options: { commonName: string; notAfter?: Date }): Promise<{ readonly key: string; readonly cert: string }>;
  signRequest(csrPem: string, commonName: string): Promise<string>;
};

export async function makeAuthority(): Promise<TestAuthority> {
  const caKey = makePrivateKey();
  const sign = async (of: { commonName: string; publicKey: WebCrypto.CryptoKey; notAfter?: Date; extensions: Extension[] }): Promise<string> => {
    const certificate = await X509CertificateGenerator.create({
      serialNumber: randomBytes(8).toString('hex').replace(/^./, '1'),
      subject: [{ CN: [of.commonName] }],
      issuer: [{ CN: ['Test CA'] }],
      notBefore,
      notAfter: of.notAfter ?? forever,
      signingAlgorithm: ecdsa,
      publicKey: of.publicKey,
      signingKey: await webcrypto.subtle.importKey('pkcs8', createPrivateKey(caKey).export({ type: 'pkcs8', format: 'der' }), ecdsa, false, ['sign']),
      extensions: of.extensions,
    });
    return certificate.toString('pem');
  };
  const caPem = await sign({ commonName: 'Test CA', publicKey: await publicOf(caKey), extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)] });
  const client = [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])];
  return {
    caPem,
    fingerprint: Buffer.from(await new X509Certificate(caPem).getThumbprint('SHA-256')).toString('hex'),
    server: async () => {
      const key = makePrivateKey();
      const extensions = [new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]), new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])];
      return { key, cert: await sign({ commonName: 'manager:a', publicKey: await publicOf(key), extensions }) };
    },
    device: async ({ commonName, notAfter }) => {
      const key = makePrivateKey();
      return { key, cert: await sign({ commonName, publicKey: await publicOf(key), ...(notAfter ? { notAfter } : {}), extensions: client }) };
    },
    signRequest: async (csrPem, commonName) => {
      const request = new Pkcs10CertificateRequest(csrPem);
      if (!(await request.verify())) throw new Error('the request is not signed by its own key');
      return sign({ commonName, publicKey: await request.publicKey.export(ecdsa, ['verify']), extensions: client });
    },
  };
}

function publicOf(privatePem: string): Promise<WebCrypto.CryptoKey> {
  return webcrypto.subtle.importKey('spki', createPublicKey(privatePem).export({ type: 'spki', format: 'der' }), ecdsa, true, ['verify']);
}
