import { once } from 'node:events';
import { Agent, request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { webcrypto } from 'node:crypto';
import { ExtendedKeyUsage, ExtendedKeyUsageExtension, X509CertificateGenerator } from '@pier/shared/x509';
import { Fault, silentLog, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Authority, TlsIdentity } from '../authority/index.ts';
import { type Registry, openRegistry } from '../registry/index.ts';
import { type TemporaryFolder, deviceIdentity, newAuthority, operatorIdentity, temporaryFolder, until } from '../testing/index.ts';
import { type DeviceListener, type DeviceRequest, openDeviceListener } from './index.ts';

let authority: Authority & AsyncDisposable;
let folder: TemporaryFolder;
let registry: Registry;
let listener: DeviceListener;
let asked: DeviceRequest[];
let signedBackMs: number;
let aheadMs: number;
const revoked = new Set<string>();
const givenUp = new Set<string>();
let used: string[] = [];
let copies: { serial: string; address: string; connectedMs: number }[] = [];

beforeEach(async () => {
  [asked, signedBackMs, aheadMs, used, copies] = [[], 0, 0, [], []];
  authority = await newAuthority({ clock: { ...systemClock, nowMs: () => systemClock.nowMs() - signedBackMs } });
  folder = await temporaryFolder('listener');
  registry = await openRegistry({ dir: join(folder.path, 'registry'), clock: systemClock, log: silentLog });
  listener = await openDeviceListener({
    host: '127.0.0.1',
    port: 0,
    identity: authority.server,
    caPem: authority.caPem,
    clock: { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs },
    log: silentLog,
    registry,
    isRevoked: (_device, serial) => revoked.has(serial),
    supersededBy: ({ keyId }) => (givenUp.has(keyId) ? 'an old copy' : undefined),
    onSuperseded: ({ serial }, from) => copies.push({ serial, ...from }),
    onUsed: ({ serial }) => used.push(serial),
    basicAuth: async (user, password, address) => {
      if (user === 'flood') throw new Fault('too-many-requests', `too many from ${address}`);
      return password === 'secret' ? { kind: 'user', user, may: user === 'ci' ? 'push' : 'pull' } : { kind: 'anonymous' };
    },
    deviceRoutes: async (request) => {
      asked.push(request);
      if (request.path.endsWith('/fault')) throw new Fault('token-used', 'that token was used before');
      if (request.path.endsWith('/crash')) throw new Error('secret of the manager');
      return { status: 200, json: { device: request.device ?? null, bytes: request.body.length } };
    },
  });
});

afterEach(async () => {
  await listener[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  await authority[Symbol.asyncDispose]();
});

type Reply = { readonly status: number; readonly type: string; readonly body: string };
const tls = (who?: TlsIdentity) => ({ host: '127.0.0.1', port: listener.port, servername: 'localhost', ca: authority.caPem, ...(who && { cert: who.certPem, key: who.keyPem }) });

function ask(method: string, path: string, { who, body, headers = {}, agent = false }: { who?: TlsIdentity; agent?: Agent | false; body?: Uint8Array | string; headers?: Record<string, string> } = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ ...tls(who), method, path, agent, headers: { ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }), ...headers } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, type: String(response.headers['content-type']), body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}
const basic = (user: string, password: string): { headers: Record<string, string> } => ({ headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` } });
const problemOf = (reply: Reply): unknown => {
  expect(reply.type).toBe('application/problem+json');
  return JSON.parse(reply.body);
};

describe('device routes', () => {
  test('are open without a certificate, for enrolment; with one they learn the device', async () => {
    expect(await ask('POST', '/device/v1/enroll?x=1', { body: '{"a":1}' })).toMatchObject({ status: 200, body: '{"device":null,"bytes":7}' });
    expect((await ask('GET', '/device/v1/policy', { who: await deviceIdentity(authority, 'dev-a') })).body).toBe('{"device":"dev-a","bytes":0}');
    expect(asked).toMatchObject([{ method: 'POST', path: '/device/v1/enroll' }, { method: 'GET', path: '/device/v1/policy', device: 'dev-a' }]);
    expect(asked[0]).not.toHaveProperty('device');
  });

  test('a person’s or a manager’s certificate makes no device', async () => {
    for (const who of [await operatorIdentity(authority, 'alice'), await authority.managerIdentity('a')]) expect((await ask('GET', '/device/v1/policy', { who })).body).toBe('{"device":null,"bytes":0}');
  });

  test('a fault becomes a problem with its code; a crash says nothing of the inside', async () => {
    expect(problemOf(await ask('POST', '/device/v1/fault'))).toEqual({ type: 'about:blank', title: 'token-used', status: 403, code: 'token-used', detail: 'that token was used before' });
    const crash = await ask('POST', '/device/v1/crash');
    expect(crash.status).toBe(500);
    expect(crash.body).not.toContain('secret');
  });

  test('a body of more than 256 KiB is refused, announced or not', async () => {
    expect((await ask('POST', '/device/v1/enroll', { body: Buffer.alloc(256 << 10) })).status).toBe(200);
    expect(problemOf(await ask('POST', '/device/v1/enroll', { body: Buffer.alloc((256 << 10) + 1) }))).toMatchObject({ status: 413, code: 'too-large' });
    const streamed = httpsRequest({ ...tls(), method: 'POST', path: '/device/v1/enroll', agent: false, headers: { 'transfer-encoding': 'chunked' } });
    streamed.on('error', () => {});
    streamed.end(Buffer.alloc((256 << 10) + 1));
    const [response] = (await once(streamed, 'response')) as [{ statusCode: number }];
    expect(response.statusCode).toBe(413);
    expect(asked).toHaveLength(1);
  });
});

describe('certificates that do not hold are never taken for none', () => {
  const everywhere = async (who: TlsIdentity): Promise<unknown[]> => Promise.all(['/device/v1/enroll', '/v2/', '/'].map(async (path) => problemOf(await ask('GET', path, { who }))));

  test('a foreign CA', async () => {
    await using stranger = await newAuthority();
    for (const problem of await everywhere(await deviceIdentity(stranger, 'dev-a'))) expect(problem).toMatchObject({ status: 403, code: 'certificate-invalid' });
    expect(asked).toEqual([]);
  });

  test('expired', async () => {
    signedBackMs = 3 * 365 * 86_400_000;
    for (const problem of await everywhere(await deviceIdentity(authority, 'dev-a'))) expect(problem).toMatchObject({ status: 403, code: 'certificate-expired', detail: expect.stringContaining('dev-a ran out') });
  });

  test('expired, except for its renewal, which learns of it', async () => {
    signedBackMs = 3 * 365 * 86_400_000;
    const who = await deviceIdentity(authority, 'dev-a');
    expect((await ask('POST', '/device/v1/renew', { who })).body).toBe('{"device":null,"bytes":0}');
    expect(asked.at(-1)?.certificate).toMatchObject({ device: 'dev-a', serial: who.serial });
    expect(asked.at(-1)?.certificate?.notAfterMs).toBeLessThan(systemClock.nowMs());
    givenUp.add(asked.at(-1)?.certificate?.keyId ?? '');
    expect(problemOf(await ask('POST', '/device/v1/renew', { who }))).toMatchObject({ code: 'certificate-superseded' });
    revoked.add(who.serial);
    expect(problemOf(await ask('POST', '/device/v1/renew', { who }))).toMatchObject({ code: 'device-revoked' });
  });

  test('expired, of a stranger, or of one who signed it for himself', async () => {
    signedBackMs = 3 * 365 * 86_400_000;
    await using stranger = await newAuthority({ clock: { ...systemClock, nowMs: () => systemClock.nowMs() - signedBackMs } });
    const alg = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const pair = await webcrypto.subtle.generateKey(alg, true, ['sign', 'verify']);
    const own = await X509CertificateGenerator.createSelfSigned({ name: [{ CN: ['dev-a'] }], notBefore: new Date(0), notAfter: new Date(86_400_000), keys: pair, signingAlgorithm: alg, extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])] });
    const keyPem = `-----BEGIN PRIVATE KEY-----\n${Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey)).toString('base64')}\n-----END PRIVATE KEY-----\n`;
    for (const who of [await deviceIdentity(stranger, 'dev-a'), { certPem: own.toString('pem'), keyPem }]) expect(problemOf(await ask('POST', '/device/v1/renew', { who }))).toMatchObject({ code: 'certificate-invalid' });
    expect(asked).toEqual([]);
  });

  test('expired while the connection, or the session that it resumes, went on', async () => {
    aheadMs = 3 * 365 * 86_400_000;
    for (const problem of await everywhere(await deviceIdentity(authority, 'dev-a'))) expect(problem).toMatchObject({ status: 403, code: 'certificate-expired' });
    for (const problem of await everywhere(await operatorIdentity(authority, 'alice'))) expect(problem).toMatchObject({ status: 403, code: 'certificate-invalid' });
    expect(asked).toEqual([]);
  });

  test('given up for a newer one', async () => {
    const who = await deviceIdentity(authority, 'dev-a');
    await ask('GET', '/device/v1/policy', { who });
    givenUp.add(asked.at(-1)?.certificate?.keyId ?? '');
    expect(used).toEqual([who.serial]);
    for (const problem of await everywhere(who)) expect(problem).toMatchObject({ status: 403, code: 'certificate-superseded', detail: 'an old copy' });
    expect(used).toEqual([who.serial]);
    expect(new Set(copies.map(({ serial, address }) => `${serial} ${address}`))).toEqual(new Set([`${who.serial} 127.0.0.1`]));
  });

  test('given up for a newer one, and told with the time at which its connection began', async () => {
    const who = await deviceIdentity(authority, 'dev-a');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await ask('GET', '/device/v1/policy', { who, agent });
    const beganBeforeMs = systemClock.nowMs();
    aheadMs = 3_600_000;
    givenUp.add(asked.at(-1)?.certificate?.keyId ?? '');
    await ask('GET', '/device/v1/policy', { who, agent });
    agent.destroy();
    expect(copies).toEqual([{ serial: who.serial, address: '127.0.0.1', connectedMs: expect.any(Number) as number }]);
    expect(copies[0]?.connectedMs).toBeLessThanOrEqual(beganBeforeMs);
  });

  test('revoked', async () => {
    const who = await deviceIdentity(authority, 'dev-a');
    revoked.add(who.serial);
    for (const problem of await everywhere(who)) expect(problem).toMatchObject({ status: 403, code: 'certificate-invalid', detail: expect.stringContaining('revoked') });
  });

  test('made for a server', async () => {
    for (const problem of await everywhere(authority.server)) expect(problem).toMatchObject({ status: 403, code: 'certificate-invalid' });
  });
});

describe('the registry', () => {
  test('is read by a device’s certificate, written with a name and password that may', async () => {
    const dev = await deviceIdentity(authority, 'dev-a');
    const digest = digestOf('blob');
    const push = `/v2/demo/app/blobs/uploads/?digest=${digest}`;
    expect((await ask('POST', push, { body: 'blob' })).status).toBe(401);
    expect((await ask('POST', push, { body: 'blob', who: dev })).status).toBe(403);
    expect((await ask('POST', push, { body: 'blob', ...basic('ci', 'wrong') })).status).toBe(401);
    expect((await ask('POST', push, { body: 'blob', ...basic('bob', 'secret') })).status).toBe(403);
    expect((await ask('POST', push, { body: 'blob', ...basic('ci', 'secret') })).status).toBe(201);
    expect(await ask('GET', `/v2/demo/app/blobs/${digest}`, { who: dev })).toMatchObject({ status: 200, body: 'blob' });
    expect((await ask('GET', `/v2/demo/app/blobs/${digest}`)).status).toBe(401);
    expect((await ask('GET', '/v2', basic('bob', 'secret'))).status).toBe(200);
  });

  test('too many tries from an address are answered as that, not as a wrong password', async () => {
    expect(problemOf(await ask('GET', '/v2/', basic('flood', 'x')))).toMatchObject({ status: 429, code: 'too-many-requests', detail: 'too many from 127.0.0.1' });
  });

  test.each(['Bearer x', 'Basic', 'Basic !!!!', 'Basic OnNlY3JldA==', `Basic ${'A'.repeat(2_000)}`])('Authorization: %s is nobody, also beside a device certificate', async (authorization) => {
    expect((await ask('GET', '/v2/', { who: await deviceIdentity(authority, 'dev-a'), headers: { authorization } })).status).toBe(401);
  });
});

describe('the door', () => {
  test.each(['/', '/device/v2/x', '/api/v1/devices', '/v2x', '/device/v1'])('there is nothing at %s', async (path) => {
    expect(problemOf(await ask('GET', path))).toMatchObject({ status: 404, code: 'not-found' });
  });

  test('plain HTTP, rubbish and headers without end get nothing and harm nobody', async () => {
    const plain = connectTcp(listener.port, '127.0.0.1').on('error', () => {});
    plain.resume().write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n');
    const long = connectTls(tls()).on('error', () => {});
    let answer = '';
    long.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    long.write(`GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`);
    await until(() => plain.closed && long.closed, { what: 'both are closed' });
    expect(answer).toContain(' 431 ');
    expect((await ask('GET', '/device/v1/policy')).status).toBe(200);
  });

  test('a device that is trusted no more loses its connections at once, a transfer in progress too; others keep theirs', async () => {
    const [bad, good] = [await deviceIdentity(authority, 'dev-bad'), await deviceIdentity(authority, 'dev-good')];
    const idle = connectTls(tls(bad)).on('error', () => {});
    const sending = connectTls(tls(bad)).on('error', () => {});
    const other = connectTls(tls(good)).on('error', () => {});
    await Promise.all([idle, sending, other].map((socket) => once(socket, 'secureConnect')));
    sending.write('POST /device/v1/enroll HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{');
    // The server counts a connection once it has read the client's part of the handshake.
    let kicked = 0;
    await until(() => (kicked += listener.kick('dev-bad')) >= 2, { what: 'both are ended' });
    for (const socket of [idle, sending]) socket.resume();
    await until(() => idle.closed && sending.closed, { what: 'the device has noticed' });
    expect([other.closed, listener.kick('dev-bad'), listener.kick('nobody')]).toEqual([false, 0, 0]);
    other.destroy();
  });

  test('nobody shows a second certificate on a connection: there is one handshake, also after the door shows another one of its own', async () => {
    for (const turn of ['first', 'second']) {
      const socket = connectTls({ ...tls(await deviceIdentity(authority, 'dev-a')), maxVersion: 'TLSv1.2' });
      await once(socket, 'secureConnect');
      const [answer] = await Promise.race([once(socket, 'error'), new Promise<[string]>((resolve) => void socket.renegotiate({}, () => resolve(['a second handshake'])))]).catch((error: unknown) => [error]);
      socket.destroy();
      expect([turn, String(answer)]).toEqual([turn, expect.stringMatching(/renegotiation/i)]);
      listener.useIdentity(authority.server);
    }
  });

  test('closing ends idle and silent connections, and frees the port', async () => {
    const silent = connectTcp(listener.port, '127.0.0.1').on('error', () => {});
    const idle = connectTls(tls()).on('error', () => {});
    await once(idle, 'secureConnect');
    for (const socket of [silent, idle]) socket.resume();
    await listener[Symbol.asyncDispose]();
    await until(() => silent.closed && idle.closed, { what: 'both are closed' });
    await expect(ask('GET', '/v2/')).rejects.toThrow(/ECONNREFUSED/);
  });
});

test('shows another certificate from now on, and lets those who are connected be', async () => {
  const next = await authority.managerIdentity('a');
  const before = (await ask('GET', '/device/v1/ca')).status;
  listener.useIdentity({ certPem: next.certPem, keyPem: next.keyPem });
  const seen = await new Promise<string | undefined>((resolve, reject) => {
    const socket = connectTls({ ...tls(), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.subject);
      socket.destroy();
    });
    socket.on('error', reject);
  });
  expect([before, seen]).toEqual([200, 'CN=manager:a']);
});
