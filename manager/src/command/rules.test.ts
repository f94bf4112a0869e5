import { describe, expect, test } from 'vitest';
import { CommandState } from '@pier/shared/api';
import { type Addressee, isEnd, judgeSending, mayAdvance, nextNumber, openMax } from './rules.ts';

const there: Addressee = { device: 'dock-1', app: 'blink', state: 'active', online: true, hasApp: true, open: 0 };

test('an active device that is online and has the app is told', () => {
  expect(judgeSending(there)).toEqual({ ok: true, value: true });
  expect(judgeSending({ ...there, open: openMax - 1 }).ok).toBe(true);
});

test.each<[string, Partial<Addressee>, string, RegExp]>([
  ['a device that waits to be let in', { state: 'pending', online: false, hasApp: false }, 'device-pending', /dock-1.*waits/],
  ['a device that is trusted no more', { state: 'revoked' }, 'device-revoked', /dock-1.*revoked/],
  ['an app that it does not have', { hasApp: false }, 'app-unknown', /no app "blink"/],
  ['an app that it does not have, though it is away', { hasApp: false, online: false }, 'app-unknown', /no app "blink"/],
  ['a device that would not hear it', { online: false }, 'unreachable', /dock-1.*offline/],
  ['a device that is told without end', { open: openMax }, 'too-many-requests', /20/],
])('%s is refused', (_, change, code, reason) => {
  expect(judgeSending({ ...there, ...change })).toMatchObject({ ok: false, refusal: { code, reason: expect.stringMatching(reason) } });
});

describe('a command', () => {
  const order = ['sent', 'accepted', 'running', 'unanswered'] as const;
  const ends = ['done', 'failed', 'refused', 'interrupted'] as const;

  test('goes forward, over steps that were not heard, and never back', () => {
    for (const [at, from] of order.entries()) for (const [to, state] of order.entries()) expect([from, state, mayAdvance(from, state)]).toEqual([from, state, to > at]);
  });

  test('ends once; one that was given up ends all the same when the device tells its end at last', () => {
    for (const end of ends) {
      expect(order.map((from) => mayAdvance(from, end))).toEqual([true, true, true, true]);
      expect(CommandState.options.filter((to) => mayAdvance(end, to))).toEqual([]);
    }
    expect(CommandState.options.filter(isEnd).toSorted()).toEqual([...ends, 'unanswered'].toSorted());
  });
});

test('numbers rise strictly, in the same millisecond and when the clock goes back', () => {
  expect(nextNumber({ previous: 0, nowMs: 1_000 })).toBe(1_000);
  expect(nextNumber({ previous: 1_000, nowMs: 1_000 })).toBe(1_001);
  expect(nextNumber({ previous: 5_000, nowMs: 1_000 })).toBe(5_001);
});
