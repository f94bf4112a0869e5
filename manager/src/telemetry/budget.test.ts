import { expect, test } from 'vitest';
import { systemClock } from '@pier/shared/core';
import { SampleBudget } from './budget.ts';

function newBudget() {
  const now = { ms: 0 };
  return { now, budget: new SampleBudget({ ...systemClock, monotonicMs: () => now.ms }) };
}

test('what was kept before a lease is stored at once; after it 200 samples a second', () => {
  const { budget, now } = newBudget();
  expect(budget.admits('dock', 5_000)).toBe(2_000);
  budget.spend('dock', { stored: 2_000, dropped: 3_000 });
  expect(budget.admits('dock', 10)).toBe(0);
  now.ms = 1_000;
  expect(budget.admits('dock', 500)).toBe(200);
  now.ms = 1_000_000;
  expect(budget.admits('dock', 5_000)).toBe(2_000);
});

test('asking costs nothing, and each device has its own', () => {
  const { budget } = newBudget();
  budget.admits('dock', 2_000);
  budget.spend('crane', { stored: 2_000, dropped: 5 });
  expect([budget.admits('dock', 2_000), budget.droppedOf('dock'), budget.droppedOf('crane')]).toEqual([2_000, 0, 5]);
});

test('devices that had much stored are named once', () => {
  const { budget, now } = newBudget();
  for (const [device, stored] of [['busy', 1_500], ['busy', 1_500], ['calm', 10]] as const) {
    budget.spend(device, { stored, dropped: 0 });
    now.ms += 10_000;
  }
  expect([budget.grown(3_000), budget.grown(3_000), budget.grown(10)]).toEqual([['busy'], [], ['calm']]);
});

test('however many devices there are, the room is bounded', () => {
  const { budget } = newBudget();
  for (let n = 0; n < 20_010; n += 1) budget.spend(`dock-${n}`, { stored: 1, dropped: 0 });
  expect(budget.size).toBe(20_000);
});
