import { expect, test } from 'vitest';
import { rolloutVerbs } from '@pier/shared/api';
import { lastActWords } from './last-act.ts';

test.each([
  [{ actor: 'alice', action: 'rollout.pause', agoMs: 4_400 }, 'alice paused it 4 s ago'],
  [{ actor: 'bob', action: 'rollout.created', agoMs: 59_000 * 60 }, 'bob started it 59 min ago'],
  [{ actor: 'bob', action: 'rollout.roll_back', agoMs: 3_600_000 }, 'bob rolled it back 1 h ago'],
  [{ actor: 'bob', action: 'rollout.abort', agoMs: 50 * 3_600_000 }, 'bob aborted it 2 days ago'],
  [{ actor: 'eve', action: 'rollout.set_cap', agoMs: -5_000 }, 'eve changed how many devices are updated at once 0 s ago'],
  [{ actor: 'rollout:r-1', action: 'wave.passed', wave: 2, agoMs: 1_000 }, 'the engine moved wave 2 to passed 1 s ago'],
  [{ actor: 'rollout:r-1', action: 'rollout.rolled_back', agoMs: 0 }, 'the engine moved it to rolled back 0 s ago'],
  [{ actor: 'alice', action: 'constructor', agoMs: 0 }, 'alice moved it to constructor 0 s ago'],
])('%j reads %j', (act, sentence) => {
  expect(lastActWords(act)).toBe(sentence);
});

test('each verb of persons has words of its own', () => {
  for (const verb of rolloutVerbs) expect(lastActWords({ actor: 'alice', action: `rollout.${verb}`, agoMs: 0 })).not.toContain('moved');
});
