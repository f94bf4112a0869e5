import { describe, expect, test } from 'vitest';
import { digestOf } from '@pier/shared/digest';
import type { AttemptState } from '@pier/shared/wire';
import { type Actual, type Goal, type HoldNow, plan } from './plan.ts';

const old = digestOf('old');
const fresh = digestOf('fresh');
const goal = (change: Partial<Goal> = {}): Goal => ({ digest: fresh, attempt: 2, rev: 20, ...change });
const running = (digest: typeof old, consent: 'same' | 'changed' = 'same') => ({ digest, consent });
const progress = (state: AttemptState, change: Partial<NonNullable<Actual['progress']>> = {}) => ({ attempt: 2, digest: fresh, rev: 20, state, ...change });
const stopped = (attempt: number, isOver = false): HoldNow => ({ attempt, isOver, deployed: undefined });
const deployed = (digest: typeof old, { attempt = 2, isProven = true, isOver = false } = {}): HoldNow => ({ attempt, isOver, deployed: { digest, isProven } });
const nothing: Actual = { progress: undefined, current: undefined, running: undefined, lastGood: undefined };
const oldIsWell: Actual = { progress: progress('proven', { attempt: 1, digest: old }), current: old, running: running(old), lastGood: old };
const words = (wanted: Goal | undefined, actual: Actual, hold?: HoldNow): string => plan(wanted, actual, hold).map((step) => step.do).join(' ');

describe('a new attempt', () => {
  test('is taken up, fetched and applied, on an empty device', () => {
    expect(words(goal(), nothing)).toBe('take fetch apply');
  });
  test('is fetched before the old guest is touched', () => {
    expect(words(goal(), oldIsWell)).toBe('take fetch apply');
  });
  test('of the release that is already healthy is adopted without a restart', () => {
    expect(words(goal({ digest: old }), oldIsWell)).toBe('adopt');
  });
  test('of a release that runs but was never proven is not adopted', () => {
    expect(words(goal({ digest: old }), { ...oldIsWell, lastGood: undefined })).toBe('take fetch apply');
  });
  test('ends a stop by hand', () => {
    expect(words(goal(), { ...oldIsWell, running: undefined }, stopped(1))).toBe('take start fetch apply');
  });
  test('lets the committed release run meanwhile, when it does not', () => {
    expect(words(goal(), { ...oldIsWell, running: undefined })).toBe('take start fetch apply');
  });
});

describe('an attempt that ended badly', () => {
  const failed: Actual = { ...oldIsWell, progress: progress('failed') };
  const refused: Actual = { ...oldIsWell, progress: progress('refused') };
  test('failed: is not tried again by a newer document alone', () => {
    expect(words(goal({ rev: 99 }), failed)).toBe('');
  });
  test('failed: is tried again under another attempt', () => {
    expect(words(goal({ attempt: 3 }), failed)).toBe('take fetch apply');
  });
  test('refused: is not looked at again under the same document', () => {
    expect(words(goal(), refused)).toBe('');
  });
  test('refused: is looked at again with any newer document', () => {
    expect(words(goal({ rev: 21 }), refused)).toBe('take fetch apply');
  });
  test('refused: is looked at again with a lower rev, as after a theft of the key of the higher one', () => {
    expect(words(goal({ rev: 3 }), refused)).toBe('take fetch apply');
  });
  test('leaves the device on what is committed, also after a reboot', () => {
    expect(plan(goal(), { ...failed, running: undefined })).toEqual([{ do: 'start', digest: old, soaking: false }]);
  });
});

describe('after a crash', () => {
  test.each(['accepted', 'downloading', 'verifying', 'applying'] as const)('an attempt that was %s goes on under its number, the committed release running meanwhile', (state) => {
    expect(words(goal(), { ...oldIsWell, running: undefined, progress: progress(state) })).toBe('start fetch apply');
  });
  test('an attempt that was soaking starts again on probation', () => {
    expect(plan(goal(), { progress: progress('soaking'), current: fresh, running: undefined, lastGood: old })).toEqual([{ do: 'start', digest: fresh, soaking: true }]);
  });
  test('a proven release starts off probation', () => {
    expect(plan(goal(), { progress: progress('proven'), current: fresh, running: undefined, lastGood: fresh })).toEqual([{ do: 'start', digest: fresh, soaking: false }]);
  });
});

