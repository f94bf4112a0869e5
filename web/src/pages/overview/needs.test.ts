import { describe, expect, test } from 'vitest';
import { Device, PendingDevice, Rollout } from '@pier/shared/api';
import { type Facts, needsOf } from './needs.ts';

const at = '2026-11-21T18:00:00.000Z';
const rollout = (id: string, change: Record<string, unknown>): Rollout => Rollout.parse({
  id, name: 'blink 1.6.0', release: 'rel-1', app: 'blink', version: '1.6.0', digest: `sha256:${'a'.repeat(64)}`, state: 'running', cause: null, reason: null, selector: 'all', mode: 'static',
  soakS: 1, deadlineS: 60, maxInFlight: 5, onFailure: 'pause', horizonS: 60, revision: 1, createdBy: 'ada', decidedBy: null, createdAt: at, finishedAt: null,
  waves: [{ n: 1, state: 'passed', plan: { take: { by: 'rest' } }, total: 3, counts: { proven: 1, waiting: 2 }, absent: 0, openedAt: at, passedAt: at }],
  ...change,
});
const device = (id: string, standing: string, code: string | null = null): Device => Device.parse({
  id, name: id.toUpperCase(), model: 'm', tags: {}, state: 'active', standing, why: code === null ? null : { code, reason: `because of ${code}` }, online: true, lastSeenAt: at, agent: null, rev: 1, apps: [], createdAt: at,
});
const facts = (change: Partial<Facts> = {}): Facts => ({ me: { user: 'ada', role: 'operator' }, fleet: { standings: { in_step: 3 }, pending: 0 }, rollouts: [], failed: [], refused: [], silent: undefined, held: [], pending: [], ...change });
const told = (change: Partial<Facts>) => needsOf(facts(change)).map(({ word, what }) => `${word}: ${what}`);

test('nothing is wanted of anybody while all is well', () => {
  expect(needsOf(facts({ rollouts: [rollout('r', {})] }))).toEqual([]);
});

test('the worst comes first, each with one act that leads somewhere', () => {
  const needs = needsOf(facts({
    fleet: { standings: { failed: 1, refused: 1, offline: 2, held: 1 }, pending: 1 },
    rollouts: [rollout('by-hand', { state: 'paused', cause: 'operator' }), rollout('asks', { state: 'awaiting_approval', createdBy: 'bob', reason: { code: 'approval.second-person', reason: 'above 1' } }), rollout('manual', { reason: { code: 'wave.manual', reason: 'wave 2 opens by the verb advance' } }), rollout('gate', { state: 'paused', cause: 'gate' })],
    failed: [device('f', 'failed', 'app.failed')], refused: [device('r', 'refused', 'release-older')], silent: device('s', 'offline'), held: [device('h', 'held')],
    pending: [PendingDevice.parse({ device: 'new-1', name: 'new', model: 'm', fingerprint: 'x', token: 't', askedAt: at })],
  }));
  expect(needs.map(({ key }) => key)).toEqual(['paused gate', 'failed app.failed', 'refused release-older', 'offline', 'approval asks', 'manual manual', 'enrolment', 'paused by-hand', 'held']);
  expect(needs.every(({ href, act }) => href.startsWith('/') && act !== '')).toBe(true);
  expect(needs[0]).toMatchObject({ what: 'blink 1.6.0 stopped itself at 1 of 3 proven', href: '/rollouts/gate' });
});

describe('devices that ended badly', () => {
  test('are told by reason, most first, and one alone by its name', () => {
    const failed = [device('a', 'failed', 'timed-out'), device('b', 'failed', 'app.failed'), device('c', 'failed', 'app.failed')];
    expect(told({ failed, fleet: { standings: { failed: 3 }, pending: 0 } })).toEqual(['Failed: 2 devices: B, C', 'Failed: A']);
    expect(needsOf(facts({ failed, fleet: { standings: { failed: 3 }, pending: 0 } })).map(({ href }) => href)).toEqual(['/devices?standing=failed', '/devices/a']);
  });

  test('are told with the app that failed, not with those that run well', () => {
    const app = (name: string, state: string) => ({ app: name, version: '1.0.0', wanted: '1.0.0', state, hold: null });
    const failed = [Device.parse({ ...device('a', 'failed', 'timed-out'), apps: [app('blink', 'failed'), app('meter', 'proven')] })];
    expect(told({ failed, fleet: { standings: { failed: 1 }, pending: 0 } })).toEqual(['Failed: A (blink)']);
  });

  test('of whom not all are known are told as one, with the true count', () => {
    expect(told({ refused: [device('a', 'refused', 'x')], fleet: { standings: { refused: 5_000 }, pending: 0 } })).toEqual(['Refused: 5,000 devices: said no, nothing was changed']);
  });
});

describe('approvals', () => {
  const asks = (createdBy: string, code: string) => [rollout('asks', { state: 'awaiting_approval', createdBy, reason: { code, reason: 'so' } })];
  test('are for a second person, and for none who only looks', () => {
    expect(told({ rollouts: asks('bob', 'approval.second-person') })).toEqual(['Approval: blink 1.6.0 to 3 devices, asked by bob']);
    expect(told({ rollouts: asks('ada', 'approval.second-person') })).toEqual([]);
    expect(told({ rollouts: asks('bob', 'approval.second-person'), me: { user: 'eve', role: 'viewer' } })).toEqual([]);
  });

  test('for want of a binding are for whoever may bind, the first person too', () => {
    expect(told({ rollouts: asks('ada', 'approval.uncovered') })).toHaveLength(1);
  });
});

test('a viewer is told how many boards ask to join, without their names', () => {
  expect(needsOf(facts({ me: { user: 'eve', role: 'viewer' }, fleet: { standings: {}, pending: 2 } }))).toMatchObject([{ what: '2 boards ask to join', more: undefined, since: undefined }]);
});

test('boards that ask to join are told by the names that they gave themselves, as they wrote them', () => {
  const pending = ['sim-1', 'sim-2'].map((name) => PendingDevice.parse({ device: name, name, model: 'm', fingerprint: 'x', token: 't', askedAt: at }));
  expect(needsOf(facts({ fleet: { standings: {}, pending: 2 }, pending }))).toMatchObject([{ more: 'they call themselves sim-1, sim-2' }]);
  expect(needsOf(facts({ fleet: { standings: {}, pending: 1 }, pending: pending.slice(0, 1) }))).toMatchObject([{ more: 'it calls itself sim-1' }]);
});
