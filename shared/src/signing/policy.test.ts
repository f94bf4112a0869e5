import { describe, expect, test } from 'vitest';
import { type KeyId, canonicalJson, issuesOf } from '../core/index.ts';
import { payloadTypes, signEnvelope } from './dsse.ts';
import { TrustPolicy, keysOf, openPolicy, scopeOf } from './policy.ts';
import { policyInput, toyWorld } from './toy-artifact.ts';

const world = toyWorld();
const { root, release, second, operator, stranger } = world;
const input = policyInput(world);
const sign = (value: unknown, { privatePem } = root, payloadType: string = payloadTypes.policy) => signEnvelope({ payloadType, payload: typeof value === 'string' ? value : canonicalJson(value), privatePem });
const scoped = (scope: object) => ({ ...input, scopes: [{ prefix: 'manager/apps', keys: [release.id], ...scope }] });

test('a policy that its root signed is opened, with what it leaves out filled in', () => {
  const opened = openPolicy(sign(input), { rootId: root.id });
  expect(opened).toMatchObject({ ok: true, value: { policy: { number: 5, scopes: [{ prefix: 'manager/apps', threshold: 1, capabilities: ['gpio', 'storage'] }] } } });
});

test('a policy may ask for a second person for large rollouts', () => {
  expect(openPolicy(sign({ ...input, approvals: { above: 100 } }), { rootId: root.id })).toMatchObject({ ok: true, value: { policy: { approvals: { above: 100 } } } });
  expect(TrustPolicy.parse(input).approvals).toBeUndefined();
});

describe('an envelope is refused as policy', () => {
  const swapped = { ...input, root: { id: stranger.id, pem: stranger.publicPem } };
  test.each<[string, unknown, string]>([
    ['when it is none', { hello: 1 }, 'not a DSSE envelope'],
    ['when it is nothing', undefined, 'not a DSSE envelope'],
    ['when a stranger signed it', sign(input, stranger), 'none of the 1 trusted keys'],
    ['when a release key signed it', sign(input, release), 'none of the 1 trusted keys'],
    ['when it brings and uses its own root', sign(swapped, stranger), 'this device trusts'],
    ["when it names the true root's id over another key", sign({ ...input, root: { id: root.id, pem: stranger.publicPem } }, stranger), 'this device trusts'],
    ['when the root signed it as something else', sign(input, root, payloadTypes.desired), 'expected "application/vnd.pier.policy+json"'],
    ['when its payload is no JSON', sign('{'), 'no policy with a root key'],
    ['when a key is there twice', sign(canonicalJson(input).replace('{', '{"number":9,')), 'no policy with a root key'],
    ['when its root is no P-256 key', sign({ ...input, root: { id: root.id, pem: 'x' } }), 'root key: not a P-256'],
    ['when the root signed something else', sign({ root: input.root, hello: 1 }), 'number'],
  ])('%s', (_, envelope, why) => {
    expect(openPolicy(envelope, { rootId: root.id })).toMatchObject({ ok: false, refusal: { code: 'policy-invalid', reason: expect.stringContaining(why) as string } });
  });

  test('when one byte of it changed after signing', () => {
    const envelope = sign(input);
    const payload = Buffer.from(canonicalJson({ ...input, unsignedCommands: 'allow' })).toString('base64');
    expect(openPolicy({ ...envelope, payload }, { rootId: root.id }).ok).toBe(false);
  });

  test('when its number is not above the known one', () => {
    const open = (above: number) => openPolicy(sign(input), { rootId: root.id, above });
    expect([open(4).ok, open(5).ok, open(6).ok]).toEqual([true, false, false]);
    expect(open(5)).toMatchObject({ refusal: { reason: expect.stringContaining('number 5 is not above 5') as string } });
  });
});

