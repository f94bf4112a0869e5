import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DeviceId, KeyId, type Log, silentLog, systemClock } from '@pier/shared/core';
import { RenewRequest, devicePaths } from '@pier/shared/enroll';
import { makeCertificateRequest, makePrivateKey } from '@pier/shared/x509';
import { type TestAuthority, makeAuthority } from '../../testing/authority.ts';
import { keys, policyEnvelope } from '../../testing/site.ts';
import { HeldIdentity } from './held-identity.ts';
import { type Enrolment, type Identity, deviceKey, nextKey, storeEnrolment, storedIdentity } from './identity.ts';
import { CertificateKeeper, dueMs } from './keep-certificate.ts';

const device = DeviceId.parse('board-1');
const hourMs = 3_600_000;
let folder: string;
let authority: TestAuthority;
let manager: { url: string; server: Server; asked: string[]; answer: { renew: (csr: string) => Promise<unknown>; addresses: { status: number; json: unknown } }; nowMs: number };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pier-certificate-'));
  mkdirSync(join(folder, 'identity'));
  authority = await makeAuthority();
  const server = createServer({ ...(await authority.server()), ca: authority.caPem, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    manager.asked.push(request.url ?? '');
    const reply = (status: number, json: unknown): void => void response.writeHead(status, { 'content-type': 'application/json', date: new Date(manager.nowMs).toUTCString() }).end(JSON.stringify(json));
    const handle = async (): Promise<void> => {
      if (request.url === devicePaths.addresses) return reply(manager.answer.addresses.status, manager.answer.addresses.json);
      const { csr } = RenewRequest.parse(JSON.parse(Buffer.concat(await request.toArray()).toString()));
      const answer = await manager.answer.renew(csr);
      return typeof answer === 'object' && answer !== null && 'code' in answer ? reply(403, answer) : reply(200, answer);
    };
    handle().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sign = async (csr: string) => ({ certificate: await authority.signRequest(csr, device), issuedMs: manager.nowMs });
  manager = { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, server, asked: [], answer: { renew: sign, addresses: { status: 200, json: { mqtt: 'mqtts://127.0.0.1:1' } } }, nowMs: systemClock.nowMs() };
});
afterEach(async () => {
  manager.server.closeAllConnections();
  manager.server.close();
  await once(manager.server, 'close');
  rmSync(folder, { recursive: true, force: true });
});

const problem = (code: string) => ({ type: 'about:blank', title: code, status: 403, code, detail: `because ${code}` });

async function enrolled(issuedMs: number): Promise<Identity> {
  const privatePem = await deviceKey(folder);
  const certificate = await authority.signRequest(await makeCertificateRequest({ privatePem, commonName: device }), device);
  const enrolment: Enrolment = { device, generation: 1, certificate, ca: authority.caPem, policy: policyEnvelope(), mqtt: 'mqtts://127.0.0.1:1', rootId: KeyId.parse(keys.root.id), manager: manager.url, issuedMs };
  await storeEnrolment(folder, enrolment);
  return { ...enrolment, privatePem };
}

/** The test authority's certificates last until 2049: the rest of a life says how old one is. */
const longAgoMs = Date.UTC(1970, 0, 2);
const justNow = () => manager.nowMs - hourMs;

