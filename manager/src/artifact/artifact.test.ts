import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Asks, Limits } from '@pier/shared/capability';
import { AppName, type Digest, Version, canonicalJson, silentLog, systemClock, systemRandom } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type PackedArtifact, type RegistryClient, packArtifact, registryClient } from '@pier/shared/oci';
import { type Envelope, type KeyPair, generateKeyPair, makeSignature, payloadTypes, signEnvelope } from '@pier/shared/signing';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { audit, policy as policyTable, release as releaseTable } from '../db/index.ts';
import type { RequestOf } from '../http/index.ts';
import { type Registry, openRegistry } from '../registry/index.ts';
import { type Policies, type Releases, openPolicies, openReleases } from './index.ts';

const [root, otherRoot, releaseKey, newKey, stranger, scheduler] = Array.from({ length: 6 }, generateKeyPair) as [KeyPair, KeyPair, KeyPair, KeyPair, KeyPair, KeyPair];
const actor = { name: 'otto', role: 'admin' } as const;
const signal = new AbortController().signal;

let database: Awaited<ReturnType<typeof openTestDatabase>>;
let registry: Registry;
let server: Server;
let client: RegistryClient;
let policies: Policies;
let releases: Releases;
let changes = 0;
let wakes = 0;

beforeAll(async () => {
  database = await openTestDatabase();
  registry = await openRegistry({ dir: join(database.folder, 'registry'), clock: systemClock, log: silentLog });
  server = createServer((request, response) => void registry.handle(request, response, { kind: 'user', user: 'otto', may: 'push' }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  client = registryClient({ origin: `http://127.0.0.1:${address.port}` });
  policies = openPolicies({
    db: database.db,
    clock: systemClock,
    log: silentLog,
    scheduler,
    onChange: async () => {
      changes += 1;
      await releases.rejudge();
    },
  });
  releases = openReleases({ db: database.db, clock: systemClock, random: systemRandom, log: silentLog, registry, policies, wake: () => void (wakes += 1) });
});
afterAll(async () => {
  client[Symbol.dispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await registry[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await database.db.delete(releaseTable);
  await database.db.delete(policyTable);
  changes = 0;
  wakes = 0;
});

const keyOf = (key: KeyPair, role: 'release' | 'scheduler') => ({ id: key.id, name: role, role, pem: key.publicPem });

function policyOf({ number = 1, by = root, keys = [releaseKey], listed = scheduler, prefixes = ['manager/apps'] }: { number?: number; by?: KeyPair; keys?: KeyPair[]; listed?: KeyPair; prefixes?: string[] } = {}): Envelope {
  const policy = {
    number,
    root: { id: by.id, pem: by.publicPem },
    keys: [...keys.map((key) => keyOf(key, 'release')), keyOf(listed, 'scheduler')],
    scopes: prefixes.map((prefix) => ({ prefix, keys: keys.map((key) => key.id), threshold: 1 })),
    bindings: 'manager',
    permits: 'optional',
    unsignedCommands: 'readOnly',
  };
  return signEnvelope({ payloadType: payloadTypes.policy, payload: canonicalJson(policy), privatePem: by.privatePem });
}

const putPolicy = (body: Envelope) => policies.handlers.putPolicy({ body, actor, params: undefined, query: undefined });

const ledAsks = { gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] };

function pack({ version = '1.0.0', counter = 1, wasm = '\0asm', app = 'blink', asks = ledAsks, limits = {} }: { version?: string; counter?: number; wasm?: string; app?: string; asks?: unknown; limits?: unknown } = {}): PackedArtifact {
  return packArtifact({ wasm: Buffer.from(wasm), app: AppName.parse(app), version: Version.parse(version), counter, asks: Asks.parse(asks), limits: Limits.parse(limits), title: `${app}.wasm` });
}

async function push(artifact: PackedArtifact, { by = releaseKey, repository = 'apps/blink' }: { by?: KeyPair | undefined; repository?: string } = {}): Promise<Digest> {
  await client.pushBlob(repository, artifact.config.bytes, signal);
  await client.pushBlob(repository, artifact.layer.bytes, signal);
  const digest = await client.pushManifest(repository, artifact.manifest, {}, signal);
  await sign(digest, artifact, { by, repository });
  return digest;
}

async function sign(digest: Digest, artifact: PackedArtifact, { by, repository = 'apps/blink' }: { by: KeyPair; repository?: string }): Promise<void> {
  await client.pushSignature(repository, { digest, ...makeSignature({ digest, manifestSizeBytes: artifact.manifest.byteLength, privatePem: by.privatePem }) }, signal);
}

const create = (digest: Digest, repository = 'apps/blink') => releases.handlers.createRelease({ body: { repository, digest }, actor, params: undefined, query: undefined });
const withdraw = (id: string, remark?: string) => releases.handlers.withdrawRelease({ params: { id }, body: { remark }, actor, query: undefined });
const compare = (from: string, to: string) => releases.handlers.compareRelease({ params: { id: to }, query: { from }, actor, body: undefined });
const list = (query: RequestOf<'listReleases'>['query']) => releases.handlers.listReleases({ query, actor, params: undefined, body: undefined });

test('where a release runs is asked of a release that there is', async () => {
  await putPolicy(policyOf());
  const { id } = await create(await push(pack()));
  const useOfRelease = (of: string) => releases.handlers.useOfRelease({ params: { id: of }, query: undefined, body: undefined, actor });
  expect(await useOfRelease(id)).toEqual({ running: 0, proven: 0, soaking: 0, troubles: [] });
  await expect(useOfRelease('rel-nothing')).rejects.toMatchObject({ code: 'not-found' });
});

test('an artifact that a trusted key signed becomes a verified release, and twice is once', async () => {
  await putPolicy(policyOf());
  const digest = await push(pack());
  const made = await create(digest);
  expect(made).toMatchObject({ app: 'blink', version: '1.0.0', counter: 1, repository: 'apps/blink', digest, state: 'verified', reason: null, signedBy: [releaseKey.id], asks: { gpio: [{ label: 'led', safe: 'inactive' }] } });
  expect(await create(digest)).toEqual(made);
  expect(await releases.get(made.id)).toEqual(made);
  const noted = (await database.db.select().from(audit)).filter((row) => row.object === `release:${made.id}`);
  expect(noted).toMatchObject([{ action: 'release.created', actor: 'otto' }]);
});

test("a stranger's artifact is listed as rejected, with code and reason", async () => {
  await putPolicy(policyOf());
  const digest = await push(pack({ wasm: '\0asm-stranger' }), { by: stranger });
  expect(await create(digest)).toMatchObject({ state: 'rejected', reason: { code: 'untrusted-signer', reason: expect.stringContaining('apps') }, signedBy: [] });
});

test('without a policy nothing is verified; setting one judges anew', async () => {
  const digest = await push(pack());
  const before = await create(digest);
  expect(before).toMatchObject({ state: 'rejected', reason: { code: 'policy-missing' } });
  await putPolicy(policyOf());
  expect(await releases.get(before.id)).toMatchObject({ state: 'verified', reason: null });
});

test('a key that is taken out of the policy vouches no longer for what it signed', async () => {
  await putPolicy(policyOf());
  const { id } = await create(await push(pack()));
  await putPolicy(policyOf({ number: 2, keys: [newKey] }));
  expect(await releases.get(id)).toMatchObject({ state: 'rejected', reason: { code: 'untrusted-signer' } });
});

test('a signature that comes later is seen when the release is asked for again', async () => {
  await putPolicy(policyOf());
  const artifact = pack({ wasm: '\0asm-late' });
  const digest = await push(artifact, { by: stranger });
  const { id } = await create(digest);
  await sign(digest, artifact, { by: releaseKey });
  expect(await create(digest)).toMatchObject({ id, state: 'verified' });
});

test('a repository outside every scope is rejected, and the same bytes in the right one are not', async () => {
  await putPolicy(policyOf());
  const artifact = pack({ wasm: '\0asm-moved' });
  const digest = await push(artifact, { repository: 'elsewhere/blink' });
  expect(await create(digest, 'elsewhere/blink')).toMatchObject({ state: 'rejected', reason: { code: 'scope-unmatched' } });
  await push(artifact);
  expect(await create(digest)).toMatchObject({ state: 'verified', repository: 'apps/blink' });
  expect(await create(digest, 'elsewhere/blink')).toMatchObject({ state: 'verified', repository: 'apps/blink' });
});

test('an app is not taken over from another scope of the policy, now or when the policy is renewed', async () => {
  const prefixes = ['manager/apps', 'manager/guests'];
  await putPolicy(policyOf({ prefixes }));
  await create(await push(pack()));
  const other = pack({ version: '2.0.0', counter: 2, wasm: '\0asm-taken-over' });
  const taken = await create(await push(other, { repository: 'guests/blink' }), 'guests/blink');
  expect(taken).toMatchObject({ state: 'rejected', signedBy: [], reason: { code: 'scope-unmatched', reason: expect.stringMatching(/"manager\/guests".*"manager\/apps"/) } });
  await putPolicy(policyOf({ number: 2, prefixes }));
  expect(await releases.get(taken.id)).toMatchObject({ state: 'rejected', reason: { code: 'scope-unmatched' } });
  await push(other);
  expect(await create(taken.digest)).toMatchObject({ id: taken.id, state: 'verified', repository: 'apps/blink' });
});

test('an app may come from another repository of its scope, and from another scope when its own is no more', async () => {
  await putPolicy(policyOf({ prefixes: ['manager/apps', 'manager/guests'] }));
  const { id } = await create(await push(pack()));
  const near = pack({ version: '2.0.0', counter: 2, wasm: '\0asm-near' });
  const far = pack({ version: '3.0.0', counter: 3, wasm: '\0asm-far' });
  const { id: nearId } = await create(await push(near, { repository: 'apps/team/blink' }), 'apps/team/blink');
  expect(await releases.get(nearId)).toMatchObject({ state: 'verified' });
  const { id: farId } = await create(await push(far, { repository: 'guests/blink' }), 'guests/blink');
  await putPolicy(policyOf({ number: 2, prefixes: ['manager/guests'] }));
  expect([await releases.get(id), await releases.get(farId)]).toMatchObject([{ state: 'rejected' }, { state: 'verified' }]);
});

test.each([
  ['version', { counter: 2, wasm: '\0asm-other' }],
  ['counter', { version: '2.0.0', wasm: '\0asm-other' }],
])('the same %s names one artifact for ever', async (_what, other) => {
  await putPolicy(policyOf());
  const first = await push(pack());
  await create(first);
  await expect(create(await push(pack(other)))).rejects.toMatchObject({ code: 'release-conflict', message: expect.stringContaining(first) });
});

test('two rivals at once: one is made, the other is told', async () => {
  await putPolicy(policyOf());
  const digests = [await push(pack({ wasm: '\0asm-a' })), await push(pack({ wasm: '\0asm-b' }))];
  const outcomes = await Promise.allSettled(digests.map((digest) => create(digest)));
  expect(outcomes.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(outcomes.find((one) => one.status === 'rejected')?.reason).toMatchObject({ code: 'release-conflict' });
});

test("a stranger's upload does not squat a version", async () => {
  await putPolicy(policyOf());
  await create(await push(pack({ wasm: '\0asm-squatter' }), { by: stranger }));
  expect(await create(await push(pack()))).toMatchObject({ state: 'verified' });
});

test('what is not in the registry, is no name, or is no artifact is refused', async () => {
  await putPolicy(policyOf());
  await expect(create(digestOf('nothing'))).rejects.toMatchObject({ code: 'not-found' });
  for (const name of ['Apps/Blink', '../etc', 'https://a/b', 'a:tag', 'a//b']) await expect(create(digestOf('x'), name)).rejects.toMatchObject({ code: 'input-invalid' });
  const empty = Buffer.from('{}');
  await client.pushBlob('apps/image', empty, signal);
  const part = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(empty), size: 2 };
  const image = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: part, layers: [part] }));
  await expect(create(await client.pushManifest('apps/image', image, {}, signal), 'apps/image')).rejects.toMatchObject({ code: 'artifact-unsupported' });
});

