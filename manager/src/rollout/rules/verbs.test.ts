import { describe, expect, test } from 'vitest';
import { RolloutState, type RolloutVerb, WavePlan, type WaveState, rolloutVerbs } from '@pier/shared/api';
import { type Counts, type VerbFacts, type WaveFacts, judgeVerb, stepOfVerb, verbSteps, wavesHealed, wavesToAdvance } from './index.ts';

const wave = (n: number, state: WaveState, counts: Counts, more: Partial<WaveFacts> = {}): WaveFacts => ({ n, state, counts, absent: 0, plan: WavePlan.parse({ take: { by: 'rest' } }), ...more });
type Given = Partial<Omit<VerbFacts, 'rollout'>> & { readonly rollout?: Partial<VerbFacts['rollout']> };
const facts = ({ rollout = {}, ...more }: Given = {}): VerbFacts => ({
  rollout: { id: 'r', state: 'running', cause: null, createdBy: 'ada', maxInFlight: 5, reasonCode: null, ...rollout },
  waves: [wave(1, 'active', { proven: 1, failed: 1, soaking: 1, offered: 1, waiting: 2 }), wave(2, 'pending', { waiting: 7 })],
  releaseVerified: true,
  actor: 'bob',
  retryable: 1,
  excludable: 4,
  ...more,
});
const fit = (verb: RolloutVerb, given?: Given) => judgeVerb(verb, facts(given));

describe('which verb fits where', () => {
  test('a verb fits exactly the states of its table', () => {
    const expected: Record<RolloutState, RolloutVerb[]> = {
      awaiting_approval: ['approve', 'deny', 'abort', 'exclude', 'set_cap'],
      running: ['pause', 'advance', 'abort', 'retry', 'exclude', 'roll_back', 'set_cap'],
      paused: ['resume', 'advance', 'abort', 'retry', 'exclude', 'roll_back', 'set_cap'],
      completed: ['abort', 'retry', 'exclude', 'roll_back', 'set_cap'],
      rolling_back: ['set_cap'],
      aborting: [],
      denied: [],
      aborted: [],
      rolled_back: [],
    };
    for (const state of RolloutState.options) {
      const cause = state === 'paused' ? ('operator' as const) : null;
      expect([state, rolloutVerbs.filter((verb) => fit(verb, { rollout: { state, cause } }).possible)]).toEqual([state, expected[state]]);
      expect(rolloutVerbs.filter((verb) => stepOfVerb(verb, state) !== undefined)).toEqual(expected[state]);
    }
  });

  test('a refusal names the state, and what would fit', () => {
    expect(fit('resume')).toEqual({ possible: false, code: 'verb-unfit', sentence: 'resume does not fit a rollout that is running; these do: pause, advance, abort, retry, exclude, roll_back, set_cap' });
    expect(fit('pause', { rollout: { state: 'aborted' } }).sentence).toMatch(/nothing does any more/);
  });

  test('the table knows every verb', () => {
    expect(Object.keys(verbSteps)).toEqual([...rolloutVerbs]);
  });
});

describe('what each verb hits', () => {
  test.each<[RolloutVerb, number, RegExp]>([
    ['pause', 10, /waiting: 9 devices, offers taken back: 1, at work and left to finish: 1 device/],
    ['advance', 7, /takes wave 1 as passed.*opens wave 2 with 7 devices/],
    ['abort', 10, /left out: 9 devices, offers taken back: 1/],
    ['retry', 1, /1 device try again/],
    ['exclude', 4, /leaves out 4 devices/],
    ['roll_back', 3, /brings 3 devices back.*left out: 10 devices/],
    ['set_cap', 0, /5 now/],
  ])('%s', (verb, devices, sentence) => {
    expect(fit(verb)).toEqual({ possible: true, devices, sentence: expect.stringMatching(sentence) as string });
  });

  test('approve and deny', () => {
    const rollout = { state: 'awaiting_approval' as const };
    const waves = [wave(1, 'active', { waiting: 2 }), wave(2, 'pending', { waiting: 7 })];
    expect(fit('approve', { rollout, waves })).toMatchObject({ possible: true, devices: 9, sentence: 'starts it with 2 devices in its first wave, 9 devices in all' });
    expect(fit('deny', { rollout, waves })).toMatchObject({ possible: true, devices: 9 });
  });
});

