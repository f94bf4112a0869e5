import { describe, expect, test } from 'vitest';
import { DeploymentState, Gate, type Release, RolloutState, type Rollout, type WaveState, type VerbPreview, type RolloutVerb, type WaveView, rolloutVerbs, whyCodes } from '@pier/shared/api';
import { mostRunOf, previousOf } from './changes.tsx';
import { effectsOf, hitsManyWaves } from './effects.ts';
import { evidenceOf, isBad, lookOf, statesOf } from './reasons.ts';
import { scopeOf, selectionOf, standingOf, sumsOf } from './standing.ts';
import { buttonsOf, effectLines, figureWords, lastWord, plainSentence, verbLabel } from './verbs.ts';

const wave = (n: number, state: WaveState, counts: WaveView['counts']): WaveView => ({ n, state, plan: { take: { by: 'rest' }, gate: Gate.parse({}), advance: 'auto' }, total: Object.values(counts).reduce((all, one) => all + one, 0), counts, absent: 0, openedAt: null, passedAt: null });
const waves = [wave(1, 'passed', { proven: 24, waiting: 1 }), wave(2, 'active', { proven: 151, soaking: 38, applying: 28, offered: 2, waiting: 17, excluded: 3, refused: 4, failed: 5 }), wave(3, 'pending', { waiting: 2_207 })];
const shown = (state: RolloutState, more: Partial<Rollout> = {}) => ({ state, cause: null, reason: null, waves, createdBy: 'ada', ...more });

describe('how it stands, in one line', () => {
  test.each<[string, ReturnType<typeof shown>, string]>([
    ['running', shown('running'), 'Running, wave 2 of 3'],
    ['running up to a wave that a person opens', shown('running', { waves: [wave(1, 'passed', { proven: 1 }), wave(2, 'pending', { waiting: 1 })] }), 'Running, wave 2 of 2 waits for a person'],
    ['stopped by its gate', shown('paused', { cause: 'gate' }), 'Paused by its gate, wave 2 of 3'],
    ['stopped by a person', shown('paused', { cause: 'operator', reason: { code: 'operator.pause', reason: 'paused by R. Okafor: look at it' } }), 'Paused by R. Okafor, wave 2 of 3'],
    ['stopped by trust', shown('paused', { cause: 'trust' }), 'Paused, its release is not trusted, wave 2 of 3'],
    ['waiting for a second person', shown('awaiting_approval', { reason: { code: 'approval.second-person', reason: 'x' } }), 'Waits for approval by someone else than ada'],
    ['waiting for a binding', shown('awaiting_approval', { reason: { code: 'approval.uncovered', reason: 'x' } }), 'Waits for somebody to bind, or to approve'],
    ['completed', shown('completed'), 'Completed, 175 of 2,480 proven'],
    ['rolled back', shown('rolled_back', { reason: { code: 'operator.roll_back', reason: 'rolled back by admin: the old one' } }), 'Rolled back by admin'],
    ['aborted by itself', shown('aborted', { reason: { code: 'superseded', reason: 'no device is left in it' } }), 'Aborted'],
  ])('%s', (_, rollout, words) => {
    expect(standingOf(rollout)).toBe(words);
  });

  test('who is in it, and whether that can grow', () => {
    expect([scopeOf({ mode: 'static', waves }), scopeOf({ mode: 'dynamic', waves })]).toEqual(['2,480 devices, fixed at start', '2,480 devices now; takes in those that match later']);
    expect(selectionOf({ waves })).toBe('2,480 named devices');
    expect(sumsOf({ waves })).toEqual({ total: 2_480, proven: 175, badly: 9, atWork: 68, waiting: 2_225 });
  });
});

describe('what a verb would do', () => {
  test('a roll back goes backwards, and all others are told', () => {
    const effects = effectsOf('roll_back', { waves });
    expect(effects?.waves).toEqual([{ n: 2, count: 226 }, { n: 1, count: 24 }]);
    expect(effects?.rest.map(({ who, count, says }) => `${who} ${count} ${says}`)).toEqual(['Waiting 2225 never took it and are left out', 'Offered 2 are left out, the offer is taken back', 'Left out 3 are no part of it any more']);
  });

  test('whatever it is, hit and others are all devices, in any states', () => {
    const all = [1, 2, 3].map((n) => wave(n, 'active', Object.fromEntries(DeploymentState.options.map((state, index) => [state, index + n]))));
    for (const verb of rolloutVerbs) {
      const effects = effectsOf(verb, { waves: all });
      if (effects === undefined) continue;
      expect([verb, effects.waves.reduce((sum, { count }) => sum + count, 0) + effects.rest.reduce((sum, { count }) => sum + count, 0)]).toEqual([verb, effects.total]);
    }
  });

  test('more than one wave asks for a typed word: of a roll back those that change, of an abort those that were opened', () => {
    expect([hitsManyWaves('roll_back', { waves }), hitsManyWaves('abort', { waves }), hitsManyWaves('pause', { waves })]).toEqual([true, true, false]);
    const one = [wave(1, 'active', { proven: 1 }), wave(2, 'pending', { waiting: 3 })];
    expect([hitsManyWaves('roll_back', { waves: one }), hitsManyWaves('abort', { waves: one })]).toEqual([false, false]);
  });
});

