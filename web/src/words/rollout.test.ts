import { describe, expect, test } from 'vitest';
import type { Rollout, WaveView } from '@pier/shared/api';
import { desertedWave, gapOf, rolloutState } from './rollout.ts';

const wave = (n: number, state: WaveView['state'], counts: WaveView['counts'], absent = 0): WaveView => ({
  n, state, counts, absent, openedAt: null, passedAt: null, total: Object.values(counts).reduce((sum, one) => sum + one, 0),
  plan: { take: { by: 'rest' }, advance: 'auto', gate: { successPercent: 100, failurePercent: 0, failureSampleMin: 1, presentPercent: 50 } },
});

describe('the gap of a rollout', () => {
  test('counts all waves, tells those that are not open from those that wait, and adds up', () => {
    const gap = gapOf({ state: 'running', waves: [wave(1, 'passed', { proven: 3, failed: 1 }), wave(2, 'active', { soaking: 2, waiting: 2 }, 1), wave(3, 'pending', { waiting: 4 }, 1)] });
    expect(gap).toMatchObject({ proven: 3, total: 12, off: 0 });
    expect(gap.words).toBe('gap: 2 soaking, 3 in waves not open, 1 waiting, 2 away or held up, 1 failed');
    expect(gap.parts.reduce((sum, { count }) => sum + count, 0)).toBe(12);
  });

  test('says nothing where all are proven, and what it waits for where nothing has begun', () => {
    expect(gapOf({ state: 'completed', waves: [wave(1, 'passed', { proven: 3 })] })).toMatchObject({ words: '', off: 0 });
    expect(gapOf({ state: 'awaiting_approval', waves: [wave(1, 'pending', { waiting: 3 })] }).words).toBe('gap: 3 waiting for approval');
  });

  test('counts that cannot be are told as such, and not made to fit', () => {
    expect(gapOf({ state: 'running', waves: [wave(1, 'active', { waiting: 1, proven: 1 }, 3)] }).off).not.toBe(0);
    expect(gapOf({ state: 'running', waves: [{ ...wave(1, 'active', { proven: 1 }), total: 3 }] }).off).toBe(2);
  });
});

test.each([
  ['running', null, 'Running, wave 2 of 2'],
  ['paused', 'gate', 'Paused by its gate'],
  ['paused', 'operator', 'Paused by a person'],
  ['completed', null, 'Completed'],
] as [Rollout['state'], Rollout['cause'], string][])('a rollout that is %s by %s reads "%s"', (state, cause, says) => {
  expect(rolloutState({ state, cause, waves: [wave(1, 'passed', { proven: 1 }), wave(2, 'active', { waiting: 1 })] }).says).toBe(says);
});

test('a wave in which everybody was left out stays open for ever, and is named; others are not', () => {
  const left = wave(2, 'active', { superseded: 1, excluded: 1 });
  expect(desertedWave({ state: 'running', waves: [wave(1, 'passed', { proven: 1 }), left] })).toBe(left);
  expect(desertedWave({ state: 'running', waves: [wave(1, 'passed', { proven: 1 }), wave(2, 'active', { superseded: 1, waiting: 1 })] })).toBeUndefined();
  expect(desertedWave({ state: 'running', waves: [wave(1, 'active', {})] })).toBeUndefined();
  expect(desertedWave({ state: 'aborted', waves: [left] })).toBeUndefined();
});
