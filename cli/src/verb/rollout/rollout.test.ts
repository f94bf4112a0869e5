/** What a person types to start a rollout, and what a terminal shows of it. */
import { describe, expect, test } from 'vitest';
import type { Rollout, WaveView } from '@pier/shared/api';
import { bar, countsSentence, oneLine, picture, verdictOf } from './progress.ts';
import { parseWave } from './wave.ts';

describe('a wave as it is typed', () => {
  test.each([
    ['1', { by: 'count', count: 1 }],
    ['10%', { by: 'percent', percent: 10 }],
    ['2.5%', { by: 'percent', percent: 2.5 }],
    ['rest', { by: 'rest' }],
    ['site=harbour and not exists(spare)', { by: 'selector', selector: 'site=harbour and not exists(spare)' }],
  ])('"%s" takes what it says, with the gate that nothing may fail', (text, take) => {
    expect(parseWave(text)).toEqual({ take, advance: 'auto', gate: { successPercent: 100, failurePercent: 0, failureSampleMin: 1, presentPercent: 50 } });
  });

  test('gates, soak and a manual advance follow behind semicolons', () => {
    expect(parseWave('10%; success=95; failure=5; sample=20; present=80; soak=300; manual')).toEqual({
      take: { by: 'percent', percent: 10 },
      gate: { successPercent: 95, failurePercent: 5, failureSampleMin: 20, presentPercent: 80 },
      soakS: 300,
      advance: 'manual',
    });
  });

  test.each([['', /takes nobody/], [';manual', /takes nobody/], ['1;sucess=3', /"sucess=3"/], ['1;success', /"success"/], ['1;success=120', /successPercent/], ['0', /count/], ['0%', /percent/], ['101%', /percent/], ['1;sample=0', /failureSampleMin/], ['1;constructor=1', /"constructor=1"/]])('"%s" is refused, and says what it stumbled over', (text, why) => {
    expect(() => parseWave(text)).toThrow(why);
  });
});

const wave = (counts: WaveView['counts'], more: Partial<WaveView> = {}): WaveView => ({
  n: 1,
  state: 'active',
  plan: parseWave('rest'),
  total: Object.values(counts).reduce((sum, count) => sum + count, 0),
  counts,
  absent: 0,
  openedAt: null,
  passedAt: null,
  ...more,
});

describe('the bar', () => {
  test.each([
    ['nothing yet', { waiting: 5 }, /^\.{30}$/],
    ['all proven', { proven: 7 }, /^#{30}$/],
    ['half', { proven: 5, waiting: 5 }, /^#{15}\.{15}$/],
    ['one failure among ten thousand is seen', { proven: 9_999, failed: 1 }, /^#+!#*$/],
    ['one at work among ten thousand', { proven: 9_999, soaking: 1 }, /^#{29}=$/],
    ['no devices at all', {}, /^.{30}$/],
  ] as [string, WaveView['counts'], RegExp][])('%s', (_, counts, shown) => {
    expect(bar(wave(counts))).toMatch(shown);
  });

  test('has always the same width, whatever the counts', () => {
    for (let one = 0; one < 40; one += 1) for (let two = 0; two < 40; two += 1) expect(bar(wave({ proven: one, failed: two, waiting: 3, soaking: one % 3, excluded: two % 2 }))).toHaveLength(30);
  });
});

test('the counts say who is away', () => {
  expect(countsSentence(wave({ proven: 2, waiting: 3, timed_out: 1 }, { absent: 2 }))).toBe('2 proven, 3 waiting, 1 timed out (2 of them away or not allowed yet)');
});

const rollout: Rollout = {
  id: 'rollout-1', name: 'one', release: 'release-1', app: 'blink' as Rollout['app'], version: '1.0.0' as Rollout['version'], digest: `sha256:${'a'.repeat(64)}` as Rollout['digest'],
  state: 'paused', cause: 'gate', reason: { code: 'not-proven', reason: 'wave 1: 1 of 1 finished devices ended badly' }, selector: null, mode: 'static',
  soakS: 1, deadlineS: 60, maxInFlight: 5, onFailure: 'pause', horizonS: 60, revision: 3, waves: [wave({ failed: 1 }, { state: 'failed' }), wave({ waiting: 2 }, { n: 2, state: 'pending' })],
  createdBy: 'alice', decidedBy: null, createdAt: '', finishedAt: null,
};

test('the picture is a headline with the reason and a line for each wave', () => {
  expect(picture(rollout)).toEqual([
    'rollout rollout-1 blink 1.0.0 paused by gate (not-proven: wave 1: 1 of 1 finished devices ended badly)',
    `  wave 1 failed   [${'!'.repeat(30)}] 1 failed`,
    `  wave 2 pending  [${'.'.repeat(30)}] 2 waiting`,
  ]);
});

test('a log gets all of it in one line', () => {
  expect(oneLine(rollout)).toBe('rollout rollout-1 blink 1.0.0 paused by gate (not-proven: wave 1: 1 of 1 finished devices ended badly); wave 1 failed: 1 failed; wave 2 pending: 2 waiting');
});

test.each([
  ['completed', null, 'well'], ['running', null, 'open'], ['awaiting_approval', null, 'open'], ['paused', 'operator', 'open'], ['paused', 'gate', 'badly'],
  ['paused', 'trust', 'badly'], ['aborting', null, 'open'], ['aborted', null, 'badly'], ['denied', null, 'badly'], ['rolling_back', null, 'open'], ['rolled_back', null, 'badly'],
] as const)('watch takes %s by %s as %s', (state, cause, verdict) => {
  expect(verdictOf({ state, cause })).toBe(verdict);
});