function keeperOf(identity: Identity, { log = silentLog, again }: { log?: Log; again?: () => Promise<Enrolment> } = {}) {
  const held = new HeldIdentity(folder, identity);
  const stop = new AbortController();
  const keeper = new CertificateKeeper({ held, folder, manager: manager.url, clock: systemClock, random: () => 0, log, again });
  const running = keeper.run(stop.signal);
  return {
    held,
    keeper,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

describe('a certificate', () => {
  test('is due after two thirds of its life, spread over a tenth of it', () => {
    const life = { fromMs: 1_000, toMs: 1_000 + 30 * hourMs };
    expect([0, 0.5, 1].map((chance) => Math.round((dueMs(life, chance) - 1_000) / hourMs * 10) / 10)).toEqual([18.5, 20, 21.5]);
  });

  test('that is due is renewed for a new key: what is on disk, what is shown and who listens all know', async () => {
    const old = await enrolled(longAgoMs);
    manager.nowMs = Date.UTC(2040, 0, 1);
    await using kept = keeperOf(old);
    const { pair } = kept.held;
    await expect.poll(() => pair.aborted, { timeout: 30_000 }).toBe(true);
    expect(kept.held.pair.aborted).toBe(false);
    expect(kept.held.tls.cert).not.toBe(old.certificate);
    expect(kept.held.tls.key).not.toBe(old.privatePem);
    expect(await storedIdentity(folder)).toEqual(kept.held.now);
    expect(existsSync(join(folder, 'identity', 'next.pem'))).toBe(false);
  });

  test("that is not due by the manager's clock is left alone, whatever the board's clock says", async () => {
    manager.nowMs = systemClock.nowMs() - 5 * 365 * 24 * hourMs;
    await using kept = keeperOf(await enrolled(justNow()));
    await expect.poll(() => manager.asked.length, { timeout: 30_000 }).toBe(1);
    kept.keeper.look();
    await expect.poll(() => manager.asked.length, { timeout: 30_000 }).toBe(2);
    expect(manager.asked).not.toContain(devicePaths.renew);
  });

  test('that the manager says has run out is renewed at once', async () => {
    manager.answer.addresses = { status: 403, json: problem('certificate-expired') };
    await using kept = keeperOf(await enrolled(justNow()));
    const { pair } = kept.held;
    await expect.poll(() => pair.aborted, { timeout: 30_000 }).toBe(true);
  });

  test('that ran out too long ago comes back by a claim token, under the same key', async () => {
    manager.answer.addresses = { status: 403, json: problem('certificate-expired') };
    manager.answer.renew = async () => problem('certificate-expired');
    const old = await enrolled(justNow());
    const { privatePem: _key, ...enrolment } = old;
    const certificate = await authority.signRequest(await makeCertificateRequest({ privatePem: old.privatePem, commonName: device }), device);
    await using kept = keeperOf(old, { again: async () => ({ ...enrolment, certificate }) });
    const { pair } = kept.held;
    await expect.poll(() => pair.aborted, { timeout: 30_000 }).toBe(true);
    expect(await storedIdentity(folder)).toEqual({ ...old, certificate });
  });

  test.each(['certificate-expired', 'certificate-superseded', 'device-revoked'])('that the manager answers with %s is told of loudly, and stays', async (code) => {
    manager.answer.renew = async () => problem(code);
    const said: unknown[] = [];
    const old = await enrolled(longAgoMs);
    manager.nowMs = Date.UTC(2040, 0, 1);
    await using kept = keeperOf(old, { log: { ...silentLog, error: (fields, event) => void said.push({ ...fields, event }) } });
    await expect.poll(() => said[0], { timeout: 30_000 }).toMatchObject({ event: 'certificate.not-renewed', code, reason: `because ${code}` });
    expect(kept.held.now).toEqual(old);
    expect(await storedIdentity(folder)).toEqual(old);
  });

  test.each<[string, (csr: string) => Promise<string>]>([
    ['for another key', async () => authority.signRequest(await makeCertificateRequest({ privatePem: makePrivateKey(), commonName: device }), device)],
    ['for another device', async (csr) => authority.signRequest(csr, 'board-2')],
    ['by another authority', async (csr) => (await makeAuthority()).signRequest(csr, device)],
    ['that is none', async () => 'hello'],
  ])('%s is not taken for a renewed one', async (_name, certificate) => {
    manager.answer.renew = async (csr) => ({ certificate: await certificate(csr), issuedMs: manager.nowMs });
    const said: unknown[] = [];
    const old = await enrolled(longAgoMs);
    manager.nowMs = Date.UTC(2040, 0, 1);
    await using _kept = keeperOf(old, { log: { ...silentLog, error: (fields) => void said.push(fields) } });
    await expect.poll(() => said[0], { timeout: 30_000 }).toMatchObject({ code: 'certificate-invalid' });
    expect(await storedIdentity(folder)).toEqual(old);
  });
});

describe('a process that dies while it renews', () => {
  test('before it has the answer comes back with the old pair, and asks for the same key', async () => {
    const old = await enrolled(longAgoMs);
    const next = await nextKey(folder);
    expect(await storedIdentity(folder)).toEqual(old);
    expect(await nextKey(folder)).toBe(next);
  });

  test('after the certificate was stored comes back with the new pair, and brings the renewal to its end', async () => {
    const { privatePem: _key, ...old } = await enrolled(longAgoMs);
    const next = await nextKey(folder);
    const certificate = await authority.signRequest(await makeCertificateRequest({ privatePem: next, commonName: device }), device);
    await storeEnrolment(folder, { ...old, certificate });
    for (let starts = 0; starts < 2; starts += 1) expect(await storedIdentity(folder)).toEqual({ ...old, certificate, privatePem: next });
    expect(readFileSync(join(folder, 'identity', 'key.pem'), 'utf8')).toBe(next);
    expect(new X509Certificate(certificate).subject).toBe('CN=board-1');
  });

  test('and finds its next key damaged makes another one', async () => {
    await enrolled(longAgoMs);
    writeFileSync(join(folder, 'identity', 'next.pem'), 'torn');
    expect(await nextKey(folder)).toContain('BEGIN PRIVATE KEY');
  });
});
