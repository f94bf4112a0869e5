import { describe, expect, test } from 'vitest';
import { DeviceStanding, type Fleet, type Rollout } from '@pier/shared/api';
import { byUrgency, fleetSentence, missing, movingSentence } from './fleet-words.ts';

const standing = (standings: Fleet['standings']) => ({ standings, total: Object.values(standings).reduce((sum, n) => sum + n, 0) });

describe('the sentence of the fleet', () => {
  test.each<[Fleet['standings'], string]>([
    [{ in_step: 6 }, 'all in step with what they should run'],
    [{ in_step: 1 }, '1 in step with what it should run'],
    [{ in_step: 4, failed: 1, offline: 1 }, '4 in step with what they should run, 2 need a look'],
    [{ refused: 1, waiting: 5 }, 'none in step with what they should run, 1 needs a look, 5 wait for their turn'],
    [{ in_step: 10_000, updating: 2, soaking: 1, held: 1, pending: 1, never_heard: 1, revoked: 1 }, '10,000 in step with what they should run, 3 being updated, 1 held by hand, 2 not yet in service, 1 revoked'],
    [{ offline: 3 }, 'none in step with what they should run, all need a look'],
  ])('%j reads "%s"', (standings, says) => {
    expect(fleetSentence(standing(standings))).toBe(says);
  });

  test.each(DeviceStanding.options)('a device that is %s is told of, once', (one) => {
    const told = fleetSentence({ total: 30, standings: { [one]: 7 } });
    expect(told.match(/\b7\b/g)).toHaveLength(1);
  });

  test('counts that miss the total are noticed, on either side', () => {
    expect([missing(standing({ in_step: 2 })), missing({ total: 3, standings: { in_step: 2 } }), missing({ total: 1, standings: { in_step: 2 } })]).toEqual([0, 1, -1]);
  });
});

test.each<[Rollout['state'][], string]>([
  [[], 'no rollout moves'],
  [['running'], '1 rollout is running'],
  [['running', 'running', 'paused'], '2 rollouts are running, 1 is paused'],
  [['paused', 'awaiting_approval', 'awaiting_approval'], '1 rollout is paused, 2 are waiting for approval'],
])('%j: %s', (states, says) => {
  expect(movingSentence(states.map((state) => ({ state })))).toBe(says);
});

test('what stopped itself comes first, and of two alike the newer', () => {
  const one = (id: string, state: Rollout['state'], cause: Rollout['cause'] = null, createdAt = '1') => ({ id, state, cause, createdAt }) as Rollout;
  const all = [one('runs', 'running'), one('asks', 'awaiting_approval'), one('old', 'paused', 'gate', '1'), one('new', 'paused', 'gate', '2'), one('by hand', 'paused', 'operator', '3')];
  expect(byUrgency(all).map(({ id }) => id)).toEqual(['new', 'old', 'by hand', 'asks', 'runs']);
});
