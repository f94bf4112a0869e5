import { expect, test } from 'vitest';
import { createCommand, joinCommands, kindWords, tokenState } from './token-view.ts';

const now = Date.parse('2026-11-20T10:00:00Z');
const token = { uses: 0, usesMax: 4, approval: true, expiresAt: '2026-11-20T11:00:00.000Z' };

test('a token is live until its time is up or all its uses are gone', () => {
  expect(tokenState(token, now)).toBe('live');
  expect(tokenState({ ...token, uses: 4 }, now)).toBe('used');
  expect(tokenState(token, Date.parse(token.expiresAt))).toBe('expired');
  expect(tokenState({ ...token, uses: 4 }, now + 3_600_000)).toBe('expired');
});

test('a kind says how many and whether a person is asked', () => {
  expect(kindWords(token)).toBe('Many, approval');
  expect(kindWords({ ...token, usesMax: 1, approval: false })).toBe('One board, no approval');
});

test('the command that makes the same token quotes what a shell would read otherwise', () => {
  expect(createCommand({ uses: 4, expiresInS: 86_400, tags: { site: 'lab' }, approval: true })).toBe('./pier token create --uses 4 --expires-in 86400 --tag site=lab --approval');
  expect(createCommand({ uses: 1, expiresInS: 60, tags: { note: "o'hara;rm" }, approval: false })).toBe("./pier token create --uses 1 --expires-in 60 --tag 'note=o'\\''hara;rm'");
});

test('the commands for a board name the manager, the token, and the same folder for board and agent', () => {
  const { installed, board, agent } = joinCommands({ manager: 'https://pier.example:8443', token: 'pier1.abc' });
  expect(agent).toContain('--manager https://pier.example:8443');
  expect(agent).toContain('--token pier1.abc');
  expect(installed).toBe('sudo pier-agent enrol --manager https://pier.example:8443 --token pier1.abc');
  const [, dir = ''] = /--dir (\S+)/.exec(board) ?? [];
  expect(agent).toContain(`--board sim:${dir} `);
});
