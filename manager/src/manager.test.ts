/** The manager as a process: its ready line, what it keeps, how it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { apiClient } from '@pier/shared/api';
import { Asks, Limits } from '@pier/shared/capability';
import { AppName, Version, systemClock } from '@pier/shared/core';
import { packArtifact, registryClient } from '@pier/shared/oci';
import { generateKeyPair, makeSignature, payloadTypes, signEnvelope } from '@pier/shared/signing';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const Credentials = z.strictObject({ user: z.string(), password: z.string(), token: z.string() });
const Ready = z.strictObject({
  ready: z.literal(true),
  http: z.string(),
  device: z.string(),
  mqtt: z.string(),
  registry: z.string(),
  ca: z.string(),
  openapi: z.string(),
  registryCredentials: z.strictObject({ user: z.string(), password: z.string() }).optional(),
  admin: Credentials.optional(),
});

let folder: string;
const running: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-manager-'));
});
afterEach(async () => {
  for (const child of running.splice(0)) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await until('its database ended', async () => (await databasePid()) === undefined);
  await rm(folder, { recursive: true, force: true });
});

type Started = { readonly child: ChildProcess; readonly ready: z.infer<typeof Ready>; readonly said: () => string; readonly ended: Promise<number | string | null> };

function start(...args: string[]): { child: ChildProcess; said: () => string; line: Promise<string | undefined>; ended: Promise<number | string | null> } {
  const child = spawn(process.execPath, [main, 'start', '--data', folder, '--ready', 'json', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | string | null>((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  const line = new Promise<string | undefined>((resolve) => {
    child.stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text));
    child.once('close', () => resolve(undefined));
  });
  return { child, said: () => said, line, ended };
}

async function startReady(...args: string[]): Promise<Started> {
  const started = start(...args);
  const line = await started.line;
  if (line === undefined) throw new Error(`it ended before it was ready: ${started.said()}`);
  return { ...started, ready: Ready.parse(JSON.parse(line)) };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await holds()) return;
    await systemClock.sleep(50);
  }
  throw new Error(`waited in vain until ${what}`);
}

/** The embedded server's process, while it runs: a zombie does not. */
async function databasePid(): Promise<number | undefined> {
  const text = await readFile(join(folder, 'postgres/data/postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n', 1)[0]);
  if (!(pid > 0)) return undefined;
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X');
  return /\) [ZX]/.test(status) ? undefined : pid;
}

function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

test('when it says ready, all of it answers, with the credentials that it says', async () => {
  const { ready, child, ended } = await startReady('--print-credentials');
  expect(ready.admin).toBeDefined();
  const api = apiClient({ baseUrl: ready.http, token: ready.admin?.token ?? '' });
  expect(await api.call('health', {})).toEqual({ ok: true, database: true, broker: true });
  expect(await api.call('whoAmI', {})).toEqual({ user: 'admin', role: 'admin' });
  const { ca, ...addresses } = await api.call('getAddresses', {});
  expect(addresses).toEqual({ device: ready.device, mqtt: ready.mqtt, registry: ready.registry });
  expect(await readFile(ready.ca, 'utf8')).toBe(ca);
  expect(await Promise.all([ready.device, ready.mqtt, ready.registry].map(answers))).toEqual([true, true, true]);
  expect(((await (await fetch(ready.openapi)).json()) as { openapi: string }).openapi).toBe('3.1.0');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(await databasePid()).toBeUndefined();
  expect(await Promise.all([ready.http, ready.device, ready.mqtt].map(answers))).toEqual([false, false, false]);
});

test('with the credentials of the ready line an artifact is pushed over TLS, and becomes a release', async () => {
  const { ready } = await startReady('--print-credentials');
  const api = apiClient({ baseUrl: ready.http, token: ready.admin?.token ?? '' });
  const [root, releaseKey, scheduler] = [generateKeyPair(), generateKeyPair(), await api.call('getScheduler', {})];
  const keys = [{ id: releaseKey.id, name: 'ci', role: 'release', pem: releaseKey.publicPem }, { ...scheduler, name: 'manager', role: 'scheduler' }];
  const policy = { number: 1, root: { id: root.id, pem: root.publicPem }, keys, scopes: [{ prefix: 'manager/apps', keys: [releaseKey.id], threshold: 1 }], bindings: 'manager', permits: 'optional', unsignedCommands: 'readOnly' };
  await api.call('putPolicy', { body: signEnvelope({ payloadType: payloadTypes.policy, payload: JSON.stringify(policy), privatePem: root.privatePem }) });
  using client = registryClient({ origin: ready.registry, tls: { ca: await readFile(ready.ca, 'utf8') }, ...(ready.registryCredentials && { basic: ready.registryCredentials }) });
  const artifact = packArtifact({ wasm: Buffer.from('\0asm'), app: AppName.parse('blink'), version: Version.parse('1.0.0'), counter: 1, asks: Asks.parse({}), limits: Limits.parse({}), title: 'blink.wasm' });
  const signal = AbortSignal.timeout(30_000);
  for (const { bytes } of [artifact.config, artifact.layer]) await client.pushBlob('apps/blink', bytes, signal);
  const digest = await client.pushManifest('apps/blink', artifact.manifest, {}, signal);
  await client.pushSignature('apps/blink', { digest, ...makeSignature({ digest, manifestSizeBytes: artifact.manifest.byteLength, privatePem: releaseKey.privatePem }) }, signal);
  const made = await api.call('createRelease', { body: { repository: 'apps/blink', digest } });
  expect(made).toMatchObject({ state: 'verified', signedBy: [releaseKey.id] });
  expect((await api.call('listReleases', {})).items).toEqual([made]);
});

