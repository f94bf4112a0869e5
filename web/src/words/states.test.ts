import { expect, test } from 'vitest';
import { CommandState, DeploymentState, DeviceStanding, ReleaseState, RolloutState, WaveState } from '@pier/shared/api';
import { byFamily, commandWords, deploymentParts, deploymentWords, families, releaseWords, rolloutWords, standingParts, standingWords, waveWords } from './states.ts';

test.each([
  ['devices', standingWords, DeviceStanding.options],
  ['deployments', deploymentWords, DeploymentState.options],
  ['rollouts', rolloutWords, RolloutState.options],
  ['waves', waveWords, WaveState.options],
  ['releases', releaseWords, ReleaseState.options],
  ['commands', commandWords, CommandState.options],
])('every state of %s that the manager stores has a word, and no two look alike', (_of, words, states) => {
  expect(Object.keys(words).sort()).toEqual([...states].sort());
  const looks = Object.values(words).map(({ word, icon, family }) => `${word} ${icon} ${family}`);
  expect(new Set(looks).size).toBe(looks.length);
});

test('counts come in the order of bars, whatever order they arrive in, and nothing is lost', () => {
  const counts = { failed: 2, waiting: 7, proven: 3, offered: 1, soaking: 4, refused: 1, excluded: 1 } as const;
  const parts = deploymentParts(counts, 2);
  expect(parts.map(({ key, count }) => [key, count])).toEqual([['proven', 3], ['soaking', 4], ['waiting', 5], ['offered', 1], ['absent', 2], ['excluded', 1], ['refused', 1], ['failed', 2]]);
  expect(parts.reduce((sum, { count }) => sum + count, 0)).toBe(19);
  expect(deploymentParts({ waiting: 2 }, 2).map(({ key }) => key)).toEqual(['absent']);
});

test('families gather their states, and say which', () => {
  expect(byFamily(standingParts({ updating: 2, never_heard: 1, waiting: 4, in_step: 3 }))).toEqual([
    { family: 'ok', count: 3, words: 'in step' },
    { family: 'busy', count: 2, words: 'updating' },
    { family: 'waiting', count: 5, words: 'never heard, waiting' },
  ]);
  expect(new Set(families).size).toBe(families.length);
});