describe('who may approve', () => {
  const rollout = { state: 'awaiting_approval' as const, reasonCode: 'approval.second-person' };
  test('a second person, where the policy wants one', () => {
    expect(fit('approve', { rollout, actor: 'ada' })).toMatchObject({ possible: false, code: 'forbidden' });
    expect(fit('approve', { rollout, actor: 'bob' }).possible).toBe(true);
  });

  test('anybody, where only nobody was covered', () => {
    expect(fit('approve', { rollout: { ...rollout, reasonCode: 'approval.uncovered' }, actor: 'ada' }).possible).toBe(true);
  });

  test('nobody, where the reason is not known or the release is not trusted', () => {
    expect(fit('approve', { rollout: { ...rollout, reasonCode: null }, actor: 'ada' }).possible).toBe(false);
    expect(fit('approve', { rollout, releaseVerified: false })).toMatchObject({ possible: false, code: 'verb-unfit' });
  });

  test('whoever started it may deny it', () => {
    expect(fit('deny', { rollout, actor: 'ada' }).possible).toBe(true);
  });
});

describe('after a gate', () => {
  const rollout = { state: 'paused' as const, cause: 'gate' as const };
  const failed = wave(1, 'failed', { failed: 1, proven: 1 });

  test('resume is refused while the wave fails, and says why', () => {
    expect(fit('resume', { rollout, waves: [failed, wave(2, 'pending', { waiting: 1 })] })).toMatchObject({ possible: false, sentence: expect.stringMatching(/wave 1 still fails its gate: 1 of 2.*retry or exclude/) as string });
  });

  test('it fits once what failed is left out', () => {
    expect(fit('resume', { rollout, waves: [wave(1, 'failed', { excluded: 1, proven: 1 }), wave(2, 'pending', { waiting: 3 })] })).toMatchObject({ possible: true, devices: 3 });
  });

  test('an operator’s pause is left whatever the counts', () => {
    expect(fit('resume', { rollout: { state: 'paused', cause: 'operator' }, waves: [wave(1, 'active', { failed: 1 })] }).possible).toBe(true);
  });

  test('waves are active again when none of those that stood is broken any more', () => {
    expect(wavesHealed([failed])).toEqual([]);
    expect(wavesHealed([wave(1, 'reopened', { waiting: 1, proven: 1 }), wave(2, 'active', { waiting: 1 })])).toEqual([1]);
    expect(wavesHealed([wave(1, 'reopened', { proven: 1 }), { ...failed, n: 2 }])).toEqual([]);
  });
});

describe('without trust', () => {
  test.each(['resume', 'advance', 'retry'] as const)('%s is refused', (verb) => {
    expect(fit(verb, { rollout: { state: 'paused', cause: 'trust' }, releaseVerified: false })).toMatchObject({ possible: false, code: 'verb-unfit' });
  });

  test('retry is refused as well while it is not paused yet, or had completed', () => {
    for (const state of ['running', 'completed'] as const) expect(fit('retry', { rollout: { state }, releaseVerified: false })).toMatchObject({ possible: false, code: 'verb-unfit' });
  });

  test.each(['abort', 'roll_back'] as const)('%s is not', (verb) => {
    expect(fit(verb, { rollout: { state: 'paused', cause: 'trust' }, releaseVerified: false }).possible).toBe(true);
  });

  test('resume fits once the release is verified again', () => {
    expect(fit('resume', { rollout: { state: 'paused', cause: 'trust' } }).possible).toBe(true);
  });
});

test('verbs that would hit nobody are refused', () => {
  expect(fit('retry', { retryable: 0 })).toMatchObject({ possible: false, code: 'verb-unfit' });
  expect(fit('exclude', { excludable: 0 })).toMatchObject({ possible: false, code: 'verb-unfit' });
  expect(fit('advance', { waves: [wave(1, 'passed', { proven: 1 })] })).toMatchObject({ possible: false, code: 'verb-unfit' });
});

test.each<[string, WaveState[], number[], number | undefined]>([
  ['past the open wave, to the next', ['passed', 'active', 'pending', 'pending'], [2], 3],
  ['past the soaking wave', ['soaking', 'pending'], [1], 2],
  ['to the next that waits for a person', ['passed', 'pending'], [], 2],
  ['past the wave that failed', ['failed', 'pending'], [1], 2],
  ['past the last wave', ['passed', 'failed'], [2], undefined],
  ['past all that were reopened, where a later one is open already', ['reopened', 'reopened', 'active', 'pending'], [1, 2], undefined],
  ['nowhere when all have passed', ['passed', 'passed'], [], undefined],
])('advance leads %s', (_, states, pass, open) => {
  expect(wavesToAdvance(states.map((state, index) => ({ n: index + 1, state })))).toEqual({ pass, open });
});
