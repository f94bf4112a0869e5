import { describe, expect, test } from 'vitest';
import { DeploymentState, InFlightState } from '@pier/shared/api';
import { Digest } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { AttemptState, type ReportedApp } from '@pier/shared/wire';
import { type Held, advance, atWork, badEnds, isFinished, leftOut, mayMove, transitions } from './index.ts';

const digest = digestOf('offered');
const other = digestOf('other');
const all = DeploymentState.options;

describe('the table of states', () => {
  test('every state that it leads to is one of its own, and none leads to itself', () => {
    for (const [from, to] of Object.entries(transitions)) {
      for (const state of to) expect(all).toContain(state);
      expect(to).not.toContain(from);
      expect(new Set(to).size).toBe(to.length);
    }
  });

  test('a state is in flight exactly when it is neither waiting nor finished', () => {
    expect(all.filter((state) => state !== 'waiting' && !isFinished(state))).toEqual(InFlightState.options);
  });

  test('work goes forward only: of any two steps exactly one leads to the other', () => {
    const steps = ['offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven'] as const;
    for (const [a, from] of steps.entries()) for (const [b, to] of steps.entries()) expect([from, to, mayMove(from, to)]).toEqual([from, to, a < b]);
  });

  test.each<[DeploymentState, DeploymentState[]]>([
    ['waiting', ['offered', 'failed', 'timed_out', 'refused', 'superseded']],
    ['timed_out', atWork],
    ['rolling_back', ['proven', 'failed', 'timed_out', 'refused']],
    ['rolled_back', ['rolling_back']],
    ['rollback_failed', ['rolling_back']],
    ['cancelled', ['waiting', 'offered']],
    ['excluded', ['waiting', 'offered', 'proven', 'failed', 'timed_out', 'refused']],
    ['failed', ['offered', ...atWork, 'proven']],
    ['superseded', ['waiting', 'offered', ...atWork, 'rolling_back']],
  ])('%s is reached from nowhere else', (to, expected) => {
    expect(all.filter((from) => mayMove(from, to)).toSorted()).toEqual(expected.toSorted());
  });

  test('out of proven there are roll back, late failure, and being left out of a roll back', () => {
    expect(all.filter((to) => mayMove('proven', to)).toSorted()).toEqual(['excluded', 'failed', 'rolling_back']);
  });

  test('nothing leaves what was left out, or has been rolled back, but one that is given back waits again', () => {
    for (const from of [...leftOut, 'rolled_back', 'rollback_failed'] as const) expect(all.filter((to) => mayMove(from, to))).toEqual(from === 'superseded' ? ['waiting'] : []);
  });

  test('a device at work is torn out by nobody but a person who assigns something else', () => {
    for (const from of atWork) expect(all.filter((to) => mayMove(from, to) && !atWork.some((state) => state === to)).toSorted()).toEqual(['failed', 'proven', 'refused', 'superseded', 'timed_out']);
  });
});

const held = (state: DeploymentState, more: Partial<Held> = {}): Held => ({ state, attempt: 3, digest, target: null, provenMs: 1_000, horizonS: 60, ...more });
const said = (state: AttemptState | undefined, more: Partial<ReportedApp> = {}): ReportedApp => ({ attempt: 3, digest: Digest.parse(digest), ...(state && { state }), ...more });
const on = (of: string) => ({ digest: Digest.parse(of), version: '1.2.3', counter: 1 });
const running = (of: string) => ({ ...on(of), restarts: 0, sinceMs: 1 });

describe('what a report does', () => {
  test('each word of a device under the right attempt is taken from an offer', () => {
    for (const state of AttemptState.options) expect(advance(held('offered'), said(state), 2_000)?.state).toBe(state);
  });

  const silent: [string, ReportedApp | undefined][] = [
    ['another attempt, lower', said('proven', { attempt: 2 })],
    ['another attempt, higher', said('proven', { attempt: 4 })],
    ['no attempt', { state: 'proven', digest }],
    ['another artifact', said('proven', { digest: Digest.parse(other) })],
    ['no artifact', { state: 'proven', attempt: 3 }],
    ['no state', said(undefined)],
    ['nothing at all', undefined],
  ];
  test.each(silent)('%s moves nothing', (_, report) => {
    for (const state of InFlightState.options.filter((one) => one !== 'rolling_back')) expect(advance(held(state), report, 2_000)).toBeUndefined();
  });

  test('a deployment that was not offered is moved by nobody', () => {
    for (const state of AttemptState.options) expect(advance(held('waiting', { attempt: null }), said(state), 2_000)).toBeUndefined();
  });

  test('what is finished is not revived by a late word', () => {
    for (const from of all.filter((state) => isFinished(state) && state !== 'proven')) for (const state of AttemptState.options) expect([from, state, advance(held(from), said(state), 2_000)]).toEqual([from, state, undefined]);
  });

  test('a bad end carries the device’s reason, and says so when there is none', () => {
    const reason = { code: 'digest-mismatch', reason: 'one byte differs' };
    expect(advance(held('verifying'), said('refused', { reason }), 2_000)).toEqual({ state: 'refused', reason });
    expect(advance(held('soaking'), said('failed'), 2_000)?.reason).toMatchObject({ reason: expect.stringMatching(/no reason/) });
    expect(advance(held('soaking'), said('proven', { reason }), 2_000)).toEqual({ state: 'proven', reason: null });
  });
});

