import { expect, test } from 'vitest';
import { type Clock, silentLog, systemClock } from '@pier/shared/core';
import type { Hold } from '../store/index.ts';
import { HoldTimer } from './hold-timer.ts';

/** Time that passes when the test says so. */
function open(leftMs: number | undefined) {
  const time = { ms: 0 };
  let due: { ms: number; act: () => void } | undefined;
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => time.ms,
    after: (ms, act) => {
      due = { ms: time.ms + ms, act };
      return {
        [Symbol.dispose]: () => {
          due = undefined;
        },
      };
    },
  };
  const kept: { hold: Hold | null; isFull: boolean; over: number } = { hold: leftMs === undefined ? null : { kind: 'stopped', by: 'alice', forS: 100, leftMs, attempt: 1 }, isFull: false, over: 0 };
  const timer = new HoldTimer({
    clock,
    log: silentLog,
    hold: () => kept.hold,
    save: (hold) => {
      if (kept.isFull) throw Object.assign(new Error('disk is full'), { code: 'ENOSPC' });
      kept.hold = hold;
    },
    onOver: () => (kept.over += 1),
  });
  timer.restart();
  const pass = (ms: number): void => {
    const end = time.ms + ms;
    while (due && due.ms <= end) {
      const { ms: atMs, act } = due;
      time.ms = atMs;
      due = undefined;
      act();
    }
    time.ms = end;
  };
  return { timer, kept, pass };
}

test('a hold is over when its time has passed, once, and not before', () => {
  const { kept, pass } = open(150_000);
  pass(149_000);
  expect(kept.over).toBe(0);
  pass(2_000);
  expect(kept.over).toBe(1);
  expect(kept.hold?.leftMs).toBeLessThanOrEqual(0);
  pass(600_000);
  expect(kept.over).toBe(1);
});

test('what is left is written down each minute, and at a clean stop', () => {
  const { timer, kept, pass } = open(1_000_000);
  pass(125_000);
  expect(kept.hold?.leftMs).toBe(880_000);
  expect(timer.now()?.leftMs).toBe(875_000);
  timer[Symbol.dispose]();
  expect(kept.hold?.leftMs).toBe(875_000);
  pass(3_600_000);
  expect(kept.hold?.leftMs).toBe(875_000);
});

test('the next agent goes on from what is left, and a hold without time left is over at once', () => {
  const { kept } = open(-5);
  expect(kept.over).toBe(1);
  const { kept: again, pass } = open(1_000);
  pass(1_000);
  expect(again.over).toBe(1);
});

test('a disk that takes nothing does not make a hold longer', () => {
  const { timer, kept, pass } = open(150_000);
  kept.isFull = true;
  pass(90_000);
  expect(timer.now()?.leftMs).toBe(60_000);
  pass(70_000);
  expect(kept.over).toBe(0);
  kept.isFull = false;
  pass(5_000);
  expect(kept.over).toBe(1);
});

test('without a hold nothing is counted', () => {
  const { timer, kept, pass } = open(undefined);
  pass(1_000_000);
  expect([timer.now(), kept.over]).toEqual([null, 0]);
  timer[Symbol.dispose]();
});
