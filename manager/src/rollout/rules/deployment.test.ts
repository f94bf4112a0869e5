import { describe, expect, test } from 'vitest';
import { DeploymentState, InFlightState } from '@pier/shared/api';
import { Digest, digestOf } from '@pier/shared/core';
import { AttemptState, type ReportedApp } from '@pier/shared/wire';
import { advance, deadlineMs, fallBack, isFinished, judge, mayMove, overdue, transitions } from './index.ts';

const digest = digestOf('offered');
const other = digestOf('other');

describe('the table of states', () => {
  test('every state that it leads to is one of its own, and none leads to itself', () => {
    for (const [from, to] of Object.entries(transitions)) {
      for (const state of to) expect(DeploymentState.options).toContain(state);
      expect(to).not.toContain(from);
    }
  });

  test('a state is in flight exactly when it is neither waiting nor finished', () => {
    expect(DeploymentState.options.filter((state) => state !== 'waiting' && !isFinished(state))).toEqual(InFlightState.options);
  });

  test('work goes forward only: of any two steps exactly one leads to the other', () => {
    const steps = ['offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven'] as const;
    for (const [a, from] of steps.entries()) for (const [b, to] of steps.entries()) expect([from, to, mayMove(from, to)]).toEqual([from, to, a < b]);
  });

  test('nothing leaves a finished state, and only an offer leaves by going back', () => {
    for (const from of DeploymentState.options.filter(isFinished)) expect(DeploymentState.options.filter((to) => mayMove(from, to))).toEqual([]);
    expect(DeploymentState.options.filter((from) => mayMove(from, 'waiting'))).toEqual(['offered']);
  });
});

describe('what a report does', () => {
  const deployment = (state: DeploymentState, attempt: number | null = 3) => ({ state, attempt, digest });
  const said = (state: AttemptState, more: Partial<ReportedApp> = {}): ReportedApp => ({ attempt: 3, digest: Digest.parse(digest), state, ...more });

  test('each word of a device under the right attempt is taken from an offer', () => {
    for (const state of AttemptState.options) expect(advance(deployment('offered'), said(state))?.state).toBe(state);
  });

  const silent: [string, ReportedApp | undefined][] = [
    ['another attempt, lower', said('proven', { attempt: 2 })],
    ['another attempt, higher', said('proven', { attempt: 4 })],
    ['no attempt', { state: 'proven', digest }],
    ['another artifact', said('proven', { digest: Digest.parse(other) })],
    ['no artifact', { state: 'proven', attempt: 3 }],
    ['no state', { attempt: 3, digest }],
    ['nothing at all', undefined],
  ];
  test.each(silent)('%s moves nothing', (_, report) => {
    expect(advance(deployment('offered'), report)).toBeUndefined();
  });

  test('a deployment that was not offered is moved by nobody', () => {
    for (const state of AttemptState.options) expect(advance(deployment('waiting', null), said(state))).toBeUndefined();
  });

  test('what is finished is not revived by a late word', () => {
    for (const from of DeploymentState.options.filter(isFinished)) for (const state of AttemptState.options) expect(advance(deployment(from), said(state))).toBeUndefined();
  });

  test('a bad end carries the device’s reason, and says so when there is none', () => {
    const reason = { code: 'digest-mismatch', reason: 'one byte differs' };
    expect(advance(deployment('verifying'), said('refused', { reason }))).toEqual({ state: 'refused', reason });
    expect(advance(deployment('soaking'), said('failed'))?.reason).toMatchObject({ reason: expect.stringMatching(/no reason/) });
    expect(advance(deployment('soaking'), said('proven', { reason }))).toEqual({ state: 'proven', reason: null });
  });
});

describe('deadlines', () => {
  const times = { nowMs: 1_000_000, soakS: 60, deadlineS: 600, beforeMs: 1_300_000 };
  test.each([
    ['work starts its own', 'offered', 'accepted', 1_600_000],
    ['work starts its own when it jumps ahead', 'offered', 'applying', 1_600_000],
    ['work keeps the one it has', 'accepted', 'downloading', 1_300_000],
    ['the soak adds its length', 'applying', 'soaking', 1_660_000],
    ['what is finished has none', 'soaking', 'proven', null],
    ['what waits has none', 'offered', 'waiting', null],
  ] as const)('%s', (_, from, to, expected) => {
    expect(deadlineMs(from, to, times)).toBe(expected);
  });

  test('an offer that was not taken up waits again, work that takes too long is timed out', () => {
    expect(InFlightState.options.map((state) => overdue(state).state)).toEqual(['waiting', 'timed_out', 'timed_out', 'timed_out', 'timed_out', 'timed_out']);
  });
});

describe('what a device goes back to', () => {
  const on = (of: string) => ({ digest: Digest.parse(of), version: '1', counter: 1 });
  const running = (of: string) => ({ ...on(of), restarts: 0, sinceMs: 1 });
  test.each([
    ['failed: the last good release', 'failed', { lastGood: on(other) }, { to: other }],
    ['refused: the last good release', 'refused', { lastGood: on(other), running: running(digest) }, { to: other }],
    ['failed without a last good one: it stays', 'failed', { running: running(other) }, 'keep'],
    ['failed when the failed one is the last good: it stays', 'failed', { lastGood: on(digest) }, 'keep'],
    ['failed and never heard of: it stays', 'failed', undefined, 'keep'],
    ['not taken up: what runs', 'waiting', { running: running(other), lastGood: on(digest) }, { to: other }],
    ['not taken up and nothing runs: the last good one', 'waiting', { lastGood: on(other) }, { to: other }],
    ['not taken up and nothing is there: it is taken off', 'waiting', {}, 'remove'],
    ['not taken up and it runs already: it stays', 'waiting', { running: running(digest) }, 'keep'],
  ] as const)('%s', (_, ended, reported, expected) => {
    expect(fallBack(ended, digest, reported)).toEqual(expected);
  });
});

describe('the end of a rollout', () => {
  test.each([
    ['all are proven', { proven: 3 }, 'completed'],
    ['one still waits', { proven: 2, waiting: 1 }, 'running'],
    ['one is at work', { failed: 2, soaking: 1 }, 'running'],
    ['one failed', { proven: 2, failed: 1 }, 'failed'],
    ['one was taken over', { proven: 2, superseded: 1 }, 'failed'],
    ['counts of zero are nobody', { proven: 1, failed: 0, waiting: 0 }, 'completed'],
  ] as const)('when %s', (_, counts, state) => {
    expect(judge(counts).state).toBe(state);
  });

  test('a failed one says how many are where', () => {
    expect(judge({ proven: 2, timed_out: 1, refused: 4 }).reason).toEqual({ code: 'not-proven', reason: 'of 7 devices: 1 timed out, 4 refused' });
  });
});