describe('the buttons', () => {
  test('every state shows every verb that can fit it once', () => {
    for (const state of RolloutState.options) {
      const { main, beside, more } = buttonsOf({ state, waves });
      const all = [main, ...beside, ...more];
      expect([state, all.length]).toEqual([state, new Set(all).size]);
    }
    expect(buttonsOf({ state: 'paused', waves })).toMatchObject({ main: 'resume', beside: ['retry', 'roll_back', 'abort'], more: ['advance', 'exclude', 'set_cap'] });
    expect(buttonsOf({ state: 'running', waves })).toMatchObject({ main: 'pause', beside: ['advance', 'roll_back', 'abort'] });
  });

  test('count what they hit, and say what they do or why they are off', () => {
    const retry = { verb: 'retry', possible: true, devices: 9, sentence: 'lets 9 devices try again' } as const;
    expect([verbLabel('retry', retry), verbLabel('retry', { ...retry, possible: false }), verbLabel('pause', undefined), lastWord('roll_back', 213)]).toEqual(['Retry 9 failed…', 'Retry…', 'Pause', 'Roll back 213 devices']);
    const pause = { verb: 'pause', possible: true, devices: 3, sentence: 'nothing more is offered; waiting: 3 devices' } as const;
    const off = (verb: RolloutVerb, words: string): VerbPreview => ({ verb, possible: false, devices: 0, sentence: words });
    expect(effectLines({ main: 'pause', beside: ['advance'] }, [pause, off('advance', 'every wave has passed')])).toEqual(['Pause: nothing more is offered; waiting: 3 devices.', 'Advance is off: every wave has passed.']);
    expect(effectLines({ main: 'resume', beside: ['abort'] }, [off('resume', 'wave 1 still fails its gate'), { ...pause, verb: 'abort' }])).toEqual(['Resume is off: wave 1 still fails its gate.']);
    expect(effectLines({ main: undefined, beside: ['roll_back', 'abort'] }, [off('roll_back', 'roll_back does not fit a rollout that is rolled_back'), off('abort', 'nor does abort')])).toEqual(['Roll back does not fit a rollout that is rolled back.']);
    expect([effectLines({ main: 'pause', beside: [] }, undefined), plainSentence('these do: set_cap')]).toEqual([[], 'These fit: change the cap.']);
  });
});

describe('the words of the manager', () => {
  test('leave out what is counted as none', () => {
    expect(plainSentence('ends it, and what runs stays; left out: 10 devices, offers taken back: 0, at work and left to finish: 0 devices')).toBe('Ends it, and what runs stays; left out: 10 devices.');
    expect(plainSentence('brings 2 devices back to what ran before, the last wave first; left out: 0 devices')).toBe('Brings 2 devices back to what ran before, the last wave first.');
  });

  test('fit one device as well as many, and an abort that leaves out nobody counts none', () => {
    expect([figureWords('roll_back', 1), figureWords('roll_back', 2, true), figureWords('pause', 1)]).toEqual(['device goes back to what ran before; where nothing did, the app is REMOVED', 'devices lose the app: it is REMOVED, nothing ran before', 'device waits until it is resumed']);
    expect([lastWord('abort', 0), lastWord('abort', 2)]).toEqual(['Abort, nobody waits', 'Abort, leave out 2 devices']);
  });
});

describe('reasons', () => {
  test('each one that the manager knows has words, an icon, and states in which it is found', () => {
    for (const code of whyCodes) {
      expect(lookOf(code, 'unknown').says).not.toBe('unknown');
      expect(statesOf(code).length).toBeGreaterThan(0);
    }
    expect(lookOf('moon.full', 'The moon is full.').says).toBe('The moon is full.');
    expect(statesOf('at-work.soaking')).toEqual(['soaking']);
  });

  test('bad ends are told apart, and evidence comes from the plan', () => {
    expect(whyCodes.filter(isBad)).toEqual(['rollback-failed', 'timed-out', 'device.refused', 'app.failed', 'app.regressed']);
    const plan = { soakS: 600, maxInFlight: 30, deadlineS: 60, waves };
    expect([evidenceOf('at-work.soaking', plan), evidenceOf('rollout.capacity', plan), evidenceOf('toString', plan)]).toEqual(['10 min without trap or restart', 'cap 30', undefined]);
    const own = waves.map((one) => ({ ...one, counts: { soaking: 1 }, plan: { ...one.plan, ...(one.n === 1 && { soakS: 5 }) } }));
    expect(evidenceOf('at-work.soaking', { ...plan, waves: own })).toBe('5 s or 10 min without trap or restart');
  });
});

test('a release is held against what most devices run besides it, where that is known; after the end, only against older ones', () => {
  const release = (version: string, counter: number) => ({ id: version, version, counter, state: 'verified' as const });
  const releases = [release('1.3.0', 4), release('1.2.0', 3), release('1.1.0', 2), release('1.0.0', 1)];
  const running = [{ version: '1.2.0', devices: 9 }, { version: '1.3.0', devices: 3 }, { version: '1.0.0', devices: 2 }, { version: '0.1.0', devices: 7 }];
  const most = (live: boolean, of = running) => mostRunOf({ releases, own: release('1.2.0', 3), running: of, live });
  expect([most(true), most(false), most(true, [])].map((one) => one && `${one.release.id} on ${one.devices}`)).toEqual(['1.3.0 on 3', '1.0.0 on 2', undefined]);
});

test('the release before is the newest older one that is verified; of the first there is none', () => {
  const release = (id: string, counter: number, state: Release['state'] = 'verified') => ({ id, counter, state });
  const all = [release('d', 4), release('c', 3, 'rejected'), release('b', 2, 'withdrawn'), release('a', 1)];
  expect([previousOf(all, release('d', 4))?.id, previousOf(all, release('a', 1)), previousOf(undefined, release('a', 1)), previousOf(all, undefined)]).toEqual(['a', undefined, undefined, undefined]);
});
