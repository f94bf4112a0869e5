import { expect, test } from 'vitest';
import { signCommand } from './sign-command.ts';

const kinds = ['gpio', 'serial', 'storage', 'telemetry'];
const scope = { prefix: 'manager/apps', keys: ['k1'], threshold: 1, capabilities: kinds };
const usual = { keys: [{ id: 'k1', name: 'release', role: 'release' }, { id: 'k2', name: 'operator', role: 'operator' }, { id: 'k3', name: 'scheduler', role: 'scheduler' }], scopes: [scope], unsignedCommands: 'readOnly', approvals: null };

test('the usual policy is said whole: the scheduler key is fetched, not named', () => {
  expect(signCommand(usual)).toEqual({ text: 'pier policy sign --root root.key --release release.pub --operator operator.pub --scope manager/apps --out policy.json\npier policy push policy.json', lost: [] });
});

test('several keys and open commands are options of their own', () => {
  const { text } = signCommand({ ...usual, keys: [...usual.keys, { id: 'k4', name: 'ci 2026', role: 'release' }], scopes: [{ ...scope, keys: ['k1', 'k4'] }], unsignedCommands: 'allow' });
  expect(text).toContain("--release release.pub --release 'ci 2026.pub' --operator");
  expect(text).toContain('--unsigned-commands allow --out');
});

test('a name with a quote cannot end the word early', () => {
  expect(signCommand({ ...usual, keys: [{ id: 'k1', name: "a'; rm -rf x '", role: 'release' }] }).text).toContain(String.raw`--release 'a'\''; rm -rf x '\''.pub'`);
});

test.each([
  ['two scopes', { scopes: [scope, { ...scope, prefix: 'manager/tools' }] }, '2 scopes'],
  ['a threshold', { scopes: [{ ...scope, threshold: 2 }] }, 'more than one signature'],
  ['a key for a part', { keys: [...usual.keys, { id: 'k4', name: 'x', role: 'release' }] }, 'some repositories only'],
  ['fewer kinds', { scopes: [{ ...scope, capabilities: ['gpio'] }] }, 'kinds'],
  ['approvals', { approvals: { above: 10 } }, 'second person'],
])('what the command cannot say is told: %s', (_, change, words) => {
  expect(signCommand({ ...usual, ...change }).lost.join()).toContain(words);
});
