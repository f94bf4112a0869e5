import { expect, test } from 'vitest';
import { type Clock, systemClock } from '@pier/shared/core';
import type { Changed } from './fresh.ts';
import { gatherChanges } from './gather.ts';

/** A clock whose timers go off when told. */
function handClock(): Clock & { pass(ms: number): void } {
  let nowMs = 0;
  const timers = new Set<{ at: number; act: () => void }>();
  return {
    ...systemClock,
    monotonicMs: () => nowMs,
    after: (ms, act) => {
      const timer = { at: nowMs + ms, act };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    pass: (ms) => {
      nowMs += ms;
      for (const timer of Array.from(timers)) {
        if (timer.at > nowMs) continue;
        timers.delete(timer);
        timer.act();
      }
    },
  };
}

function opened() {
  const clock = handClock();
  const told: (Changed | 'all')[] = [];
  return { clock, told, gather: gatherChanges({ clock, everyMs: 1_000, tell: (changed) => told.push(changed), tellAll: () => told.push('all') }) };
}

test('the first change is told at once, five hundred a second once a second, each id once', () => {
  const { clock, told, gather } = opened();
  gather.add({ kind: 'device', ids: ['a'] });
  clock.pass(50);
  expect(told).toEqual([new Map([['device', new Set(['a'])]])]);
  for (let n = 0; n < 100; n += 1) {
    gather.add({ kind: 'device', ids: Array.from({ length: 5 }, (_, one) => `d${one}`) });
    clock.pass(10);
  }
  expect(told.length).toBe(2);
  expect(told[1]).toEqual(new Map([['device', new Set(['d0', 'd1', 'd2', 'd3', 'd4'])]]));
});

test.each([
  ['the manager says that too much has changed', [{ kind: 'resync' as const, ids: [] }]],
  ['more has changed than is kept', Array.from({ length: 11 }, (_, page) => ({ kind: 'device' as const, ids: Array.from({ length: 500 }, (__, n) => `d${page}-${n}`) }))],
])('everything is asked for again when %s', (_when, changes) => {
  const { clock, told, gather } = opened();
  for (const change of changes) gather.add(change);
  clock.pass(50);
  expect(told).toEqual(['all']);
});

test('closed, it tells nothing more', () => {
  const { clock, told, gather } = opened();
  gather.add({ kind: 'policy', ids: ['1'] });
  gather[Symbol.dispose]();
  clock.pass(5_000);
  expect(told).toEqual([]);
});
