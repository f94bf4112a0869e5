import { expect, test } from 'vitest';
import { asksForSteps, isStep, localOf, momentOf } from './view.ts';

test.each([
  [{}, false],
  [{ actor: 'ada' }, false],
  [{ object: 'device:pi-7' }, false],
  [{ action: 'rollout.paused' }, false],
  [{ actor: 'device:pi-7' }, true],
  [{ action: 'deployment.failed' }, true],
  [{ object: 'deployment:rollout-1' }, true],
])('narrowed to %j, steps of single devices are shown: %s', (filters, shown) => {
  expect(asksForSteps(filters)).toBe(shown);
});

test('only what a device went through in a rollout is a step', () => {
  expect(['deployment.failed', 'rollout.paused', 'deployments'].map((action) => isStep({ action }))).toEqual([true, false, false]);
});

test('a time of the field and a moment of the address are the same minute', () => {
  const moment = momentOf('2026-11-21T18:30');
  expect(moment).toMatch(/^2026-11-2\dT.*:00\.000Z$/);
  expect(localOf(moment)).toBe('2026-11-21T18:30');
});

test.each(['', 'yesterday', '2026-13-45T00:00'])('%j is no time', (text) => {
  expect(momentOf(text)).toBeUndefined();
  expect(localOf(text)).toBe('');
});
