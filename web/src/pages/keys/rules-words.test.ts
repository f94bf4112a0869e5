import { expect, test } from 'vitest';
import { rulesOf } from './rules-words.ts';

const easy = { bindings: 'manager', permits: 'optional', unsignedCommands: 'readOnly', approvals: null };
const means = (change: Partial<Parameters<typeof rulesOf>[0]>, setting: string): string | undefined => rulesOf({ ...easy, ...change }).find((one) => one.setting === setting)?.means;

test('every setting of a policy is said, in a fixed order', () => {
  expect(rulesOf(easy).map(({ setting, value }) => [setting, value])).toEqual([['bindings', 'manager'], ['permits', 'optional'], ['unsignedCommands', 'readOnly'], ['approvals', 'none']]);
});

test.each([
  [null, 'No rollout waits'],
  [{ above: 0 }, 'Every rollout waits'],
  [{ above: 1 }, 'more than 1 device waits'],
  [{ above: 1_200 }, 'more than 1,200 devices waits'],
])('approvals %j', (approvals, words) => {
  expect(means({ approvals }, 'approvals')).toContain(words);
});

test('commands that nobody signed are told apart', () => {
  expect(means({}, 'unsignedCommands')).toContain('only verbs that read');
  expect(means({ unsignedCommands: 'allow' }, 'unsignedCommands')).toContain('Every verb');
});

test('a setting of a newer policy is shown as it is, and not explained wrongly', () => {
  expect(rulesOf({ ...easy, bindings: 'signed', permits: 'toString' }).slice(0, 2)).toMatchObject([{ value: 'signed', means: expect.stringContaining('does not know') }, { value: 'toString', means: expect.stringContaining('does not know') }]);
});
