import { describe, expect, test } from 'vitest';
import { RolloutState, WavePlan, WaveState, rolloutVerbs } from '@pier/shared/api';
import { type Counts, type WaveFacts, absentCodes, foundByOffering, engineMayMove, openTo, progressOf, reasonToWait, verbSteps, waitingReasons, waveMayMove } from './index.ts';

type Of = { readonly absent?: number; readonly advance?: 'auto' | 'manual'; readonly badSinceOverride?: number };

/** Waves in a line: each its state and its counts. */
const waves = (...of: (readonly [WaveState, Counts, Of?])[]): WaveFacts[] =>
  of.map(([state, counts, { absent = 0, advance = 'auto', badSinceOverride } = {}], index) => ({
    n: index + 1, state, counts, absent, plan: WavePlan.parse({ take: { by: 'rest' }, advance }), ...(badSinceOverride === undefined ? {} : { badSinceOverride }),
  }));
const running = { state: 'running', mode: 'static', onFailure: 'pause' } as const;
const stepsOf = (facts: WaveFacts[], of: Partial<Parameters<typeof progressOf>[0]> = {}) => {
  const { waves: steps, rollout } = progressOf({ ...running, ...of }, facts);
  return [...steps.map(({ n, to }) => `${n} ${to}`), ...(rollout ? [`→ ${rollout.to}${rollout.cause ? ` ${rollout.cause}` : ''}`] : [])].join(', ');
};

describe('what the waves of a running rollout step to', () => {
  test.each<[string, WaveFacts[], string]>([
    ['the first one opens', waves(['pending', { waiting: 1 }], ['pending', { waiting: 2 }]), '1 active'],
    ['one that proves itself opens the next', waves(['active', { proven: 1 }], ['pending', { waiting: 2 }], ['pending', { waiting: 3 }]), '1 passed, 2 active'],
    ['one that soaks says so', waves(['active', { soaking: 1, proven: 1 }], ['pending', { waiting: 2 }]), '1 soaking'],
    ['one in which a device still fetches does not soak', waves(['active', { soaking: 1, downloading: 1 }]), ''],
    ['one in which a device still waits for room does not soak', waves(['active', { soaking: 1, waiting: 1 }]), ''],
    ['one of whose devices the rest is absent does', waves(['active', { soaking: 1, waiting: 1 }, { absent: 1 }]), '1 soaking'],
    ['a soaking one passes', waves(['soaking', { proven: 2 }], ['pending', { waiting: 2 }]), '1 passed, 2 active'],
    ['nothing happens while one is open', waves(['active', { offered: 1 }], ['pending', { waiting: 2 }]), ''],
    ['the last one completes the rollout', waves(['passed', { proven: 1 }], ['active', { proven: 2 }]), '2 passed, → completed'],
    ['a failure stops it', waves(['active', { failed: 1, waiting: 2 }], ['pending', { waiting: 2 }]), '1 failed, → paused gate'],
    ['a failure in a soak stops it', waves(['soaking', { failed: 1, soaking: 2 }]), '1 failed, → paused gate'],
    ['a manual wave waits for a person', waves(['active', { proven: 1 }, { advance: 'manual' }], ['pending', { waiting: 2 }]), '1 passed'],
    ['and goes on waiting', waves(['passed', { proven: 1 }, { advance: 'manual' }], ['pending', { waiting: 2 }]), ''],
    ['a manual wave at the end waits for nobody', waves(['active', { proven: 1 }, { advance: 'manual' }]), '1 passed, → completed'],
    ['a wave behind one that was opened again is judged after it', waves(['active', { proven: 1 }], ['active', { proven: 1 }], ['pending', { waiting: 1 }]), '1 passed, 2 passed, 3 active'],
    ['and not before it', waves(['active', { soaking: 1 }], ['active', { proven: 1 }], ['pending', { waiting: 1 }]), '1 soaking'],
    ['a wave that stands at its gate is left to persons', waves(['failed', { failed: 1 }], ['pending', { waiting: 1 }]), ''],
    ['when nobody is left in any wave it is over', waves(['active', { superseded: 1 }], ['pending', { excluded: 2 }]), '→ aborting'],
    ['when nobody is left in one wave a person decides', waves(['active', { superseded: 1 }], ['pending', { waiting: 2 }]), ''],
  ])('%s', (_, facts, expected) => {
    expect(stepsOf(facts)).toBe(expected);
  });

  test('where failures roll back, a failed wave does', () => {
    expect(stepsOf(waves(['active', { failed: 1 }]), { onFailure: 'roll_back' })).toBe('1 failed, → rolling_back');
  });

  test('a dynamic rollout whose devices were all taken over goes on for those to come', () => {
    expect(stepsOf(waves(['active', { superseded: 1 }]), { mode: 'dynamic' })).toBe('');
  });
});

