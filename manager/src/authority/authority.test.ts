import { X509Certificate, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault, DeviceId, silentLog, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, keepServerIdentity, openAuthority } from './index.ts';

const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pier-authority-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const open = (hosts: readonly string[] = []): Promise<Authority> => openAuthority({ dir, clock: systemClock, hosts });
const device = DeviceId.parse('dev-a');
const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const thrown = await work.then(() => undefined, (error: unknown) => error);
  if (!(thrown instanceof Fault)) throw new Error(`expected a Fault, got ${String(thrown)}`);
  return thrown;
};

async function request(name: string, { namedCurve = 'P-256' } = {}): Promise<{ pem: string; keys: webcrypto.CryptoKeyPair }> {
  const alg = { name: 'ECDSA', namedCurve, hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(alg, true, ['sign', 'verify']);
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [name] }], keys, signingAlgorithm: alg });
  return { pem: csr.toString('pem'), keys };
}

describe('the CA', () => {
  test('is made once, lies open to its owner alone, and is the same after a restart', async () => {
    const first = await open();
    const again = await open();
    expect(again.caPem).toBe(first.caPem);
    expect(again.scheduler).toEqual(first.scheduler);
    expect(again.server).toEqual(first.server);
    const modes = await Promise.all(['authority.pem', 'server.pem', 'scheduler.key'].map(async (name) => (await stat(join(dir, name))).mode & 0o777));
    expect(modes).toEqual([0o600, 0o600, 0o600]);
    expect(await readFile(first.caFile, 'utf8')).toBe(first.caPem);
    expect((await readdir(dir)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('is one P-256 root that signs leaves only, valid since 2020 because boards boot with wrong clocks', async () => {
    const { caPem, caFingerprint } = await open();
    const ca = new X509Certificate(caPem);
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(ca.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(ca.validFromDate.toISOString()).toBe('2020-01-01T00:00:00.000Z');
    expect(ca.validToDate.getUTCFullYear()).toBe(2049);
    expect(caFingerprint).toBe(digestOf(ca.raw).slice(7));
    expect(caFingerprint).toBe(ca.fingerprint256.replaceAll(':', '').toLowerCase());
  });

  test('two first starts at once in one folder end with one CA', async () => {
    const [a, b] = await Promise.all([open(), open()]);
    expect(a.caPem).toBe(b.caPem);
    expect(a.scheduler.id).toBe(b.scheduler.id);
  });

  test('a key file that others can read is refused with the way out', async () => {
    await open();
    await chmod(join(dir, 'authority.pem'), 0o640);
    expect(await faultOf(open())).toMatchObject({ code: 'key-unusable', message: expect.stringContaining('mode 640') });
    await chmod(join(dir, 'authority.pem'), 0o600);
    await chmod(join(dir, 'scheduler.key'), 0o604);
    expect(await faultOf(open())).toMatchObject({ code: 'key-unusable' });
  });

  test('a key folder that others may enter is refused', async () => {
    await chmod(dir, 0o755);
    expect(await faultOf(open())).toMatchObject({ code: 'key-unusable', message: expect.stringContaining('chmod 700') });
  });

  test.each([
    ['authority.pem', ''],
    ['authority.pem', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
    ['scheduler.key', 'nonsense'],
    ['scheduler.key', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
  ])('a damaged %s is refused and left as it is', async (name, text) => {
    await open();
    await writeFile(join(dir, name), text);
    const fault = await faultOf(open());
    expect(fault).toMatchObject({ code: 'key-unusable', message: expect.stringContaining(name) });
    expect(await readFile(join(dir, name), 'utf8')).toBe(text);
  });

  test('a key beside the certificate of another is refused', async () => {
    await open();
    const text = await readFile(join(dir, 'authority.pem'), 'utf8');
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await writeFile(join(dir, 'authority.pem'), stranger + text.slice(text.indexOf('-----BEGIN CERTIFICATE')));
    expect(await faultOf(open())).toMatchObject({ code: 'key-unusable', message: expect.stringContaining('belong together') });
  });

  test('a lost CA key is never replaced by a new one in silence', async () => {
    await open();
    await rm(join(dir, 'authority.pem'));
    expect(await faultOf(open())).toMatchObject({ code: 'key-unusable', message: expect.stringContaining('lock out every device') });
  });
});

describe('the server certificate', () => {
  test('names loopback and the public hosts, and brings the CA along', async () => {
    const { server, caPem } = await open(['Fleet.Example.org', '10.1.2.3', 'fd00::1']);
    const leaf = new X509Certificate(server.certPem);
    for (const host of ['localhost', 'fleet.example.org']) expect(leaf.checkHost(host)).toBeDefined();
    for (const ip of ['127.0.0.1', '::1', '10.1.2.3', 'fd00::1']) expect(leaf.checkIP(ip)).toBeDefined();
    expect(leaf.verify(new X509Certificate(caPem).publicKey)).toBe(true);
    expect(server.certPem.endsWith(caPem)).toBe(true);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  test('is renewed without a restart when half of its life is over, and the doors are told', async () => {
    const clock = { ...systemClock, aheadMs: 0, nowMs: () => systemClock.nowMs() + clock.aheadMs, beats: new Set<() => void>(), every: (_ms: number, act: () => void) => (clock.beats.add(act), { [Symbol.dispose]: () => void clock.beats.delete(act) }) };
    const authority = await openAuthority({ dir, clock, hosts: [] });
    const [first, told] = [authority.server.certPem, [] as string[]];
    using _kept = keepServerIdentity({ authority, clock, log: silentLog, doors: [{ useIdentity: ({ certPem }) => void told.push(certPem) }] });
    expect([await authority.renewServer(), authority.server.certPem]).toEqual([false, first]);
    clock.aheadMs = 366 * 86_400_000;
    for (const beat of clock.beats) beat();
    await expect.poll(() => told.length, { timeout: 30_000 }).toBe(1);
    expect(told).toEqual([authority.server.certPem]);
    expect(authority.server.certPem).not.toBe(first);
  });

  test('is renewed when the hosts change, a year before its end, or when its file is damaged; the CA stays', async () => {
    const first = await open(['a.example']);
    const changed = await open(['b.example']);
    expect(changed.server.certPem).not.toBe(first.server.certPem);
    expect(changed.caPem).toBe(first.caPem);
    const later = { ...systemClock, nowMs: () => systemClock.nowMs() + 400 * 86_400_000 };
    const renewed = await openAuthority({ dir, clock: later, hosts: ['b.example'] });
    expect(renewed.server.certPem).not.toBe(changed.server.certPem);
    await writeFile(join(dir, 'server.pem'), 'half a ke');
    expect(new X509Certificate((await open(['b.example'])).server.certPem).checkHost('b.example')).toBeDefined();
  });

  test.each(['', 'a b', '*.example', 'a/b', '-x', `${'a'.repeat(64)}.example`])('the host %j is refused', async (host) => {
    expect(await faultOf(open([host]))).toMatchObject({ code: 'input-invalid' });
  });
});

describe('signing for others', () => {
  test('a device gets a client certificate under its own id, whatever its request says', async () => {
    const authority = await open();
    for (const claimed of ['manager:x', '+/#', 'dev-b', 'CN=manager:x']) {
      const { pem, keys } = await request(claimed);
      const issued = await authority.signDevice({ csrPem: pem, device });
      const leaf = new X509Certificate(issued.certPem);
      expect(leaf.subject).toBe('CN=dev-a');
      expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
      expect(leaf.ca).toBe(false);
      expect(leaf.subjectAltName).toBeUndefined();
      expect(leaf.verify(new X509Certificate(authority.caPem).publicKey)).toBe(true);
      expect(leaf.serialNumber.toLowerCase()).toBe(issued.serial);
      const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
      expect(issued.keyId).toBe(digestOf(spki).slice(7));
      expect(issued.notBefore.getUTCFullYear()).toBe(2020);
      expect(Math.round((issued.notAfter.getTime() - systemClock.nowMs()) / 86_400_000)).toBe(730);
    }
  });

  test('serials never repeat', async () => {
    const authority = await open();
    const { pem } = await request('x');
    const serials = await Promise.all(Array.from({ length: 20 }, async () => (await authority.signDevice({ csrPem: pem, device })).serial));
    expect(new Set(serials).size).toBe(20);
  });

  test('a person gets operator:<name>, and a name that is none is refused', async () => {
    const authority = await open();
    const { pem } = await request('dev-a');
    expect(new X509Certificate((await authority.signOperator({ csrPem: pem, name: 'alice' })).certPem).subject).toBe('CN=operator:alice');
    for (const name of ['', 'A', 'a b', '../x', 'x\nCN=manager:a', 'a'.repeat(64)]) expect(await faultOf(authority.signOperator({ csrPem: pem, name }))).toMatchObject({ code: 'input-invalid' });
    expect(await faultOf(authority.managerIdentity('A/B'))).toMatchObject({ code: 'input-invalid' });
  });

  test('a request whose signature is not by its own key proves nothing', async () => {
    const authority = await open();
    const mine = await request('x');
    const der = Buffer.from(mine.pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const last = der.length - 4;
    der[last] = (der[last] ?? 0) ^ 1;
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    expect(await faultOf(authority.signDevice({ csrPem: forged, device }))).toMatchObject({ code: 'input-invalid' });
  });

  test('another curve, another document and rubbish are refused', async () => {
    const authority = await open();
    const good = await request('x');
    const bad = [(await request('x', { namedCurve: 'P-384' })).pem, authority.caPem, '', 'x', good.pem + good.pem, '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n', good.pem.padEnd(9_000, '\n')];
    for (const csrPem of bad) expect(await faultOf(authority.signDevice({ csrPem, device }))).toMatchObject({ code: 'input-invalid' });
  });

  test('a manager replica gets a fresh identity that is written nowhere', async () => {
    const authority = await open();
    const before = await readdir(dir);
    const identity = await authority.managerIdentity('a');
    const leaf = new X509Certificate(identity.certPem);
    expect(leaf.subject).toBe('CN=manager:a');
    expect(createPublicKey(identity.keyPem).equals(leaf.publicKey)).toBe(true);
    expect(await readdir(dir)).toEqual(before);
  });
});
