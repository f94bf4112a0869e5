import { expect, test } from 'vitest';
import { type Step, steps } from '@pier/shared/core';
import { blows } from './plan.ts';
import { count, newTally, tableOf } from './table.ts';

test('the table of a storm has every step with its counts, and fits a terminal of 100 columns', () => {
  const tally = newTally();
  const all = Object.entries(blows).flatMap(([victim, acts]) => acts.map((act) => `${victim} ${act}`));
  for (const step of Object.keys(steps) as Step[]) {
    tally.passed.set(step, 12_345);
    tally.struck.set(step, new Map(all.map((blow) => [blow, 1_000])));
  }
  for (const blow of all) tally.blows.set(blow, 1_234);
  count(tally.died, 'step.proven');
  const lines = tableOf(tally).split('\n');
  expect(lines.filter((line) => line.length > 100)).toEqual([]);
  for (const step of Object.keys(steps)) expect(lines.filter((line) => line.startsWith(`${step.replace('step.', '')} `)).length).toBe(1);
  expect(lines.find((line) => line.startsWith('proven '))?.split(/ +/)).toEqual(['proven', 'deploy', '12345', '1', '3000', '2000', '2000', '2000', '2000', '2000', '1000']);
  for (const blow of all) expect(lines.join(' ').replaceAll('   ', ' ')).toContain(`${blow} 1234`);
});

test('nothing that happened is a dot', () => {
  expect(tableOf(newTally())).toMatch(/^proven +deploy( +·){9}$/m);
});