describe('a late regression', () => {
  const late = (badSinceOverride?: number) => waves(['passed', { proven: 1, failed: 1 }, badSinceOverride === undefined ? {} : { badSinceOverride }], ['active', { waiting: 2 }]);

  test.each(['running', 'completed'] as const)('reopens its wave and pauses a %s rollout, also where failures roll back', (state) => {
    expect(stepsOf(late(), { state })).toBe('1 reopened, → paused gate');
    expect(stepsOf(late(), { state, onFailure: 'roll_back' })).toBe('1 reopened, → paused gate');
  });

  test('is measured from a person’s override on: what had failed by then is forgiven', () => {
    expect(stepsOf(late(0))).toBe('');
    expect(stepsOf(late(1))).toBe('1 reopened, → paused gate');
  });

  test('a completed rollout that holds takes no step', () => {
    expect(stepsOf(waves(['passed', { proven: 1, waiting: 3 }, { absent: 3 }]), { state: 'completed' })).toBe('');
    expect(stepsOf(waves(['passed', { excluded: 1 }]), { state: 'completed' })).toBe('');
  });

  test('every wave that no longer holds is reopened', () => {
    expect(stepsOf(waves(['passed', { failed: 1 }], ['passed', { proven: 1 }], ['passed', { failed: 1 }]), { state: 'completed' })).toBe('1 reopened, 3 reopened, → paused gate');
  });
});

test.each<[string, WaveFacts[], number]>([
  ['the open wave', waves(['passed', {}], ['active', {}], ['pending', {}]), 2],
  ['the soaking wave', waves(['passed', {}], ['soaking', {}], ['pending', {}]), 2],
  ['those that passed while the next waits for a person', waves(['passed', {}], ['pending', {}]), 1],
  ['all when all have passed', waves(['passed', {}], ['passed', {}]), 2],
  ['nobody behind a reopened wave', waves(['reopened', {}], ['active', {}]), 0],
  ['up to the one that is active again', waves(['active', {}], ['active', {}]), 1],
])('devices are served up to %s', (_, facts, expected) => {
  expect(openTo(facts)).toBe(expected);
});

describe('the tables of states', () => {
  const isTerminal = (state: RolloutState): boolean => state === 'denied' || state === 'aborted' || state === 'rolled_back';

  test('the engine and verbs lead from no terminal state anywhere', () => {
    for (const state of RolloutState.options.filter(isTerminal)) {
      for (const to of RolloutState.options) expect(engineMayMove(state, to)).toBe(false);
      for (const verb of rolloutVerbs) expect(Object.keys(verbSteps[verb])).not.toContain(state);
    }
  });

  test('whoever pauses, a person goes on', () => {
    expect(RolloutState.options.filter((to) => engineMayMove('paused', to))).toEqual([]);
  });

  test('every state can be reached, and left unless it is terminal', () => {
    const leads = (from: RolloutState, to: RolloutState) => engineMayMove(from, to) || rolloutVerbs.some((verb) => Object.entries(verbSteps[verb]).some(([at, then]) => at === from && then === to && at !== then));
    const first: RolloutState[] = ['awaiting_approval', 'running'];
    for (const state of RolloutState.options) {
      expect([state, first.includes(state) || RolloutState.options.some((from) => leads(from, state))]).toEqual([state, true]);
      expect([state, RolloutState.options.some((to) => leads(state, to))]).toEqual([state, !isTerminal(state)]);
    }
  });

  test('nothing passes twice, and a wave that passed leaves by being reopened only', () => {
    expect(WaveState.options.filter((to) => waveMayMove('passed', to))).toEqual(['reopened']);
    expect(WaveState.options.filter((from) => waveMayMove(from, 'pending'))).toEqual([]);
  });
});

describe('why a deployment waits', () => {
  test('who could not be offered anything is absent; who only has to wait for a turn is not', () => {
    expect(absentCodes).toEqual(expect.arrayContaining(['device.offline', 'device.silent', 'app.held', 'assigned.by-hand', 'policy.missing', ...foundByOffering]));
    expect(Object.keys(waitingReasons).filter((code) => !absentCodes.some((one) => one === code))).toEqual(['rollout.wave-pending', 'device.awaited', 'device.busy', 'rollout.capacity']);
  });

  test('a missing scope is called what it is for the person who reads it', () => {
    expect(reasonToWait({ code: 'scope-unmatched', reason: 'x' })).toEqual({ code: 'policy.scope', reason: 'x' });
    expect(reasonToWait({ code: 'capability.unbound', reason: 'x' })).toEqual({ code: 'capability.unbound', reason: 'x' });
  });
});
