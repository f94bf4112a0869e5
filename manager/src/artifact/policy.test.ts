import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalJson, silentLog, systemClock } from '@pier/shared/core';
import { type Envelope, generateKeyPair, payloadTypes, signEnvelope } from '@pier/shared/signing';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { type Policies, openPolicies } from './index.ts';

const [root, ann, ben, scheduler] = [generateKeyPair(), generateKeyPair(), generateKeyPair(), generateKeyPair()];
const none = { params: undefined, query: undefined, body: undefined };
const otto = { name: 'otto', role: 'admin' } as const;

let database: Awaited<ReturnType<typeof openTestDatabase>>;
let policies: Policies;

beforeAll(async () => {
  database = await openTestDatabase();
  policies = openPolicies({ db: database.db, clock: systemClock, log: silentLog, scheduler, onChange: async () => {} });
}, 120_000);
afterAll(async () => database[Symbol.asyncDispose]());

function signedPolicy(number: number, more: object = {}): Envelope {
  const named = { [ann.id]: 'ann', [ben.id]: 'ben' };
  const policy = {
    number,
    root: { id: root.id, pem: root.publicPem },
    keys: [...[ann, ben].map((key) => ({ id: key.id, name: named[key.id] ?? '', role: 'release', pem: key.publicPem })), { id: scheduler.id, name: 'manager', role: 'scheduler', pem: scheduler.publicPem }],
    scopes: [{ prefix: 'manager/apps', keys: [ann.id, ben.id], threshold: 2 }, { prefix: 'manager/tools', keys: [ann.id], capabilities: ['serial'] }],
    bindings: 'manager',
    permits: 'optional',
    unsignedCommands: 'readOnly',
    ...more,
  };
  return signEnvelope({ payloadType: payloadTypes.policy, payload: canonicalJson(policy), privatePem: root.privatePem });
}

test('the policy is shown as it was signed and as it reads, with who put it here and when, the same in answer to both', async () => {
  const beforeMs = systemClock.nowMs();
  const body = signedPolicy(1);
  const put = await policies.handlers.putPolicy({ ...none, body, actor: otto });
  expect(put).toMatchObject({
    number: 1, root: root.id, envelope: body, setBy: 'otto',
    document: {
      keys: [{ id: ann.id, name: 'ann', role: 'release' }, { id: ben.id, name: 'ben', role: 'release' }, { id: scheduler.id, name: 'manager', role: 'scheduler' }],
      scopes: [{ prefix: 'manager/apps', keys: [ann.id, ben.id], threshold: 2, capabilities: ['gpio', 'storage'] }, { prefix: 'manager/tools', keys: [ann.id], threshold: 1, capabilities: ['serial'] }],
      bindings: 'manager', permits: 'optional', unsignedCommands: 'readOnly', approvals: null,
    },
  });
  expect(JSON.stringify(put.document)).not.toContain('BEGIN PUBLIC KEY');
  expect(Date.parse(put.setAt)).toBeGreaterThanOrEqual(beforeMs);
  expect(await policies.handlers.getPolicy({ ...none, actor: otto })).toEqual(put);
  // Who says it once more has not set it.
  expect(await policies.handlers.putPolicy({ ...none, body, actor: { name: 'mia', role: 'admin' } })).toEqual(put);
});

test('its successor is what is shown then, with what it approves by two', async () => {
  await policies.handlers.putPolicy({ ...none, body: signedPolicy(2, { approvals: { above: 5 } }), actor: { name: 'mia', role: 'admin' } });
  expect(await policies.handlers.getPolicy({ ...none, actor: otto })).toMatchObject({ number: 2, setBy: 'mia', document: { approvals: { above: 5 } } });
});