describe('a policy contradicts itself with', () => {
  const [ci, lead, ada] = input.keys;
  const inherited = 'toString' as KeyId;
  test.each<[string, unknown, string]>([
    ['a key under the id of another', { ...input, keys: [{ ...ci, pem: second.publicPem }, lead, ada] }, 'not the hash'],
    ['a root under the id of another key', { ...input, root: { id: release.id, pem: root.publicPem } }, 'not the hash'],
    ['one key in two roles', { ...input, keys: [ci, lead, { ...ci, role: 'operator' }] }, 'more than once'],
    ['one scope twice', { ...input, scopes: [...input.scopes, ...input.scopes] }, 'scope "manager/apps" is listed more than once'],
    ['an unknown key in a scope', scoped({ keys: [stranger.id] }), 'no release key'],
    ["an operator's key in a scope", scoped({ keys: [operator.id] }), 'no release key'],
    ['the root key in a scope', scoped({ keys: [root.id] }), 'no release key'],
    ['one key twice in a scope', scoped({ keys: [release.id, release.id] }), 'more than once'],
    ['a scope that nobody can sign for', scoped({ keys: [] }), 'keys'],
    ['a threshold of zero', scoped({ threshold: 0 }), 'threshold'],
    ['a negative threshold', scoped({ threshold: -1 }), 'threshold'],
    ['half a threshold', scoped({ threshold: 0.5 }), 'threshold'],
    ['a threshold in words', scoped({ threshold: '1' }), 'threshold'],
    ['a threshold above its keys', scoped({ threshold: 2 }), 'wants 2 signatures of 1 keys'],
    ['a capability that does not exist', scoped({ capabilities: ['camera'] }), 'capabilities'],
    ['a scope for everything', scoped({ prefix: '*' }), 'a scope is'],
    ['an empty scope', scoped({ prefix: '' }), 'a scope is'],
    ['a scope that ends with a slash', scoped({ prefix: 'manager/' }), 'a scope is'],
    ['a scope with an empty part', scoped({ prefix: 'manager//apps' }), 'a scope is'],
    ['number zero', { ...input, number: 0 }, 'number'],
    ['no word on unsigned commands', { ...input, unsignedCommands: undefined }, 'unsignedCommands'],
    ['approvals above less than no device', { ...input, approvals: { above: -1 } }, 'approvals'],
    ['approvals that say nothing', { ...input, approvals: {} }, 'approvals'],
    ['approvals of something unknown', { ...input, approvals: { above: 1, below: 9 } }, 'approvals'],
    ['an unknown word', { ...input, bindings: 'anyone' }, 'bindings'],
    ['an unknown key', { ...input, trustEverybody: true }, 'trustEverybody'],
    ['an unknown role', { ...input, keys: [{ ...ci, role: 'god' }, lead, ada] }, 'role'],
    ['a key named like a part of every object', scoped({ keys: [inherited] }), 'key id'],
  ])('%s', (_, value, why) => {
    const parsed = TrustPolicy.safeParse(value);
    expect(parsed.success).toBe(false);
    expect(parsed.error && issuesOf(parsed.error)).toContain(why);
    expect(openPolicy(sign(JSON.parse(JSON.stringify(value))), { rootId: root.id }).ok).toBe(false);
  });
});

test('keys are found by role', () => {
  const policy = TrustPolicy.parse(input);
  expect(keysOf(policy, 'release').map((key) => key.id)).toEqual([release.id, second.id]);
  expect(keysOf(policy, 'operator')).toEqual([{ id: operator.id, pem: operator.publicPem }]);
  expect(keysOf(policy, 'scheduler')).toEqual([]);
});

describe('the scope of a repository', () => {
  const scope = (prefix: string) => ({ prefix, keys: [release.id] });
  const policy = TrustPolicy.parse({ ...input, scopes: ['manager/apps', 'manager/apps/special', 'registry.example:5000/team', 'other.example'].map(scope) });
  test.each([
    ['manager/apps', 'manager/apps'],
    ['manager/apps/blink', 'manager/apps'],
    ['manager/apps/special', 'manager/apps/special'],
    ['manager/apps/special/x', 'manager/apps/special'],
    ['manager/apps/specialist', 'manager/apps'],
    ['manager/apps-evil', undefined],
    ['manager/apps-evil/blink', undefined],
    ['manager/app', undefined],
    ['manager', undefined],
    ['manager/manager/apps', undefined],
    ['manager.evil/apps/blink', undefined],
    ['registry.example:5000/team/x', 'registry.example:5000/team'],
    ['registry.example/team/x', undefined],
    ['registry.example:5001/team/x', undefined],
    ['other.example/anything', 'other.example'],
    ['other.example.evil/anything', undefined],
    ['other.example:5000/anything', undefined],
    ['', undefined],
  ])('%j is %j', (repository, prefix) => {
    expect(scopeOf(policy, repository)?.prefix).toBe(prefix);
  });
});
