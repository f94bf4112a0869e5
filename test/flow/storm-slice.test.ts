/** A few rounds of the storm, each day the next ones of the same seed: `npm run storm` plays as many as one likes. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { systemClock } from '@pier/shared/core';
import { planRounds } from '../storm/plan.ts';
import { storm } from '../storm/storm.ts';

const keptDir = join(fileURLToPath(new URL('../..', import.meta.url)), '.pier', 'storm');
const seed = 1;
const slice = 4;
/** As many days as it takes to strike at every step. */
const days = 17;

test('whoever is killed, stopped or cut off, at random or at a named step of a journal: everything comes to rest, and rightly', async () => {
  const from = (Math.floor(systemClock.nowMs() / 86_400_000) % days) * slice;
  const rounds = planRounds({ seed, rounds: from + slice }).slice(from);
  const said: string[] = [];
  const { findings, neverHit, rounds: played } = await storm({ seed, rounds, say: (line) => said.push(line), keptDir, signal: new AbortController().signal });
  if (findings.length > 0) throw new Error(said.join('\n'));
  expect({ neverHit, played: played.length }).toEqual({ neverHit: [], played: slice });
}, 900_000);
