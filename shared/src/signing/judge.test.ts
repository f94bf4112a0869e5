import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import { type PackedArtifact } from '../oci/index.ts';
import { type Evidence, judgeArtifact } from './judge.ts';
import { TrustPolicy } from './policy.ts';
import { evidenceOf, policyInput, signedBy, toyArtifact, toyWorld } from './toy-artifact.ts';

const world = toyWorld();
const artifact = toyArtifact();
const good = signedBy(world.release, artifact);
const evidence = evidenceOf(world, { artifact, candidates: [good] });
const refusal = (code: string, why = '') => ({ ok: false, refusal: { code, reason: expect.stringContaining(why) as string } });
const judge = (changed: Partial<Evidence>) => judgeArtifact({ ...evidence, ...changed });
const policyWith = (scope: object) => TrustPolicy.parse({ ...policyInput(world), scopes: [{ prefix: 'manager/apps', keys: [world.release.id, world.second.id], ...scope }] });

test('an artifact signed by a trusted key is accepted, and its facts are those that were signed', () => {
  expect(judge({})).toEqual({
    ok: true,
    value: {
      digest: artifact.digest,
      app: 'blink',
      version: '1.0.0',
      counter: 7,
      asks: { gpio: [{ label: 'led', mode: 'out', safe: 'inactive', active: 'high', optional: false, initial: 'inactive', maxWritesPerS: 1_000 }], serial: [], storage: [], telemetry: [] },
      limits: { memoryMb: 32, watchdogS: 60, maxOutputBytesPerS: 64 << 10 },
      layer: { digest: artifact.layer.digest, sizeBytes: artifact.layer.bytes.byteLength },
      signedBy: [world.release.id],
      capabilities: ['gpio', 'storage'],
    },
  });
});

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = Buffer.from(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
}

describe('content', () => {
  test('any one flipped bit of the manifest is corruption, not "unsigned"', () => {
    for (let at = 0; at < artifact.manifest.byteLength; at += 1) expect(judge({ manifest: flip(artifact.manifest, at), candidates: [] })).toMatchObject(refusal('digest-mismatch', artifact.digest));
  });

  test('any one flipped bit of the config is corruption', () => {
    for (let at = 0; at < artifact.config.bytes.byteLength; at += 5) expect(judge({ config: flip(artifact.config.bytes, at) })).toMatchObject(refusal('digest-mismatch', 'config'));
  });

  test("another artifact's bytes under this digest are corruption, signed or not", () => {
    const other = toyArtifact({ counter: 9 });
    expect(judge({ manifest: other.manifest, config: other.config.bytes, candidates: [signedBy(world.release, other)] })).toMatchObject(refusal('digest-mismatch'));
  });

  test('what is no artifact is refused before its signatures are looked at', () => {
    const manifest = Buffer.from('{"schemaVersion":2}');
    expect(judge({ manifest, digest: digestOf(manifest), candidates: [] })).toMatchObject(refusal('manifest-invalid'));
    const index = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    expect(judge({ manifest: index, digest: digestOf(index), candidates: [] })).toMatchObject(refusal('artifact-unsupported'));
  });
});

describe('scope', () => {
  test.each(['manager/apps-evil/blink', 'manager/other/blink', 'registry.evil/manager/apps/blink', 'manager', ''])('a repository that the policy does not name (%j) is refused whoever signed', (repository) => {
    expect(judge({ repository })).toMatchObject(refusal('scope-unmatched', repository));
  });

  test('a release key of another scope is a stranger in this one', () => {
    expect(judge({ candidates: [signedBy(world.second, artifact)] })).toMatchObject(refusal('untrusted-signer', `its only signature does not count: signed by the release key ${world.second.id.slice(0, 12)}, which the policy does not name as a release key for "manager/apps"`));
  });

  test('the capabilities are those of the scope', () => {
    expect(judge({ policy: policyWith({ capabilities: ['gpio'] }) })).toMatchObject({ ok: true, value: { capabilities: ['gpio'] } });
  });
});

