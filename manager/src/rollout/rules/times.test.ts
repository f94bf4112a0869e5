import { describe, expect, test } from 'vitest';
import { InFlightState } from '@pier/shared/api';
import { Digest } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import type { ReportedApp } from '@pier/shared/wire';
import { deadlineMs, fallBack, overdue, retryAfterMs, wayBack } from './index.ts';

const digest = digestOf('offered');
const other = digestOf('other');
const third = digestOf('third');
const deployed = (of: string) => ({ kind: 'deployed' as const, by: 'eve', forS: 60, digest: Digest.parse(of) });
const on = (of: string) => ({ digest: Digest.parse(of), version: '1', counter: 1 });
const running = (of: string) => ({ ...on(of), restarts: 0, sinceMs: 1 });

describe('deadlines', () => {
  const times = { nowMs: 1_000_000, soakS: 60, deadlineS: 600, beforeMs: 1_300_000 };
  test.each([
    ['work starts its own', 'offered', 'accepted', 1_600_000],
    ['work starts its own when it jumps ahead', 'offered', 'applying', 1_600_000],
    ['work keeps the one it has', 'accepted', 'downloading', 1_300_000],
    ['the soak adds its length', 'applying', 'soaking', 1_660_000],
    ['the way back has time to work and to soak', 'proven', 'rolling_back', 1_660_000],
    ['what is finished has none', 'soaking', 'proven', null],
    ['what waits has none', 'offered', 'waiting', null],
  ] as const)('%s', (_, from, to, expected) => {
    expect(deadlineMs(from, to, times)).toBe(expected);
  });

  test.each([true, false])('an offer that was not taken up waits again, work is timed out, a way back has failed (online: %s)', (online) => {
    expect(InFlightState.options.map((state) => overdue(state, { online }).state)).toEqual(['waiting', 'timed_out', 'timed_out', 'timed_out', 'timed_out', 'timed_out', 'rollback_failed']);
  });

  test('who was online and silent is told from who was away', () => {
    expect([overdue('offered', { online: true }).reason.code, overdue('offered', { online: false }).reason.code]).toEqual(['device.silent', 'device.offline']);
    expect(overdue('rolling_back', { online: false }).reason.reason).toMatch(/offline/);
  });

  test('a silent device is left in peace for longer each time, up to ten minutes', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 1_000].map(retryAfterMs)).toEqual([30_000, 30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000, 600_000]);
  });
});

describe('what a device goes back to', () => {
  test.each([
    ['failed: the last good release', 'failed', { lastGood: on(other) }, { to: other }],
    ['refused: the last good release', 'refused', { lastGood: on(other), running: running(digest) }, { to: other }],
    ['failed without a last good one: it stays', 'failed', { running: running(other) }, 'keep'],
    ['failed when the failed one is the last good: it stays', 'failed', { lastGood: on(digest) }, 'keep'],
    ['failed later, when it had been the last good: the good one before', 'failed', { lastGood: on(digest), previousGood: on(other) }, { to: other }],
    ['failed and never heard of: it stays', 'failed', undefined, 'keep'],
    ['taken back: what runs', 'withdrawn', { running: running(other), lastGood: on(digest) }, { to: other }],
    ['taken back and nothing runs: the last good one', 'withdrawn', { lastGood: on(other) }, { to: other }],
    ['taken back and nothing is there: it is taken off', 'withdrawn', {}, 'remove'],
    ['taken back and it runs already: it stays', 'withdrawn', { running: running(digest) }, 'keep'],
    ['taken back and a technician put something else there for a time: the last good one', 'withdrawn', { running: running(other), lastGood: on(third), hold: deployed(other) }, { to: third }],
    ['taken back, and all that is there a technician put there for a time: it is taken off', 'withdrawn', { running: running(other), hold: deployed(other) }, 'remove'],
    ['taken back and stopped by a technician: the last good one', 'withdrawn', { lastGood: on(other), hold: { kind: 'stopped', by: 'eve', forS: 60 } }, { to: other }],
  ] as const)('%s', (_, ended, reported, expected) => {
    expect(fallBack(ended, digest, reported)).toEqual(expected);
  });
});

describe('the way back that is kept', () => {
  test.each([
    ['what ran well before', { lastGood: on(other) }, other],
    ['nothing, where nothing did', { running: running(other) }, null],
    ['nothing, where the device never spoke of the app', undefined, null],
    ['the good one before, where the same release ran already', { lastGood: on(digest), previousGood: on(other) }, other],
    ['nothing, where only the same release ever ran well', { lastGood: on(digest) }, null],
    ['nothing, where the same release is all that it knows', { lastGood: on(digest), previousGood: on(digest) }, null],
  ] as const)('%s', (_, reported: ReportedApp | undefined, expected) => {
    expect(wayBack(digest, reported)).toBe(expected);
  });
});
