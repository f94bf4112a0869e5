import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, type Log, silentLog, systemClock } from '@pier/shared/core';
import { EnrollRequest, encodeToken } from '@pier/shared/enroll';
import { BoardProfile } from '@pier/shared/hardware';
import { type TestAuthority, makeAuthority } from '../../testing/authority.ts';
import { keys, policyEnvelope } from '../../testing/site.ts';
import { enrolOnce } from './enroll.ts';

const profile = BoardProfile.parse({ model: 'test', onRelease: 'input', chips: [{ label: 'chip', lines: [{ line: 0, name: 'GPIO0' }] }] });
const secret = 's'.repeat(32);
const never = new AbortController().signal;

let folder: string;
let authority: TestAuthority;
let manager: Manager;
type Manager = { url: string; requests: { path: string; csr?: string; name?: string | undefined }[]; say: { status: number; json: unknown }[]; sayBefore: { status: number; json: unknown }[]; server: Server };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pier-enrol-'));
  authority = await makeAuthority();
  manager = await startManager();
});
afterEach(async () => {
  manager.server.closeAllConnections();
  manager.server.close();
  await once(manager.server, 'close');
  rmSync(folder, { recursive: true, force: true });
});

/** Signs what is asked of it; answers in `say` come first, one for each enrolment, after the certificate was signed. */
async function startManager(): Promise<Manager> {
  const requests: Manager['requests'] = [];
  const say: Manager['say'] = [];
  const sayBefore: Manager['sayBefore'] = [];
  const server = createServer(await authority.server(), (request, response) => {
    const reply = (status: number, json: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    const handle = async (): Promise<void> => {
      if (request.url === '/device/v1/ca') {
        requests.push({ path: request.url });
        const first = sayBefore.shift();
        if (first) return reply(first.status, first.json);
        return reply(200, { ca: authority.caPem });
      }
      const body = EnrollRequest.parse(JSON.parse(Buffer.concat(await request.toArray()).toString()));
      requests.push({ path: request.url ?? '', csr: body.csr, name: body.name });
      const certificate = await authority.signRequest(body.csr, 'board-1');
      const first = say.shift();
      if (first) return reply(first.status, first.json);
      return reply(200, { device: 'board-1', generation: 1, certificate, ca: authority.caPem, policy: policyEnvelope(), mqtt: 'mqtts://127.0.0.1:1' });
    };
    handle().catch((error: unknown) => reply(500, { type: 'about:blank', title: 'internal', status: 500, code: 'internal', detail: String(error) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, say, sayBefore, server };
}

const token = (change: Partial<Parameters<typeof encodeToken>[0]> = {}): string => encodeToken({ secret, caFingerprint: authority.fingerprint, rootId: keys.root.id, ...change });
const enrol = (text: string | undefined, signal: AbortSignal = never) =>
  enrolOnce({ folder, manager: manager.url, clock: systemClock, random: () => 0, log: silentLog }, { token: text, name: 'porch', profile: async () => profile }, signal);
const problem = (status: number, code: string) => ({ status, json: { type: 'about:blank', title: code, status, code, detail: `because ${code}` } });

test('a device enrols with a key of its own, which only its owner may read, and is the same device afterwards without a network', async () => {
  const identity = await enrol(token());
  expect(identity).toMatchObject({ device: 'board-1', generation: 1, rootId: keys.root.id, manager: manager.url });
  expect(identity.privatePem).toContain('BEGIN PRIVATE KEY');
  expect(statSync(join(folder, 'identity', 'key.pem')).mode & 0o077).toBe(0);
  expect(manager.requests).toMatchObject([{ path: '/device/v1/ca' }, { path: '/device/v1/enroll', name: 'porch' }]);
  expect(await enrol(undefined)).toEqual(identity);
  expect(manager.requests).toHaveLength(2);
});

test('the key is on disk before the manager hears of it, and a retry after a lost answer shows the same one', async () => {
  manager.say.push({ status: 200, json: 'the rest was lost' });
  await enrol(token());
  const asked = manager.requests.flatMap(({ csr }) => (csr === undefined ? [] : [csr]));
  const publicPart = (csr: string): string => Buffer.from(csr.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64').toString('hex').match(/03010703420004([0-9a-f]{128})/)?.[1] ?? csr;
  expect(asked).toHaveLength(2);
  expect(publicPart(asked[0] ?? '')).toBe(publicPart(asked[1] ?? ' '));
});

test('a claim token in the device\'s own folder is gone once it is used, and one elsewhere stays', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'pier-token-'));
  for (const tokenFile of [join(folder, 'token'), join(elsewhere, 'token')]) {
    rmSync(join(folder, 'identity'), { recursive: true, force: true });
    writeFileSync(tokenFile, token());
    await enrolOnce({ folder, manager: manager.url, clock: systemClock, random: () => 0, log: silentLog }, { token: token(), tokenFile, name: 'porch', profile: async () => profile }, never);
    expect([tokenFile, existsSync(tokenFile)]).toEqual([tokenFile, tokenFile.startsWith(elsewhere)]);
  }
  rmSync(elsewhere, { recursive: true });
});

test('a process that dies between request and answer goes on with the same key', async () => {
  const controller = new AbortController();
  manager.say.push(problem(503, 'unreachable'));
  const dying = enrol(token(), controller.signal);
  while (!existsSync(join(folder, 'identity', 'key.pem'))) await systemClock.sleep(5);
  controller.abort();
  await expect(dying).rejects.toThrow(/abort/);
  const key = readFileSync(join(folder, 'identity', 'key.pem'), 'utf8');
  expect((await enrol(token())).privatePem).toBe(key);
});

test('an authority that the token does not name is not trusted: nothing is sent to it', async () => {
  await expect(enrol(token({ caFingerprint: 'ab'.repeat(32) }))).rejects.toMatchObject({ code: 'certificate-invalid', message: expect.stringContaining('not the manager that gave the token') });
  expect(manager.requests).toEqual([{ path: '/device/v1/ca' }]);
  expect(existsSync(join(folder, 'identity', 'enrolment.json'))).toBe(false);
});

test('what somebody says who has not proved to be the manager ends no enrolment, and reaches no terminal', async () => {
  const said: string[] = [];
  manager.sayBefore.push({ status: 403, json: { type: 'about:blank', title: 'x', status: 403, code: 'forbidden', detail: 'typed \u001b[2J by a stranger' } });
  const log = { ...silentLog, warn: (fields: object) => void said.push(JSON.stringify(fields)) };
  await enrolOnce({ folder, manager: manager.url, clock: systemClock, random: () => 0, log }, { token: token(), name: undefined, profile: async () => profile }, never);
  expect(said).toEqual([expect.stringContaining('answered 403')]);
  expect(said[0]).not.toContain('stranger');
});

test('what the manager says has no control characters in it', async () => {
  manager.say.push({ status: 403, json: { type: 'about:blank', title: 'x', status: 403, code: 'forbidden', detail: 'no\u001b[2J\n\u009bway' } });
  await expect(enrol(token())).rejects.toMatchObject({ code: 'forbidden', message: 'no?[2J??way' });
});

test('a manager that shows the right authority without its key is not trusted either', async () => {
  const real = authority;
  authority = await makeAuthority();
  const impostor = await startManager();
  authority = real;
  manager.server.close();
  manager = impostor;
  await expect(enrol(token())).rejects.toMatchObject({ code: 'certificate-invalid' });
  expect(manager.requests.every(({ path }) => path === '/device/v1/ca')).toBe(true);
});

test('a policy that another root signed is refused, and the device is not enrolled', async () => {
  await expect(enrol(token({ rootId: keys.stranger.id }))).rejects.toMatchObject({ code: 'policy-invalid' });
  expect(existsSync(join(folder, 'identity', 'enrolment.json'))).toBe(false);
});

test.each(['token-used', 'token-expired', 'token-invalid'] as const)('a manager that says %s ends the try, in its own words', async (code) => {
  manager.say.push(problem(403, code));
  await expect(enrol(token())).rejects.toMatchObject({ code, message: `because ${code}` });
});

test('a manager that has trouble is asked again', async () => {
  manager.say.push(problem(503, 'unreachable'), problem(500, 'internal'));
  expect((await enrol(token())).device).toBe('board-1');
});

/** Sleeps at once, and remembers for how long it was to; time passes all the same. */
function quickClock(): Clock & { readonly sleptMs: number[] } {
  const sleptMs: number[] = [];
  let passedMs = 0;
  const sleep: Clock['sleep'] = async (ms, signal) => {
    signal?.throwIfAborted();
    sleptMs.push(ms);
    passedMs += ms;
  };
  return { ...systemClock, monotonicMs: () => passedMs, sleep, sleptMs };
}

test('a device that waits for a person asks again with the same key, ever less often, and says so once a minute', async () => {
  const clock = quickClock();
  const said: string[] = [];
  const log: Log = { ...silentLog, info: (_fields, event) => void said.push(event), warn: (_fields, event) => void said.push(event) };
  manager.say.push(...Array.from({ length: 12 }, () => problem(409, 'device-pending')));
  expect((await enrolOnce({ folder, manager: manager.url, clock, random: () => 0, log }, { token: token(), name: 'porch', profile: async () => profile }, never)).device).toBe('board-1');
  expect(clock.sleptMs[0]).toBe(5_000);
  expect(clock.sleptMs.toSorted((a, b) => a - b)).toEqual(clock.sleptMs);
  expect(clock.sleptMs.at(-1)).toBe(60_000);
  const waitedMs = clock.sleptMs.reduce((sum, ms) => sum + ms, 0);
  const lines = said.filter((event) => event === 'enrolment.pending').length;
  expect(lines).toBeGreaterThan(1);
  expect(lines).toBeLessThanOrEqual(1 + waitedMs / 60_000);
  expect(said.filter((event) => event === 'enrolment.failed')).toEqual([]);
});

test('a device that was denied while it waited gives up, in the words of the manager', async () => {
  manager.say.push(problem(409, 'device-pending'), problem(503, 'unreachable'), problem(409, 'device-pending'), problem(403, 'forbidden'));
  await expect(enrolOnce({ folder, manager: manager.url, clock: quickClock(), random: () => 0, log: silentLog }, { token: token(), name: undefined, profile: async () => profile }, never)).rejects.toMatchObject({ code: 'forbidden', message: 'because forbidden' });
  expect(existsSync(join(folder, 'identity', 'enrolment.json'))).toBe(false);
});

test('a device that waits stops at once when it is told to', async () => {
  manager.say.push(problem(409, 'device-pending'));
  const controller = new AbortController();
  const waiting = enrol(token(), controller.signal);
  while (manager.requests.length < 2) await systemClock.sleep(5);
  controller.abort();
  await expect(waiting).rejects.toThrow(/abort/);
});

test.each([
  ['is missing', undefined, /a claim token is needed/],
  ['is no token', 'hello', /damaged/],
  ['is cut off', 'pier1.eyJz', /damaged/],
])('a token that %s is told so before anybody is asked', async (_name, text, message) => {
  await expect(enrol(text)).rejects.toMatchObject({ code: 'token-invalid', message: expect.stringMatching(message) });
  expect(manager.requests).toEqual([]);
});

test('a damaged enrolment is a fault of the storage, not a new device', async () => {
  await enrol(token());
  writeFileSync(join(folder, 'identity', 'enrolment.json'), '{"device":"board-1"}');
  await expect(enrol(token())).rejects.toMatchObject({ code: 'storage-failed' });
});
