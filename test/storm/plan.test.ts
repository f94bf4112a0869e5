import { describe, expect, test } from 'vitest';
import { steps } from '@pier/shared/core';
import { blows, planRounds, storyNames } from './plan.ts';

describe('a plan', () => {
  test('is the same for the same seed, another for another, and of a longer storm the shorter one is the beginning', () => {
    const long = planRounds({ seed: 7, rounds: 200 });
    expect(planRounds({ seed: 7, rounds: 200 })).toEqual(long);
    expect(planRounds({ seed: 7, rounds: 20 })).toEqual(long.slice(0, 20));
    expect(planRounds({ seed: 8, rounds: 20 })).not.toEqual(long.slice(0, 20));
  });

  test.each([1, 2, 3])('kills at every named step, in that step’s own story, strikes everybody in every way, and plays every story (seed %i)', (seed) => {
    const rounds = planRounds({ seed, rounds: 100 });
    const killedAt = rounds.flatMap(({ when, blow, story }) => (when.kind === 'step' && when.self ? [{ step: when.step, story, victim: blow.victim }] : []));
    expect(new Set(killedAt.map(({ step }) => step))).toEqual(new Set(Object.keys(steps)));
    for (const { step, story, victim } of killedAt) expect([victim, story]).toEqual([steps[step].process, steps[step].story]);
    expect(new Set(rounds.map(({ blow }) => `${blow.victim} ${blow.act}`))).toEqual(new Set(Object.entries(blows).flatMap(([victim, acts]) => acts.map((act) => `${victim} ${act}`))));
    expect(new Set(rounds.map(({ story }) => story))).toEqual(new Set(storyNames));
    expect(new Set(rounds.map(({ device }) => device))).toEqual(new Set([0, 1]));
  });
});
