import { expect, test } from 'vitest';
import { keyResults, scopeFor } from './scope.ts';

const scope = (prefix: string, keys: string[] = ['k1'], threshold = 1) => ({ prefix, keys, threshold, capabilities: ['gpio'] });
const document = {
  keys: [{ id: 'k1', name: 'release-2026', role: 'release' }, { id: 'k2', name: 'ops-hsm', role: 'release' }, { id: 'k3', name: 'old', role: 'release' }],
  scopes: [scope('manager'), scope('manager/apps', ['k1', 'k2'], 2), scope('other:5000/apps')],
  bindings: 'manager', permits: 'optional', unsignedCommands: 'readOnly', approvals: null,
};

test.each([
  ['apps/blink', 'manager/apps'],
  ['apps', 'manager/apps'],
  ['apps-evil/blink', 'manager'],
  ['appsblink', 'manager'],
])('%s stands under the longest prefix that ends at a "/", %s', (repository, prefix) => {
  expect(scopeFor(document, { repository })?.prefix).toBe(prefix);
});

test('a repository that no prefix covers stands under none', () => {
  expect(scopeFor({ scopes: [scope('manager/apps')] }, { repository: 'tools/blink' })).toBeUndefined();
});

test('each key that counts is told apart: it signed, or it did not; and one that signed but does not count any more', () => {
  const results = keyResults({ document, scope: document.scopes[1], signedBy: ['k2', 'k3', 'gone'] });
  expect(results).toEqual([
    { id: 'k2', name: 'ops-hsm', role: 'release', result: 'valid' },
    { id: 'k1', name: 'release-2026', role: 'release', result: 'missing' },
    { id: 'k3', name: 'old', role: 'release', result: 'not-in-scope' },
    { id: 'gone', name: undefined, role: undefined, result: 'not-in-scope' },
  ]);
});

test('without a scope no signature counts', () => {
  expect(keyResults({ document, scope: undefined, signedBy: ['k1'] })).toMatchObject([{ id: 'k1', result: 'not-in-scope' }]);
});
