import { describe, expect, test } from 'vitest';
import { type DeviceStanding, DeviceStanding as Standings, whyCodes, whyReasons } from '@pier/shared/api';
import { type AppStanding, becauseOf } from './because.ts';
import { standingOrder } from './order.ts';

const running = { state: 'running', cause: null, reason: null, manual: false };
const at = (standing: DeviceStanding, state: string, more: Partial<AppStanding> = {}): AppStanding => ({
  device: 'dock', app: 'blink', standing, deployment: { state, version: '1.0.0', reason: null }, rollout: running,
  release: { state: 'verified', reason: null }, reported: undefined, desiredRefused: undefined, byHandAttempt: undefined, ...more,
});
const codeOf = (app: AppStanding) => becauseOf(app.standing, [app])?.code;
const stored = (code: string) => ({ state: 'waiting', version: '1.0.0', reason: { code, reason: `because of ${code}` } });
const hold = { kind: 'stopped', by: 'ada', forS: 5 } as const;

test('every standing but in step says why, each in a sentence, and has a place in the order', () => {
  for (const standing of Standings.options) {
    const reason = becauseOf(standing, [at(standing, 'waiting')]);
    expect(reason === null).toBe(standing === 'in_step');
    expect(reason?.reason ?? 'A sentence.').toMatch(/^[A-Z].*\.$/);
    expect([...whyCodes, undefined]).toContain(reason?.code);
  }
  expect(standingOrder.toSorted()).toEqual(Standings.options.toSorted());
});

describe('why a device waits', () => {
  test.each<[string, Partial<AppStanding>, string]>([
    ['the release was withdrawn', { release: { state: 'withdrawn', reason: 'burns lamps' }, rollout: { ...running, state: 'paused', cause: 'trust' } }, 'release.withdrawn'],
    ['the release is not trusted', { release: { state: 'rejected', reason: null } }, 'release.unverified'],
    ['the rollout waits for approval', { rollout: { ...running, state: 'awaiting_approval' } }, 'rollout.approval'],
    ['a gate paused it', { rollout: { ...running, state: 'paused', cause: 'gate' } }, 'rollout.paused-gate'],
    ['trust paused it', { rollout: { ...running, state: 'paused', cause: 'trust' } }, 'rollout.paused-trust'],
    ['a person paused it', { rollout: { ...running, state: 'paused', cause: 'operator' }, deployment: stored('rollout.capacity') }, 'rollout.paused-operator'],
    ['it is aborted just now', { rollout: { ...running, state: 'aborting' } }, 'rollout.aborted'],
    ['it is rolled back just now', { rollout: { ...running, state: 'rolling_back' } }, 'rollout.rolled-back'],
    ['its wave is to come', { deployment: stored('rollout.wave-pending') }, 'rollout.wave-pending'],
    ['a person opens its wave', { deployment: stored('rollout.wave-pending'), rollout: { ...running, manual: true } }, 'rollout.wave-manual'],
    ['the engine said so', { deployment: stored('capability.unbound') }, 'capability.unbound'],
    ['the engine has not looked yet', {}, 'at-work.due'],
    ['it was offline when the engine looked, and is not now', { deployment: stored('device.offline') }, 'at-work.due'],
  ])('%s', (_, more, code) => {
    expect(codeOf(at('waiting', 'waiting', more))).toBe(code);
  });

  test('what is stored with it is what is said', () => {
    expect(becauseOf('waiting', [at('waiting', 'waiting', { deployment: stored('capability.mode') })])).toEqual({ code: 'capability.mode', reason: 'because of capability.mode' });
    expect(becauseOf('waiting', [at('waiting', 'waiting', { release: { state: 'withdrawn', reason: 'burns lamps' } })])?.reason).toBe('burns lamps');
  });
});

describe('why a device is at work', () => {
  test.each<[string, Partial<AppStanding>, string]>([
    ['offered', {}, 'at-work.offered'],
    ['offered', { desiredRefused: { code: 'stale', reason: 'older than what it has' } }, 'desired.refused'],
    ['offered', { reported: { hold } }, 'at-work.offered'],
    ['downloading', { desiredRefused: { code: 'stale', reason: 'older' } }, 'at-work.downloading'],
    ['applying', {}, 'at-work.applying'],
    ['applying', { reported: { hold } }, 'app.held'],
    ['rolling_back', {}, 'rolling-back'],
  ])('%s, %j', (state, more, code) => {
    expect(codeOf(at('updating', state, more))).toBe(code);
  });
});

describe('how it ended', () => {
  test.each<[DeviceStanding, string, string]>([['failed', 'failed', 'app.failed'], ['failed', 'timed_out', 'timed-out'], ['failed', 'rollback_failed', 'rollback-failed'], ['failed', 'proven', 'app.regressed'], ['refused', 'refused', 'device.refused']])('%s, by a deployment that is %s', (standing, state, code) => {
    expect(becauseOf(standing, [at(standing, state)])).toEqual({ code, reason: whyReasons[code as keyof typeof whyReasons].sentence });
  });

  test('in the device’s own words where it has some', () => {
    const reason = { code: 'guest-trapped', reason: 'unreachable executed' };
    expect(becauseOf('failed', [at('failed', 'failed', { deployment: { state: 'failed', version: '1', reason } })])).toEqual(reason);
    expect(becauseOf('failed', [at('failed', 'proven', { reported: { state: 'failed', reason } })])).toEqual({ code: 'app.regressed', reason: 'unreachable executed' });
  });
});

describe('why it is held', () => {
  test.each<[Partial<AppStanding>, string]>([
    [{ reported: { hold } }, 'app.held'],
    [{ reported: { hold: { ...hold, kind: 'deployed' } }, byHandAttempt: 3 }, 'app.deployed-by-hand'],
    [{ byHandAttempt: 3 }, 'assigned.by-hand'],
    [{ byHandAttempt: 3, reported: { attempt: 2, state: 'failed' } }, 'assigned.by-hand'],
    [{ byHandAttempt: 3, reported: { attempt: 3, state: 'failed' } }, 'app.failed'],
    [{ byHandAttempt: 3, reported: { attempt: 3, state: 'refused' } }, 'device.refused'],
  ])('%j', (more, code) => {
    expect(codeOf(at('held', 'superseded', { deployment: undefined, ...more }))).toBe(code);
  });
});

test('of several apps that which makes the device stand so speaks', () => {
  const apps = [at('waiting', 'waiting', { app: 'a' }), at('failed', 'timed_out', { app: 'b' }), at('failed', 'failed', { app: 'c' })];
  expect(becauseOf('failed', apps)?.code).toBe('timed-out');
  expect(becauseOf('offline', apps)?.code).toBe('device.offline');
});
