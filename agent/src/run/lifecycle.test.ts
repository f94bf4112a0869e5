import { expect, test } from 'vitest';
import { type GuestEvent, type GuestState, nextState } from './lifecycle.ts';

const follow = (events: readonly GuestEvent[]): GuestState | undefined => {
  let state: GuestState | undefined = 'stopped';
  for (const event of events) state = state && nextState(state, event);
  return state;
};

test.each<[string, GuestEvent[], GuestState | undefined]>([
  ['a release on probation soaks, then runs', ['start', 'up-on-probation', 'soaked'], 'running'],
  ['a guest that ends is backed off from, and starts again', ['start', 'up', 'ended', 'start'], 'starting'],
  ['a stop ends only when outputs are safe and lines closed', ['start', 'up', 'stop'], 'stopping'],
  ['after a stop it can start anew', ['start', 'up', 'stop', 'gone', 'start'], 'starting'],
  ['a stop while it waits for a restart counts', ['start', 'ended', 'stop', 'gone'], 'stopped'],
  ['a guest cannot be proven before it is up', ['start', 'soaked'], undefined],
  ['a guest that stops cannot come up', ['start', 'stop', 'up'], undefined],
  ['nothing ends that was never started', ['ended'], undefined],
])('%s', (_name, events, state) => {
  expect(follow(events)).toBe(state);
});