test('releases come newest first, page by page', async () => {
  await putPolicy(policyOf());
  const made: string[] = [];
  for (let n = 1; n <= 5; n += 1) made.unshift((await create(await push(pack({ version: `1.0.${n}`, counter: n, wasm: `\0asm-${n}` })))).id);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.items.map((one) => one.id));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  expect(seen.toSorted()).toEqual(made.toSorted());
  await expect(list({ limit: 2, cursor: 'no cursor' })).rejects.toMatchObject({ code: 'input-invalid' });
});

test('a release says what it may do and use, in words', async () => {
  await putPolicy(policyOf());
  const made = await create(await push(pack({ limits: { memoryMb: 8 } })));
  expect(made).toMatchObject({ limits: { memoryMb: 8, watchdogS: 60 }, permissions: expect.arrayContaining(['uses at most 8 MB of memory']) as string[] });
  expect(made.permissions[0]).toContain('switches one output, “led”');
});

test('releases of one app are listed apart', async () => {
  await putPolicy(policyOf());
  const blink = await create(await push(pack()));
  const meter = await create(await push(pack({ app: 'meter' })));
  expect((await list({ limit: 10, app: AppName.parse('meter') })).items.map((one) => one.id)).toEqual([meter.id]);
  expect((await list({ limit: 10, app: AppName.parse('none') })).items).toEqual([]);
  expect((await list({ limit: 10 })).items.map((one) => one.id).toSorted()).toEqual([blink.id, meter.id].toSorted());
});