describe('signatures', () => {
  test('none at all', () => {
    expect(judge({ candidates: [] })).toMatchObject(refusal('unsigned', artifact.digest));
  });

  test.each([['stranger', ''], ['operator', 'the operator '], ['root', 'the root ']] as const)('by the %s key do not count, and the key is named', (name, role) => {
    expect(judge({ candidates: [signedBy(world[name], artifact)] })).toMatchObject(refusal('untrusted-signer', `signed by ${role}key ${world[name].id.slice(0, 12)}, which the policy does not name`));
  });

  test.each([
    ['a trusted key that did not make it', Buffer.from(world.release.id, 'hex').toString('base64'), `it names the trusted key ${world.release.id.slice(0, 12)}, but that key did not sign this`],
    ['no key', undefined, 'signed by a key that the policy does not name'],
    ['nothing that could be a key', 'me', 'signed by a key that the policy does not name'],
  ])('that name %s do not count, and that is said', (_, hint, why) => {
    expect(judge({ candidates: [hinting(hint)] })).toMatchObject(refusal('untrusted-signer', why));
  });

  test('of a key that the policy has dropped do not count any more', () => {
    const { keys, ...rest } = policyInput(world);
    const policy = TrustPolicy.parse({ ...rest, keys: keys.filter((key) => key.id !== world.release.id), scopes: [{ prefix: 'manager/apps', keys: [world.second.id] }] });
    expect(judge({ policy })).toMatchObject(refusal('untrusted-signer'));
  });

  test('that fail do not hide the one that counts', () => {
    const junk = { manifest: Buffer.from('junk'), bundle: Buffer.from('junk') };
    expect(judge({ candidates: [junk, signedBy(world.stranger, artifact), good] }).ok).toBe(true);
  });

  test('that fail are counted, with the reason of each', () => {
    const junk = { manifest: Buffer.from('junk'), bundle: Buffer.from('junk') };
    const verdict = judge({ candidates: [junk, signedBy(world.stranger, artifact)] });
    expect(verdict).toMatchObject(refusal('untrusted-signer', '0 of 1 needed keys in 2 signatures: 1. signature manifest: a value was expected at character 0; 2. signed by key '));
    expect(judge({ candidates: [junk, junk] })).toMatchObject(refusal('signature-invalid', 'in 2 signatures'));
  });

  test('that are many make a short sentence', () => {
    const junk = { manifest: Buffer.from(`{"a":${JSON.stringify('x'.repeat(10_000))}}`), bundle: Buffer.alloc(0) };
    const verdict = judge({ candidates: Array.from({ length: 10_000 }, () => junk) });
    expect(verdict).toMatchObject(refusal('signature-invalid', 'and 60 more'));
    expect(verdict.ok ? 0 : verdict.refusal.reason.length).toBeLessThan(1_000);
  });

  test('beyond the 64 that are looked at do not count', () => {
    const strangers = Array.from({ length: 64 }, () => signedBy(world.stranger, artifact));
    expect(judge({ candidates: [...strangers, good] })).toMatchObject(refusal('untrusted-signer'));
    expect(judge({ candidates: [...strangers.slice(1), good] }).ok).toBe(true);
  });
});

describe('a threshold of two', () => {
  const policy = policyWith({ threshold: 2 });
  test('is met by two keys, and both are named', () => {
    expect(judge({ policy, candidates: [good, signedBy(world.second, artifact)] })).toMatchObject({ ok: true, value: { signedBy: [world.release.id, world.second.id] } });
  });
  test.each([
    ['one key', [good]],
    ['one signature twice', [good, good]],
    ['one key twice', [good, signedBy(world.release, artifact)]],
    ['one key and a stranger', [good, signedBy(world.stranger, artifact)]],
  ])('is not met by %s', (_, candidates) => {
    expect(judge({ policy, candidates })).toMatchObject(refusal('untrusted-signer', '1 of 2 needed keys'));
  });
});

/** A stranger's signature whose bundle names another key as its own. */
function hinting(hint: string | undefined) {
  const { bundle, manifest } = signedBy(world.stranger, artifact);
  const changed = { ...(JSON.parse(Buffer.from(bundle).toString()) as object), verificationMaterial: { publicKey: hint === undefined ? {} : { hint } } };
  const bytes = Buffer.from(JSON.stringify(changed));
  const { layers: [layer], ...rest } = JSON.parse(Buffer.from(manifest).toString()) as { layers: [object] };
  return { bundle: bytes, manifest: Buffer.from(JSON.stringify({ ...rest, layers: [{ ...layer, digest: digestOf(bytes), size: bytes.byteLength }] })) };
}

/** The toy artifact with other annotations, signed all the same. */
function annotated(change: (annotations: Record<string, string>) => unknown): Partial<Evidence> {
  const manifest = JSON.parse(Buffer.from(artifact.manifest).toString()) as { annotations: Record<string, string> };
  return resigned(Buffer.from(JSON.stringify({ ...manifest, annotations: change(manifest.annotations) })));
}

function resigned(manifest: Uint8Array): Partial<Evidence> {
  const packed: Pick<PackedArtifact, 'digest' | 'manifest'> = { manifest, digest: digestOf(manifest) };
  return { ...packed, candidates: [signedBy(world.release, packed)] };
}