test('a registry client with a wrong password pushes nothing', async () => {
  const { ready } = await startReady('--print-credentials');
  using client = registryClient({ origin: ready.registry, tls: { ca: await readFile(ready.ca, 'utf8') }, basic: { user: 'admin', password: 'wrong' } });
  await expect(client.pushBlob('apps/blink', Buffer.from('x'), AbortSignal.timeout(30_000))).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('the next start has the same addresses and says no credentials, and the old ones still hold', async () => {
  const first = await startReady('--print-credentials', '--public-host', 'pier.example');
  expect([first.ready.device, first.ready.mqtt]).toEqual([expect.stringContaining('//pier.example:'), expect.stringContaining('//pier.example:')]);
  first.child.kill('SIGINT');
  expect(await first.ended).toBe(0);
  const second = await startReady('--print-credentials');
  const { admin, registryCredentials, ...addresses } = first.ready;
  expect(second.ready).toEqual(addresses);
  expect(registryCredentials).toEqual({ user: 'token', password: admin?.token });
  expect(await apiClient({ baseUrl: second.ready.http, token: admin?.token ?? '' }).call('whoAmI', {})).toMatchObject({ user: 'admin' });
  expect(await statusFor('pier.example', second.ready.http)).toBe(200);
  expect(await statusFor('other.example', second.ready.http)).toBe(403);
});

/** What the listener for people answers to one who asks for it by that name. */
function statusFor(host: string, url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => void get(`${url}/api/v1/health`, { headers: { host } }, (answer) => resolve(answer.resume().statusCode)).once('error', reject));
}

const codeIn = (text: string): string => /the code ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})\n/.exec(text)?.[1] ?? 'none said';
const setUp = (http: string, code: string) => fetch(`${http}/api/v1/setup`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code, user: 'olga', password: 'a password long enough' }) });

test('without --print-credentials the log says a code, with which the first account is made; nothing of it stays on disk', async () => {
  const first = await startReady();
  expect(first.ready.admin).toBeUndefined();
  const old = codeIn(first.said());
  expect(first.said()).toContain(`"setupCode":"${old}"`);
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  const { ready, said, child, ended } = await startReady();
  const code = codeIn(said());
  expect((await setUp(ready.http, old)).status).toBe(403);
  const made = await setUp(ready.http, code);
  expect([made.status, await made.json()]).toEqual([201, { user: 'olga', role: 'admin' }]);
  const cookie = (made.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
  const about = await (await fetch(`${ready.http}/api/v1/about`, { headers: { cookie } })).json();
  expect(about).toMatchObject({ node: process.versions.node, database: { version: expect.stringMatching(/^18\./), embedded: true }, replica: 'main', simulator: false, policy: null });
  expect(await (await fetch(`${ready.http}/api/v1/setup`)).json()).toEqual({ needed: false });
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(await readdir(folder)).not.toContain('credentials.json');
  const third = await startReady();
  expect(third.said()).not.toMatch(/setup|the code/);
});

test('for people the ready line says what to do first', async () => {
  const child = spawn(process.execPath, [main, 'start', '--data', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const line = await new Promise<string>((resolve) => child.stdout.setEncoding('utf8').once('data', resolve));
  expect(line).toMatch(/^Pier is ready at http:\/\/127\.0\.0\.1:\d+; no account yet: open it and use the setup code [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\n$/);
  expect(line).toContain(codeIn(said));
});

test('killed, it takes its database along and starts again as it was', async () => {
  const first = await startReady('--print-credentials');
  first.child.kill('SIGKILL');
  await first.ended;
  await until('its database ended', async () => (await databasePid()) === undefined);
  const second = await startReady();
  expect(second.ready.mqtt).toBe(first.ready.mqtt);
});

test('a second one in the same folder is turned away with the reason', async () => {
  const first = await startReady();
  const second = start();
  expect(await second.ended).toBe(5);
  expect(second.said()).toContain(`another manager uses ${folder}`);
  expect(await answers(first.ready.http)).toBe(true);
});

test('a command line that is wrong ends with 2 and says what is', async () => {
  const { ended, said } = start('--http-port', 'eighty');
  expect(await ended).toBe(2);
  expect(said()).toContain('httpPort');
});