describe('two releases are compared', () => {
  test('by what the later asks for beyond the earlier', async () => {
    await putPolicy(policyOf());
    const before = await create(await push(pack()));
    const after = await create(await push(pack({ version: '2.0.0', counter: 2, limits: { memoryMb: 64 }, asks: { gpio: [{ label: 'led', mode: 'out', safe: 'active' }], telemetry: [{ label: 'power', unit: 'W' }] } })));
    expect(await compare(before.id, after.id)).toEqual({
      from: before.id,
      to: after.id,
      added: ['reports “power” (W) at most once a second'],
      removed: [],
      changed: [{ before: expect.stringContaining('safe state: off'), after: expect.stringContaining('safe state: on') }, { before: expect.stringContaining('32 MB'), after: expect.stringContaining('64 MB') }],
    });
    expect(await compare(after.id, before.id)).toMatchObject({ added: [], removed: ['reports “power” (W) at most once a second'] });
  });

  test('only within an app, and only where there are two', async () => {
    await putPolicy(policyOf());
    const [blink, meter] = [await create(await push(pack())), await create(await push(pack({ app: 'meter' })))];
    await expect(compare(blink.id, meter.id)).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining('meter') });
    await expect(compare('none', meter.id)).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('"none"') });
    await expect(compare(meter.id, '\0')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('a release that is withdrawn', () => {
  test('says who did it and why, is noted once, and wakes the rollouts', async () => {
    await putPolicy(policyOf());
    const { id } = await create(await push(pack()));
    const gone = await withdraw(id, 'burns\0 lamps');
    expect(gone).toMatchObject({ state: 'withdrawn', reason: { code: 'release-withdrawn', reason: 'otto withdrew it: burns\uFFFD lamps' }, signedBy: [releaseKey.id] });
    expect(await withdraw(id, 'again')).toEqual(gone);
    expect(wakes).toBe(1);
    const noted = (await database.db.select().from(audit)).filter((row) => row.object === `release:${id}` && row.action === 'release.withdrawn');
    expect(noted).toMatchObject([{ actor: 'otto', detail: { app: 'blink', version: '1.0.0', remark: 'burns\uFFFD lamps' } }]);
    await expect(withdraw('none')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('never comes back: not by a new policy, not by making it again', async () => {
    await putPolicy(policyOf());
    const digest = await push(pack());
    const { id } = await create(digest);
    await withdraw(id);
    await putPolicy(policyOf({ number: 2 }));
    expect(await releases.get(id)).toMatchObject({ state: 'withdrawn' });
    expect(await create(digest)).toMatchObject({ id, state: 'withdrawn' });
  });

  test('never comes back while the same releases are judged anew at that moment', async () => {
    await putPolicy(policyOf());
    const made = [];
    for (let n = 1; n <= 6; n += 1) made.push(await create(await push(pack({ version: `1.0.${n}`, counter: n, wasm: `\0asm-race-${n}` }))));
    await Promise.all([putPolicy(policyOf({ number: 2 })), ...made.map(({ id }) => withdraw(id)), ...made.map(({ digest }) => create(digest))]);
    expect((await list({ limit: 10 })).items.map((one) => one.state)).toEqual(made.map(() => 'withdrawn'));
  });

  test('keeps its version for ever, if it was ever verified', async () => {
    await putPolicy(policyOf());
    await withdraw((await create(await push(pack()))).id);
    await expect(create(await push(pack({ wasm: '\0asm-second' })))).rejects.toMatchObject({ code: 'release-conflict' });
    const squatter = await create(await push(pack({ wasm: '\0asm-squatter-2', version: '2.0.0', counter: 2 }), { by: stranger }));
    await withdraw(squatter.id);
    expect(await create(await push(pack({ wasm: '\0asm-honest', version: '2.0.0', counter: 2 })))).toMatchObject({ state: 'verified' });
  });

  test('keeps its app in its scope', async () => {
    await putPolicy(policyOf({ prefixes: ['manager/apps', 'manager/guests'] }));
    await withdraw((await create(await push(pack()))).id);
    expect(await create(await push(pack({ version: '2.0.0', counter: 2 }), { repository: 'guests/blink' }), 'guests/blink')).toMatchObject({ state: 'rejected', reason: { code: 'scope-unmatched' } });
  });
});

test('a release that loses its trust wakes the rollouts of it', async () => {
  await putPolicy(policyOf());
  await create(await push(pack()));
  await putPolicy(policyOf({ number: 2, keys: [newKey] }));
  expect(wakes).toBe(1);
});

test('a policy that comes while a release is judged has the last word', async () => {
  await putPolicy(policyOf());
  const digest = await push(pack());
  let renewed = false;
  const policyInForce: Policies['policyInForce'] = async () => {
    const before = await policies.policyInForce();
    if (!renewed) await putPolicy(policyOf({ number: 2, keys: [newKey] }));
    renewed = true;
    return before;
  };
  const late = openReleases({ db: database.db, clock: systemClock, random: systemRandom, log: silentLog, registry, policies: { policyInForce }, wake: () => {} });
  expect(await late.handlers.createRelease({ body: { repository: 'apps/blink', digest }, actor, params: undefined, query: undefined })).toMatchObject({ state: 'rejected', reason: { code: 'untrusted-signer' } });
});

test('two first releases of an app from two scopes at once: one is verified, the other is told whose name it is', async () => {
  await putPolicy(policyOf({ prefixes: ['manager/apps', 'manager/guests'] }));
  for (let round = 1; round <= 8; round += 1) {
    const app = `app-${round}`;
    const [near, far] = [await push(pack({ app })), await push(pack({ app, version: '2.0.0', counter: 2 }), { repository: 'guests/blink' })];
    const made = await Promise.all([create(near), create(far, 'guests/blink')]);
    expect(made.map((one) => one.state).toSorted()).toEqual(['rejected', 'verified']);
    expect(made.find((one) => one.state === 'rejected')?.reason?.code).toBe('scope-unmatched');
  }
});

test('the first policy names its root; a successor is of the same root and has a higher number', async () => {
  await expect(policies.handlers.getPolicy({ actor, params: undefined, query: undefined, body: undefined })).rejects.toMatchObject({ code: 'policy-missing' });
  expect(await putPolicy(policyOf({ number: 5 }))).toMatchObject({ number: 5, root: root.id });
  await expect(putPolicy(policyOf({ number: 6, by: otherRoot }))).rejects.toMatchObject({ code: 'policy-invalid', message: expect.stringContaining(otherRoot.id) });
  for (const number of [4, 5]) await expect(putPolicy(policyOf({ number, keys: [newKey] }))).rejects.toMatchObject({ code: 'policy-invalid', message: expect.stringContaining('not above 5') });
  expect(await putPolicy(policyOf({ number: 6 }))).toMatchObject({ number: 6, root: root.id });
  expect((await policies.policyInForce())?.number).toBe(6);
});

test('the same policy twice is stored once, and what follows from it is seen to again: the first time may have been cut short', async () => {
  await putPolicy(policyOf());
  expect(await putPolicy(policyOf())).toMatchObject({ number: 1 });
  expect(await database.db.select().from(policyTable)).toHaveLength(1);
  expect(changes).toBe(2);
});

test("a policy that does not list this manager's scheduler key is refused, naming it", async () => {
  await expect(putPolicy(policyOf({ listed: stranger }))).rejects.toMatchObject({ code: 'policy-invalid', message: expect.stringContaining(scheduler.id) });
});

test('two first policies at once give one root', async () => {
  const outcomes = await Promise.allSettled([putPolicy(policyOf()), putPolicy(policyOf({ number: 2, by: otherRoot }))]);
  expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
  expect(await database.db.select().from(policyTable)).toHaveLength(1);
});

test.each([
  ['unsigned by its root', { ...policyOf(), signatures: policyOf({ by: otherRoot }).signatures }],
  ['of another payload type', { ...policyOf(), payloadType: 'application/vnd.pier.desired+json' }],
  ['no JSON', { ...policyOf(), payload: Buffer.from('{').toString('base64') }],
  ['without a root', { ...policyOf(), payload: Buffer.from('{}').toString('base64') }],
  ['no base64', { ...policyOf(), payload: '***' }],
])('an envelope that is %s is no policy', async (_what, envelope) => {
  await expect(putPolicy(envelope)).rejects.toMatchObject({ code: 'policy-invalid' });
});

test('the scheduler key is shown, so that a policy can list it', async () => {
  expect(await policies.handlers.getScheduler({ actor, params: undefined, query: undefined, body: undefined })).toEqual({ id: scheduler.id, pem: scheduler.publicPem });
});
