import { createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { Pkcs10CertificateRequest, makeCertificateRequest, makePrivateKey } from './index.ts';

test('a request carries the public half of its key and is signed by it', async () => {
  const privatePem = makePrivateKey();
  const request = new Pkcs10CertificateRequest(await makeCertificateRequest({ privatePem, commonName: 'any' }));
  expect(await request.verify()).toBe(true);
  expect(Buffer.from(request.publicKey.rawData)).toEqual(createPublicKey(privatePem).export({ type: 'spki', format: 'der' }));
  expect(request.subject).toBe('CN=any');
});

test('a name with separators stays one name', async () => {
  const request = new Pkcs10CertificateRequest(await makeCertificateRequest({ privatePem: makePrivateKey(), commonName: 'a,CN=manager:x' }));
  expect(request.subjectName.getField('CN')).toEqual(['a,CN=manager:x']);
});