describe('signed annotations are still refused when', () => {
  const set = (name: string, value: string | undefined) => annotated((same) => ({ ...same, [name]: value }));
  const asks = { gpio: [], storage: [] };
  test.each<[string, Partial<Evidence>, string]>([
    ['there are none', annotated(() => undefined), 'dev.pier.app is missing'],
    ['the app is missing', set('dev.pier.app', undefined), 'dev.pier.app is missing'],
    ['the app is no name', set('dev.pier.app', '../x'), 'an app name is'],
    ['the version is missing', set('org.opencontainers.image.version', undefined), 'org.opencontainers.image.version is missing'],
    ['the version is no version', set('org.opencontainers.image.version', '1 0'), 'a version is'],
    ['the counter is missing', set('dev.pier.release', undefined), 'dev.pier.release is missing'],
    ['the counter is zero', set('dev.pier.release', '0'), 'a decimal number from 1'],
    ['the counter is negative', set('dev.pier.release', '-1'), 'a decimal number from 1'],
    ['the counter has a leading zero', set('dev.pier.release', '07'), 'a decimal number from 1'],
    ['the counter is in other digits', set('dev.pier.release', '0x7'), 'a decimal number from 1'],
    ['the counter is above 2^53', set('dev.pier.release', '9007199254740992'), 'dev.pier.release'],
    ['the counter is beyond all numbers', set('dev.pier.release', '9'.repeat(400)), 'a decimal number from 1'],
    ['the asks are missing', set('dev.pier.asks', undefined), 'dev.pier.asks is missing'],
    ['the asks are no JSON', set('dev.pier.asks', '{'), 'dev.pier.asks'],
    ['the asks have white space', set('dev.pier.asks', JSON.stringify(asks, null, 1)), 'not canonical JSON'],
    ['the asks are in another order', set('dev.pier.asks', '{"storage":[],"gpio":[]}'), 'not canonical JSON'],
    ['the asks escape a letter', set('dev.pier.asks', '{"\\u0067pio":[],"storage":[]}'), 'not canonical JSON'],
    ['the asks ask for something unknown', set('dev.pier.asks', canonicalJson({ camera: [] })), 'camera'],
    ['the asks leave out the safe state', set('dev.pier.asks', canonicalJson({ gpio: [{ label: 'led', mode: 'out' }] })), 'safe'],
    ['the limits are missing', set('dev.pier.limits', undefined), 'dev.pier.limits is missing'],
    ['the limits are above what exists', set('dev.pier.limits', canonicalJson({ memoryMb: 10_000 })), 'memoryMb'],
  ])('%s', (_, changed, why) => {
    expect(judge(changed)).toMatchObject(refusal('manifest-invalid', why));
  });

  test('never because of what else is annotated, or because defaults are left out', () => {
    expect(judge(set('org.opencontainers.image.source', 'https://example.com')).ok).toBe(true);
    expect(judge(set('dev.pier.asks', '{}'))).toMatchObject({ ok: true, value: { asks } });
    expect(judge(set('dev.pier.release', '9007199254740991'))).toMatchObject({ ok: true, value: { counter: Number.MAX_SAFE_INTEGER } });
  });

  test('nobody trusted signed them: what they say does not matter then', () => {
    const changed = set('dev.pier.app', undefined);
    expect(judge({ ...changed, candidates: [] })).toMatchObject(refusal('unsigned'));
  });
});

describe('the release counter', () => {
  const other = digestOf('another artifact');
  test.each<[string, NonNullable<Evidence['floor']>, Evidence['lastGood']]>([
    ['above the floor', { counter: 6, digest: other }, undefined],
    ['at the floor with the same digest', { counter: 7, digest: artifact.digest }, undefined],
    ['below the floor, when it is the last good one', { counter: 8, digest: other }, artifact.digest],
    ['at the floor, when it is the last good one', { counter: 7, digest: other }, artifact.digest],
  ])('passes %s', (_, floor, lastGood) => {
    expect(judge({ floor, lastGood }).ok).toBe(true);
  });
  test('is too old below the floor', () => {
    expect(judge({ floor: { counter: 8, digest: other } })).toMatchObject(refusal('release-older', 'release 7 is older than 8'));
    expect(judge({ floor: { counter: 8, digest: artifact.digest } })).toMatchObject(refusal('release-older'));
    expect(judge({ floor: { counter: 8, digest: other }, lastGood: other })).toMatchObject(refusal('release-older'));
  });
  test('names one digest for ever', () => {
    expect(judge({ floor: { counter: 7, digest: other } })).toMatchObject(refusal('release-conflict', other));
  });
  test('does not help who is not trusted: the last good one needs its signature too', () => {
    expect(judge({ floor: { counter: 8, digest: other }, lastGood: artifact.digest, candidates: [] })).toMatchObject(refusal('unsigned'));
  });
});

test('a verdict is the same each time, and looks at nothing but its input', () => {
  expect(judge({})).toEqual(judge({}));
});
