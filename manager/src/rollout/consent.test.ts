import { expect, test } from 'vitest';
import { Asks, Bindings, type CapabilityKind } from '@pier/shared/capability';
import type { BoardProfile } from '@pier/shared/hardware';
import { TrustPolicy, generateKeyPair } from '@pier/shared/signing';
import { blinkAsks, board, ledBinding } from '../../../test/support/fleet.ts';
import { consentTo } from './consent.ts';

const [root, signer] = [generateKeyPair(), generateKeyPair()];
const policyOf = (...scopes: { prefix: string; capabilities?: CapabilityKind[] }[]): TrustPolicy =>
  TrustPolicy.parse({
    number: 1,
    root: { id: root.id, pem: root.publicPem },
    keys: [{ id: signer.id, name: 'dev', role: 'release', pem: signer.publicPem }],
    scopes: scopes.map((scope) => ({ ...scope, keys: [signer.id] })),
    bindings: 'manager',
    permits: 'optional',
    unsignedCommands: 'readOnly',
  });
const judge = ({ policy = policyOf({ prefix: 'manager' }), bindings = Bindings.parse(ledBinding), repository = 'apps/blink', asks = blinkAsks, profile = board }: { policy?: TrustPolicy; bindings?: Bindings; repository?: string; asks?: Asks; profile?: BoardProfile } = {}) =>
  consentTo({ release: { app: 'blink', repository, asks }, bindings, profile, policy });

test('what is asked, bound and allowed is consented to', () => {
  expect(judge()).toMatchObject({ ok: true, value: { gpio: [{ at: { line: 17 }, safe: 'low' }] } });
});

test.each([
  ['the policy leaves the capability out', { policy: policyOf({ prefix: 'manager', capabilities: ['storage'] }) }, 'capability.mode'],
  ['the narrower scope leaves it out', { policy: policyOf({ prefix: 'manager' }, { prefix: 'manager/apps', capabilities: [] }) }, 'capability.mode'],
  ['nothing is bound', { bindings: {} }, 'capability.unbound'],
  ['the binding allows another mode only', { bindings: Bindings.parse({ led: { ...ledBinding.led, modes: ['in'] } }) }, 'capability.mode'],
  ['the board reserves the line', { bindings: Bindings.parse({ led: { ...ledBinding.led, line: 1 } }) }, 'capability.reserved'],
  ['the board reserves the port', { policy: policyOf({ prefix: 'manager', capabilities: ['serial'] }), asks: Asks.parse({ serial: [{ label: 'meter', baud: [9_600] }] }), bindings: Bindings.parse({ meter: { kind: 'serial', path: '/dev/serial0' } }), profile: { ...board, serial: [{ path: '/dev/serial0', name: 'serial0', reserved: 'console' }] } }, 'capability.reserved'],
  ['no scope covers the repository', { policy: policyOf({ prefix: 'manager/other' }) }, 'scope-unmatched'],
  ['a scope covers only a name that begins alike', { policy: policyOf({ prefix: 'manager/app' }) }, 'scope-unmatched'],
  ['it comes from another registry', { repository: 'ghcr.io/apps/blink' }, 'scope-unmatched'],
])('there is no consent where %s', (_, given, code) => {
  expect(judge(given)).toMatchObject({ ok: false, refusal: { code } });
});

test('an app that asks for nothing needs no binding', () => {
  expect(judge({ asks: Asks.parse({}), bindings: {} })).toMatchObject({ ok: true });
});