describe('a proven release that fails later', () => {
  test('has not failed while the device, which had gone on to another, is on its way to it once more', () => {
    for (const state of AttemptState.options.filter((one) => one !== 'proven' && one !== 'failed')) expect([state, advance(held('proven'), said(state, { running: running(other), lastGood: on(other) }), 2_000)]).toEqual([state, undefined]);
  });

  const reason = { code: 'guest-trapped', reason: 'unreachable' };
  test('is failed when the device says so within the horizon, to the second', () => {
    expect(advance(held('proven'), said('failed', { reason }), 61_000)).toEqual({ state: 'failed', reason });
    expect(advance(held('proven'), said('failed', { reason }), 61_001)).toBeUndefined();
    expect(advance(held('proven', { horizonS: 0 }), said('failed'), 1_001)).toBeUndefined();
    expect(advance(held('proven', { provenMs: null }), said('failed'), 2_000)).toBeUndefined();
  });

  test('is failed when the device is back at another release that it calls good', () => {
    expect(advance(held('proven'), said('proven', { running: running(other), lastGood: on(other) }), 2_000)).toMatchObject({ state: 'failed', reason: { code: 'not-proven', reason: expect.stringMatching(/1\.2\.3/) } });
  });

  test.each<[string, ReportedApp]>([
    ['it runs', said('proven', { running: running(digest), lastGood: on(digest) })],
    ['nothing runs just now', said('proven', { lastGood: on(digest) })],
    ['another runs, but this is still its last good', said('proven', { running: running(other), lastGood: on(digest) })],
    ['a person at the device deployed another one', said('proven', { running: running(other), lastGood: on(other), hold: { kind: 'deployed', by: 'eve', forS: 60 } })],
    ['another attempt failed', said('failed', { attempt: 4 })],
    ['another artifact failed', said('failed', { digest: Digest.parse(other) })],
    ['it soaks again', said('soaking')],
    ['it was refused', said('refused')],
  ])('stays proven while %s', (_, report) => {
    expect(advance(held('proven'), report, 2_000)).toBeUndefined();
  });
});

describe('a roll back', () => {
  const back = held('rolling_back', { target: other });
  const saidBack = (state: AttemptState | undefined, more: Partial<ReportedApp> = {}): ReportedApp => said(state, { digest: Digest.parse(other), ...more });

  test('is done when its target is proven under its own attempt', () => {
    expect(advance(back, saidBack('proven'), 2_000)).toEqual({ state: 'rolled_back', reason: null });
  });

  test.each(['failed', 'refused'] as const)('has failed when the target %s', (state) => {
    expect(advance(back, saidBack(state), 2_000)?.state).toBe('rollback_failed');
  });

  test.each<[string, ReportedApp | undefined]>([
    ['the target is on its way', saidBack('downloading')],
    ['the target soaks', saidBack('soaking')],
    ['it is of the attempt before', saidBack('proven', { attempt: 2 })],
    ['it is of what is to go', said('proven')],
    ['it says nothing of the app', undefined],
  ])('is not done while %s', (_, report) => {
    expect(advance(back, report, 2_000)).toBeUndefined();
  });

  test('that takes the app off is done when the app is gone', () => {
    const off = held('rolling_back', { target: null });
    expect(advance(off, undefined, 2_000)).toEqual({ state: 'rolled_back', reason: null });
    expect(advance(off, said('proven'), 2_000)).toBeUndefined();
    expect(advance(off, { running: running(digest) }, 2_000)).toBeUndefined();
  });
});

test('every finished state is good, bad, left out or rolled back, and one of these only', () => {
  expect(['proven', ...badEnds, ...leftOut, 'rolled_back', 'rollback_failed'].toSorted()).toEqual(all.filter(isFinished).toSorted());
});
