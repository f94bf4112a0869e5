import { type KeyObject, createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { createServer } from 'node:tls';
import { beforeAll, expect, test } from 'vitest';
import { BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, SubjectAlternativeNameExtension, X509CertificateGenerator, makePrivateKey } from '../x509/index.ts';
import { openPinnedTls } from './index.ts';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const yearMs = 365 * 86_400_000;
const signal = new AbortController().signal;

type Pair = { readonly cert: string; readonly key: string };
type Leaf = { readonly fromMs?: number; readonly toMs?: number; readonly usage?: ExtendedKeyUsage; readonly name?: string; readonly ca?: boolean };
type Authority = { readonly pem: string; readonly key: string; sign(leaf?: Leaf): Promise<Pair> };

let ours: Authority;
let theirs: Authority;
beforeAll(async () => {
  [ours, theirs] = [await authority(), await authority()];
});

/** Both authorities have one name: only their keys tell them apart. */
async function authority(): Promise<Authority> {
  const key = makePrivateKey();
  const dates = { notBefore: new Date(Date.now() - yearMs), notAfter: new Date(Date.now() + yearMs) };
  const by = { issuer: [{ CN: ['Fleet CA'] }], signingAlgorithm: ecdsa, signingKey: await imported(createPrivateKey(key), 'pkcs8') };
  const ca = await X509CertificateGenerator.create({ ...by, ...dates, subject: [{ CN: ['Fleet CA'] }], publicKey: await imported(createPublicKey(key), 'spki'), extensions: [new BasicConstraintsExtension(true, 0, true)] });
  return {
    pem: ca.toString('pem'),
    key,
    sign: async ({ fromMs = dates.notBefore.getTime(), toMs = dates.notAfter.getTime(), usage = ExtendedKeyUsage.serverAuth, name = '127.0.0.1', ca: isCa = false } = {}) => {
      const own = makePrivateKey();
      const extensions = [new BasicConstraintsExtension(isCa, undefined, true), new ExtendedKeyUsageExtension([usage]), new SubjectAlternativeNameExtension([{ type: /^\d/.test(name) ? 'ip' : 'dns', value: name }])];
      const certificate = await X509CertificateGenerator.create({ ...by, notBefore: new Date(fromMs), notAfter: new Date(toMs), subject: [{ CN: ['127.0.0.1'] }], publicKey: await imported(createPublicKey(own), 'spki'), extensions });
      return { cert: certificate.toString('pem'), key: own };
    },
  };
}

function imported(key: KeyObject, format: 'spki' | 'pkcs8'): Promise<webcrypto.CryptoKey> {
  const der = format === 'spki' ? key.export({ type: 'spki', format: 'der' }) : key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey(format, der, ecdsa, true, [format === 'spki' ? 'verify' : 'sign']);
}

/** Connects and says a secret; gives what the server read of it. */
async function saidTo(pair: Pair): Promise<string> {
  const heard: Buffer[] = [];
  const server = createServer(pair, (socket) => socket.on('error', () => {}).on('data', (chunk) => heard.push(chunk)).on('end', () => socket.end()));
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const socket = await openPinnedTls({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ca: ours.pem }, signal);
    socket.end('secret');
    socket.resume();
    await once(socket, 'close');
    return Buffer.concat(heard).toString();
  } finally {
    expect(['', 'secret']).toContain(Buffer.concat(heard).toString());
    server.close();
  }
}

test('a server of the pinned authority is spoken to, whatever its dates say', async () => {
  expect(await saidTo(await ours.sign())).toBe('secret');
  expect(await saidTo(await ours.sign({ fromMs: Date.now() - 3 * yearMs, toMs: Date.now() - 2 * yearMs }))).toBe('secret');
  expect(await saidTo(await ours.sign({ fromMs: Date.now() + 20 * yearMs, toMs: Date.now() + 21 * yearMs }))).toBe('secret');
});

test.each<[string, () => Promise<Pair>, RegExp]>([
  ['one by another authority of the same name', () => theirs.sign(), /not by the pinned authority/],
  ['one by another authority that has run out as well', () => theirs.sign({ toMs: Date.now() - 1 }), /not by the pinned authority/],
  ['one that somebody signed for himself', async () => ({ cert: theirs.pem, key: theirs.key }), /not by the pinned authority/],
  ["a device's", () => ours.sign({ usage: ExtendedKeyUsage.clientAuth }), /not that of a server/],
  ['one that may sign others', () => ours.sign({ ca: true }), /not that of a server/],
  ['one for another address', () => ours.sign({ name: '127.0.0.2' }), /not 127\.0\.0\.1/],
  ['one that has the address as its common name only', () => ours.sign({ name: 'manager.example' }), /not 127\.0\.0\.1/],
])('a server that shows %s hears nothing', async (_name, make, why) => {
  await expect(saidTo(await make())).rejects.toMatchObject({ code: 'certificate-invalid', message: expect.stringMatching(why) as string });
});

test('a handshake that never ends is ended by its signal', async () => {
  const server = createTcp((socket) => void socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await expect(openPinnedTls({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ca: ours.pem }, AbortSignal.timeout(200))).rejects.toThrow(/time/i);
  server.close();
});
