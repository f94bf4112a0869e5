import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppName, silentLog } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type SiteRegistry, keys, policyEnvelope, startRegistry } from '../../testing/site.ts';
import type { Verifier } from '../artifact.ts';
import { type Store, openStore } from '../store/index.ts';
import { createVerifier, openRegistries, openTrust } from './index.ts';

const app = AppName.parse('blink');
const repository = 'apps/blink';
const wasm = Buffer.from('\0asm\x01\0\0\0', 'latin1');
const signal = new AbortController().signal;

let folder: string;
let store: Store;
let registry: SiteRegistry;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pier-verify-'));
  store = await openStore(folder);
  registry = await startRegistry();
});
afterEach(async () => {
  store[Symbol.dispose]();
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function open(): { verifier: Verifier; trust: ReturnType<typeof openTrust> } {
  const trust = openTrust({ store, enrolled: policyEnvelope(), rootId: keys.root.id, log: silentLog });
  const registries = openRegistries({ manager: { origin: 'https://127.0.0.1:1' }, mirror: registry.url });
  return { verifier: createVerifier({ store, registries, trust, log: silentLog }), trust };
}

test('a signed release is accepted, kept, and judged again without a registry', async () => {
  const { verifier } = open();
  const { digest, layer } = registry.push({ wasm });
  const verdict = await verifier.inspect({ app, repository, digest }, signal);
  expect(verdict).toMatchObject({ ok: true, value: { app, digest, counter: 1, signedBy: [keys.release.id], repository } });
  if (verdict.ok) await verifier.download(verdict.value, signal);
  expect(Buffer.from(await store.blobs.read(layer)).equals(wasm)).toBe(true);
  await registry[Symbol.asyncDispose]();
  expect(await open().verifier.rejudge({ app, digest })).toEqual(verdict);
  registry = await startRegistry();
});

test('a layer that is there is not fetched again', async () => {
  const { verifier } = open();
  const { digest, layer } = registry.push({ wasm });
  const verdict = await verifier.inspect({ app, repository, digest }, signal);
  if (verdict.ok) await verifier.download(verdict.value, signal);
  if (verdict.ok) await verifier.download(verdict.value, signal);
  expect(registry.requests.filter((line) => line.includes(layer))).toHaveLength(1);
});

describe('refused', () => {
  test('unsigned', async () => {
    const { digest } = registry.push({ wasm, signers: [] });
    expect(await open().verifier.inspect({ app, repository, digest }, signal)).toMatchObject({ ok: false, refusal: { code: 'unsigned' } });
    expect(store.releases.get(digest)).toBeUndefined();
  });
  test('signed by a stranger', async () => {
    const { digest } = registry.push({ wasm, signers: [keys.stranger] });
    expect(await open().verifier.inspect({ app, repository, digest }, signal)).toMatchObject({ ok: false, refusal: { code: 'untrusted-signer' } });
  });
  test('signed by a scheduler, who says when and not what', async () => {
    const { digest } = registry.push({ wasm, signers: [keys.scheduler] });
    expect(await open().verifier.inspect({ app, repository, digest }, signal)).toMatchObject({ ok: false, refusal: { code: 'untrusted-signer' } });
  });
  test('a release of another app, offered under this name', async () => {
    const { digest } = registry.push({ wasm, app: 'other' });
    expect(await open().verifier.inspect({ app, repository, digest }, signal)).toMatchObject({ ok: false, refusal: { code: 'manifest-invalid', reason: expect.stringContaining('"other"') } });
  });
  test('a repository outside every scope', async () => {
    const { digest } = registry.push({ wasm });
    expect(await open().verifier.inspect({ app, repository: 'apps-evil/blink', digest }, signal)).toMatchObject({ ok: false, refusal: { code: 'scope-unmatched' } });
    // Not even asked for: whoever answers at that address learns nothing, and is told nothing.
    expect(await open().verifier.inspect({ app, repository: '127.0.0.1:9/apps/blink', digest }, signal)).toMatchObject({ ok: false, refusal: { code: 'scope-unmatched', reason: expect.stringContaining('nothing was fetched') } });
  });
  test('older than what has passed its soak here, unless it is one of the two that proved themselves here last', async () => {
    const { verifier } = open();
    const { digest } = registry.push({ wasm, counter: 3 });
    store.numbers.raiseFloor(app, { counter: 5, digest: digestOf('five') });
    expect(await verifier.inspect({ app, repository, digest }, signal)).toMatchObject({ ok: false, refusal: { code: 'release-older' } });
    const good = { digest, version: '1', counter: 3 };
    const five = { digest: digestOf('five'), version: '1', counter: 5 };
    const none = { wanted: null, progress: null, current: null, lastGood: null, previousGood: null, hold: null };
    store.apps.set(app, { ...none, lastGood: good });
    expect(await verifier.inspect({ app, repository, digest }, signal)).toMatchObject({ ok: true });
    store.apps.set(app, { ...none, lastGood: five, previousGood: good });
    expect(await verifier.inspect({ app, repository, digest }, signal)).toMatchObject({ ok: true });
    store.apps.set(app, { ...none, lastGood: five, previousGood: five });
    expect(await verifier.inspect({ app, repository, digest }, signal)).toMatchObject({ ok: false, refusal: { code: 'release-older' } });
  });
  test('from the scope of another team than the release that is on the device, until the policy moves the name', async () => {
    const { verifier, trust } = open();
    trust.take(policyEnvelope({ number: 2, prefixes: ['manager/apps', 'manager/team-b'] }));
    const first = registry.push({ wasm, counter: 1 });
    const second = registry.push({ wasm, counter: 2 });
    const takeover = () => verifier.inspect({ app, repository: 'team-b/blink', digest: second.digest }, signal);
    await verifier.inspect({ app, repository, digest: first.digest }, signal);
    store.apps.set(app, { wanted: null, progress: null, current: first.digest, lastGood: null, previousGood: null, hold: null });
    expect(await takeover()).toMatchObject({ ok: false, refusal: { code: 'scope-unmatched', reason: expect.stringContaining('"manager/team-b"') } });
    expect(store.releases.get(second.digest)).toBeUndefined();
    store.apps.set(app, { wanted: null, progress: null, current: null, lastGood: { digest: first.digest, version: '1', counter: 1 }, previousGood: null, hold: null });
    expect(await takeover()).toMatchObject({ ok: false, refusal: { code: 'scope-unmatched' } });
    expect(await verifier.inspect({ app, repository: 'apps/other-place', digest: second.digest }, signal)).toMatchObject({ ok: true });
    trust.take(policyEnvelope({ number: 3, prefixes: ['manager/team-b'] }));
    expect(await takeover()).toMatchObject({ ok: true });
  });
  test('by a policy that came after the release was kept', async () => {
    const { verifier, trust } = open();
    const { digest } = registry.push({ wasm });
    await verifier.inspect({ app, repository, digest }, signal);
    expect(trust.take(policyEnvelope({ number: 2, releases: [keys.stranger] })).ok).toBe(true);
    expect(await verifier.rejudge({ app, digest })).toMatchObject({ ok: false, refusal: { code: 'untrusted-signer' } });
  });
});

describe('a registry that lies', () => {
  test('with one flipped byte of the wasm under the true digest is caught, and nothing is kept', async () => {
    const { verifier } = open();
    const { digest, layer } = registry.push({ wasm });
    registry.corrupt(layer, Buffer.from('\0asm\x01\0\0\x01', 'latin1'));
    const verdict = await verifier.inspect({ app, repository, digest }, signal);
    const downloaded: unknown = verdict.ok ? await verifier.download(verdict.value, signal).catch((cause: unknown) => cause) : verdict;
    expect(downloaded).toMatchObject({ code: 'digest-mismatch' });
    await expect(store.blobs.read(layer)).rejects.toMatchObject({ code: 'not-found' });
  });
  test('with another manifest is caught', async () => {
    const { digest } = registry.push({ wasm });
    registry.corrupt(digest, Buffer.from('{}'));
    await expect(open().verifier.inspect({ app, repository, digest }, signal)).rejects.toMatchObject({ code: 'digest-mismatch' });
  });
  test('by having nothing is told so', async () => {
    await expect(open().verifier.inspect({ app, repository, digest: digestOf('nothing') }, signal)).rejects.toMatchObject({ code: 'not-found' });
  });
  test('by being down is a matter of time', async () => {
    const { digest } = registry.push({ wasm });
    registry.down = true;
    await expect(open().verifier.inspect({ app, repository, digest }, signal)).rejects.toMatchObject({ code: 'registry-error' });
  });
});

test('a release that is not in the store, or whose evidence the disk lost, is not found', async () => {
  const { verifier } = open();
  await expect(verifier.rejudge({ app, digest: digestOf('x') })).rejects.toMatchObject({ code: 'not-found' });
  const { digest, config } = registry.push({ wasm });
  await verifier.inspect({ app, repository, digest }, signal);
  const kept = store.releases.get(digest);
  await store.blobs.prune(new Set([config, kept?.manifest.digest ?? digest]));
  await expect(verifier.rejudge({ app, digest })).rejects.toMatchObject({ code: 'not-found' });
});

describe('the trust policy', () => {
  test('of the enrolment is in force at first, a successor from then on, also after a restart', () => {
    const { trust } = open();
    expect(trust.policy.number).toBe(1);
    expect(trust.take(policyEnvelope({ number: 2 })).ok).toBe(true);
    expect(open().trust.policy.number).toBe(2);
  });
  test.each<[string, unknown]>([
    ['with the same number', policyEnvelope({ number: 1 })],
    ['signed by another root', policyEnvelope({ number: 9, by: keys.stranger })],
    ['that is no envelope', { number: 9 }],
  ])('%s is refused, and the old one stays', (_name, envelope) => {
    const { trust } = open();
    expect(trust.take(envelope)).toMatchObject({ ok: false, refusal: { code: 'policy-invalid' } });
    expect(trust.policy.number).toBe(1);
  });
  test('that was damaged on disk falls back to the one of the enrolment', () => {
    const { trust } = open();
    trust.take(policyEnvelope({ number: 2 }));
    store.settings.set('policy', { ...policyEnvelope({ number: 3 }), payload: 'AAAA' });
    expect(open().trust.policy.number).toBe(1);
  });
  test('that cannot be opened at all stops the agent', () => {
    expect(() => openTrust({ store, enrolled: policyEnvelope(), rootId: keys.stranger.id, log: silentLog })).toThrow(expect.objectContaining({ code: 'policy-invalid' }));
  });
});

test('a release that proved itself here before must still be whole and signed by a trusted key', async () => {
  const { verifier, trust } = open();
  const { digest, layer } = registry.push({ wasm, counter: 3 });
  store.numbers.raiseFloor(app, { counter: 5, digest: digestOf('five') });
  store.apps.set(app, { wanted: null, progress: null, current: null, lastGood: null, previousGood: { digest, version: '1', counter: 3 }, hold: null });
  registry.corrupt(layer, Buffer.from('\0asm\x01\0\0\x01', 'latin1'));
  const verdict = await verifier.inspect({ app, repository, digest }, signal);
  const downloaded: unknown = verdict.ok ? await verifier.download(verdict.value, signal).catch((cause: unknown) => cause) : verdict;
  expect(downloaded).toMatchObject({ code: 'digest-mismatch' });
  trust.take(policyEnvelope({ number: 2, releases: [keys.stranger] }));
  expect(await verifier.inspect({ app, repository, digest }, signal)).toMatchObject({ ok: false, refusal: { code: 'untrusted-signer' } });
});