describe('nothing to do', () => {
  test.each(['soaking', 'proven'] as const)('while the wanted release is %s', (state) => {
    expect(words(goal(), { progress: progress(state), current: fresh, running: running(fresh), lastGood: old })).toBe('');
  });
});

describe('a stop by hand', () => {
  test('stops the guest, and keeps it stopped', () => {
    expect(words(goal(), { ...oldIsWell, progress: progress('proven') }, stopped(2))).toBe('stop');
    expect(words(goal(), { ...oldIsWell, progress: progress('proven'), running: undefined }, stopped(2))).toBe('');
  });
  test('makes the attempt wait that is on its way, or that would be looked at again', () => {
    expect(words(goal(), { ...oldIsWell, progress: progress('downloading'), running: undefined }, stopped(2))).toBe('');
    expect(words(goal({ rev: 30 }), { ...oldIsWell, progress: progress('refused'), running: undefined }, stopped(2))).toBe('');
  });
  test('is let go when its time is over, or its attempt is another', () => {
    expect(words(goal(), { ...oldIsWell, progress: progress('proven') }, stopped(2, true))).toBe('release');
    expect(words(goal(), { ...oldIsWell, progress: progress('proven') }, stopped(1))).toBe('release');
  });
  test('keeps no app that is not wanted', () => {
    expect(words(undefined, oldIsWell, stopped(2))).toBe('stop forget');
  });
});

describe('a release that was deployed by hand', () => {
  const other = digestOf('other');
  const isWell: Actual = { progress: progress('proven'), current: fresh, running: running(fresh), lastGood: fresh };
  test('runs in the place of what is committed, also after a reboot, on probation until it has soaked', () => {
    expect(plan(goal(), isWell, deployed(other))).toEqual([{ do: 'stop' }, { do: 'start', digest: other, soaking: false }]);
    expect(plan(goal(), { ...isWell, running: undefined }, deployed(other, { isProven: false }))).toEqual([{ do: 'start', digest: other, soaking: true }]);
    expect(words(goal(), { ...isWell, running: running(other) }, deployed(other))).toBe('');
  });
  test('is restarted when the consent changes', () => {
    expect(words(goal(), { ...isWell, running: running(other, 'changed') }, deployed(other))).toBe('rebind');
  });
  test('gives way to what is committed when the hold has ended', () => {
    expect(plan(goal(), { ...isWell, running: running(other) })).toEqual([{ do: 'stop' }, { do: 'start', digest: fresh, soaking: false }]);
    expect(words(goal(), { ...isWell, progress: progress('refused'), current: undefined, running: running(other) })).toBe('stop');
  });
  test('is adopted by a new attempt for it once it has soaked, and not before', () => {
    const next = goal({ digest: other, attempt: 3 });
    expect(words(next, { ...isWell, running: running(other) }, deployed(other))).toBe('adopt');
    expect(words(next, { ...isWell, running: running(other) }, deployed(other, { isProven: false }))).toBe('take stop start fetch apply');
    expect(words(next, { ...isWell, running: undefined }, deployed(other))).toBe('take start fetch apply');
  });
  test('gives way at once to a new attempt for another release', () => {
    expect(words(goal({ attempt: 3 }), { ...isWell, running: running(other) }, deployed(other))).toBe('take stop start fetch apply');
  });
});

describe('consent', () => {
  test('that changed restarts the guest with its new grant', () => {
    expect(plan(goal(), { progress: progress('proven'), current: fresh, running: running(fresh, 'changed'), lastGood: fresh })).toEqual([{ do: 'rebind', digest: fresh }]);
  });
});

describe('an app that is not wanted any more', () => {
  test('is stopped, then forgotten', () => {
    expect(words(undefined, oldIsWell)).toBe('stop forget');
  });
  test('is only forgotten when nothing runs', () => {
    expect(words(undefined, { ...oldIsWell, running: undefined })).toBe('forget');
  });
});
