import { describe, expect, test } from 'vitest';
import { Gate, type WaveState, type WaveView } from '@pier/shared/api';
import { berthName, berthNote, berthSize, berthState, berthsOf, countersOf, currentWave } from './berths.ts';

const wave = (n: number, state: WaveState, more: Partial<WaveView> = {}): WaveView => ({ n, state, plan: { take: { by: 'count', count: 1 }, gate: Gate.parse({}), advance: 'auto' }, total: 1, counts: { waiting: 1 }, absent: 0, openedAt: null, passedAt: null, ...more });
const waves = (...states: WaveState[]) => states.map((state, index) => wave(index + 1, state));
const laidOut = (...states: WaveState[]) => berthsOf(waves(...states)).map((berth) => `${berthName(berth)}${berth.current ? ', looked at' : ''}`);

describe('the berths of a pier', () => {
  test('up to five waves each have one, and the open one is looked at', () => {
    expect(laidOut('passed', 'active', 'pending')).toEqual(['Wave 1', 'Wave 2, looked at', 'Wave 3']);
    expect(laidOut('passed', 'passed', 'passed', 'passed', 'failed')).toHaveLength(5);
  });

  test('of more, passed ones fold into one, and so do those that are not open', () => {
    expect(laidOut('passed', 'passed', 'passed', 'soaking', 'pending', 'pending')).toEqual(['Waves 1 to 3', 'Wave 4, looked at', 'Waves 5 to 6']);
    expect(laidOut('passed', 'reopened', 'passed', 'passed', 'active', 'pending')).toEqual(['Wave 1', 'Wave 2, looked at', 'Waves 3 to 4', 'Wave 5', 'Wave 6']);
  });

  test('where none is open, the last that passed is looked at, or the first', () => {
    expect(currentWave(waves('passed', 'passed'))?.n).toBe(2);
    expect(currentWave(waves('passed', 'pending'))?.n).toBe(1);
    expect(currentWave(waves('pending', 'pending'))?.n).toBe(1);
    expect(currentWave([])).toBeUndefined();
  });

  test('each says how many devices, and how the plan asked for them', () => {
    const plan = wave(1, 'active').plan;
    const sizes = [wave(1, 'active', { total: 248, plan: { ...plan, take: { by: 'percent', percent: 10 } } }), wave(2, 'pending', { total: 2_207, plan: { ...plan, take: { by: 'rest' } } }), wave(3, 'pending')];
    expect(berthsOf(sizes).map(berthSize)).toEqual(['248 devices, 10 %', '2,207 devices, the rest', '1 device']);
  });
});

test('every device of a wave is under one word, absent ones are not counted twice', () => {
  const counts = { proven: 151, soaking: 38, applying: 20, downloading: 8, waiting: 17, offered: 2, excluded: 3, refused: 4, failed: 4, timed_out: 1 };
  const counters = countersOf([wave(2, 'active', { counts, absent: 8 })]);
  expect(counters.map(({ word, count }) => `${word} ${count}`)).toEqual(['Proven 151', 'Soaking 38', 'Updating 28', 'Waiting 11', 'Away or held up 8', 'Left out 3', 'Refused 4', 'Failed 5']);
  expect(counters.reduce((sum, { count }) => sum + count, 0)).toBe(248);
});

test('no state of a deployment is forgotten', () => {
  const all = { waiting: 1, offered: 1, accepted: 1, downloading: 1, verifying: 1, applying: 1, soaking: 1, proven: 1, failed: 1, timed_out: 1, refused: 1, excluded: 1, cancelled: 1, superseded: 1, rolling_back: 1, rolled_back: 1, rollback_failed: 1 };
  expect(countersOf([wave(1, 'active', { counts: all })]).reduce((sum, { count }) => sum + count, 0)).toBe(Object.keys(all).length);
});

test('those on the way back are told apart from those that are back, and a wave that had passed does not look well then', () => {
  const back = wave(1, 'passed', { counts: { rolling_back: 4, rolled_back: 2 } });
  expect(countersOf([back]).filter(({ count }) => count > 0).map(({ word, count }) => `${word} ${count}`)).toEqual(['On the way back 4', 'Rolled back 2']);
  expect(berthState({ waves: [back], current: true }, 'rolling_back')).toMatchObject({ says: 'Had passed', state: { family: 'undone' } });
});

test('a wave that waits says what for, and one of a rollout that is over that it never opened', () => {
  const [first, second] = waves('active', 'pending') as [WaveView, WaveView];
  const berth = { waves: [second], current: false } as const;
  expect(berthNote(berth, first, 'running')).toBe('opens by itself when gate 1 passes');
  expect(berthNote(berth, { ...first, plan: { ...first.plan, advance: 'manual' } }, 'paused')).toBe('a person opens it after gate 1');
  expect([berthNote(berth, first, 'aborted'), berthState(berth, 'aborted').says]).toEqual(['the rollout ended before', 'Never opened']);
  expect(berthNote({ waves: [wave(1, 'passed', { total: 25, counts: { proven: 24, waiting: 1 }, absent: 1 })], current: false }, undefined, 'running')).toBe('24 of 25 proven, 1 away or held up');
});
