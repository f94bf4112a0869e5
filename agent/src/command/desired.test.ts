import { describe, expect, test } from 'vitest';
import { DeviceId } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type Desired } from '@pier/shared/wire';
import { TrustPolicy, generateKeyPair, payloadTypes, signEnvelope } from '@pier/shared/signing';
import { judgeDesired } from './desired.ts';

const keys = { root: generateKeyPair(), scheduler: generateKeyPair(), operator: generateKeyPair(), release: generateKeyPair(), next: generateKeyPair(), stranger: generateKeyPair() };
const policy = TrustPolicy.parse({
  number: 1,
  root: { id: keys.root.id, pem: keys.root.publicPem },
  keys: (['scheduler', 'operator', 'release'] as const).map((role) => ({ id: keys[role].id, name: role, role, pem: keys[role].publicPem })),
  scopes: [],
  bindings: 'manager',
  permits: 'optional',
  unsignedCommands: 'readOnly',
});
const device = DeviceId.parse('board-1');
const document = { device: 'board-1', rev: 10, policy: 1, apps: {} };
const held = { rev: 9, hash: null };

type Signing = { by?: keyof typeof keys; type?: string };
const signed = (payload: unknown, { by = 'scheduler', type = payloadTypes.desired }: Signing = {}): Uint8Array => Buffer.from(JSON.stringify(signEnvelope({ payloadType: type, payload: typeof payload === 'string' ? payload : JSON.stringify(payload), privatePem: keys[by].privatePem })));
const judge = (payload: Uint8Array, own: { rev: number; hash: ReturnType<typeof digestOf> | null } = held) => judgeDesired(payload, { device, policy, held: own });

test('a newer document signed by a scheduler key is taken, with the hash of the signed bytes', () => {
  expect(judge(signed(document))).toEqual({ ok: true, value: { kind: 'new', desired: document satisfies object as Desired, hash: digestOf(JSON.stringify(document)), signedBy: [keys.scheduler.id] } });
});

test('the document that is already held, sent again, is no news and no refusal', () => {
  expect(judge(signed(document), { rev: 10, hash: digestOf(JSON.stringify(document)) })).toEqual({ ok: true, value: { kind: 'same' } });
});

describe('after a scheduler key was stolen, and its thief signed the highest rev that there is', () => {
  const stolen = { rev: Number.MAX_SAFE_INTEGER, hash: null, revs: { [keys.scheduler.id]: Number.MAX_SAFE_INTEGER, [keys.next.id]: 7 } };
  const healed = TrustPolicy.parse({ ...policy, number: 2, keys: [...policy.keys.filter(({ role }) => role !== 'scheduler'), { id: keys.next.id, name: 'next', role: 'scheduler', pem: keys.next.publicPem }] });
  const judgeHealed = (rev: number) => judgeDesired(signed({ ...document, rev, policy: 2 }, { by: 'next' }), { device, policy: healed, held: stolen });

  test('a policy without that key heals: its rev does not count any more', () => {
    expect(judgeHealed(10)).toMatchObject({ ok: true, value: { kind: 'new', signedBy: [keys.next.id] } });
  });
  test('what the other keys have signed still counts', () => {
    expect(judgeHealed(7)).toMatchObject({ ok: false, refusal: { code: 'desired-stale', reason: expect.stringContaining('not above 7') } });
  });
  test('under the old policy a document is stale, and tells of the policy that it was made with', () => {
    expect(judgeDesired(signed({ ...document, policy: 2 }), { device, policy, held: stolen })).toMatchObject({ ok: false, refusal: { code: 'desired-stale' }, policy: 2 });
  });
  test('a store of an older agent, which does not say whose rev it is, counts as before', () => {
    expect(judgeDesired(signed(document, { by: 'next' }), { device, policy: healed, held: { rev: 10, hash: null } })).toMatchObject({ ok: false, refusal: { code: 'desired-stale' } });
  });
});

describe('refused', () => {
  test.each<[string, string, Uint8Array]>([
    ['a plain document', 'desired-unsigned', Buffer.from(JSON.stringify(document))],
    ['an envelope without a signature', 'desired-unsigned', Buffer.from(JSON.stringify({ payloadType: payloadTypes.desired, payload: Buffer.from(JSON.stringify(document)).toString('base64'), signatures: [] }))],
    ['a document signed by a stranger', 'untrusted-signer', signed(document, { by: 'stranger' })],
    ['a document signed by an operator: when it runs is not theirs to say', 'untrusted-signer', signed(document, { by: 'operator' })],
    ['a document signed by the root itself', 'untrusted-signer', signed(document, { by: 'root' })],
    ['a command in its place, signed by the right key', 'desired-invalid', signed(document, { type: payloadTypes.command })],
    ['one for another device', 'desired-invalid', signed({ ...document, device: 'board-2' })],
    ['the same rev with other contents', 'desired-stale', signed({ ...document, rev: 9 })],
    ['an older rev', 'desired-stale', signed({ ...document, rev: 3 })],
    ['an unknown key', 'desired-invalid', signed({ ...document, urgent: true })],
    ['a missing key', 'desired-invalid', signed({ device: 'board-1', rev: 10, apps: {} })],
    ['a payload that is no JSON', 'desired-invalid', signed('rev: 10')],
    ['a payload with a key twice', 'desired-invalid', signed('{"device":"board-1","rev":10,"rev":11,"policy":1,"apps":{}}')],
    ['a digest that is a path', 'desired-invalid', signed({ ...document, apps: { blink: { repository: 'r', digest: '../../etc/passwd', version: '1', counter: 1, attempt: 1, soakS: 0, bindings: {} } } })],
    ['a message that is no JSON', 'desired-invalid', Buffer.from('hello')],
    ['a message that is no UTF-8', 'desired-invalid', Buffer.from([0x7b, 0xff, 0x7d])],
    ['an empty message', 'desired-invalid', Buffer.alloc(0)],
  ])('%s', (_name, code, payload) => {
    expect(judge(payload)).toMatchObject({ ok: false, refusal: { code, reason: expect.stringMatching(/.{10,}/) } });
  });

  test('a payload that was changed after it was signed', () => {
    const envelope: { payload: string } = JSON.parse(Buffer.from(signed(document)).toString());
    const changed = { ...envelope, payload: Buffer.from(JSON.stringify({ ...document, rev: 99 })).toString('base64') };
    expect(judge(Buffer.from(JSON.stringify(changed)))).toMatchObject({ ok: false, refusal: { code: 'untrusted-signer' } });
  });
});
