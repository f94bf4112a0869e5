import { expect, test } from 'vitest';
import { type Log, silentLog, systemClock } from '@pier/shared/core';
import { startLoop } from './loop.ts';

const never = 1 << 30;

test('a wake-up during a run makes exactly one more run, and runs never overlap', async () => {
  const seen = { runs: 0, atOnce: 0, most: 0 };
  const act = async (): Promise<void> => {
    seen.runs += 1;
    seen.atOnce += 1;
    seen.most = Math.max(seen.most, seen.atOnce);
    await systemClock.sleep(20);
    seen.atOnce -= 1;
  };
  await using loop = startLoop({ clock: systemClock, log: silentLog, name: 'test', everyMs: never, act });
  loop.wake();
  for (let n = 0; n < 5; n += 1) loop.wake();
  await loop.idle();
  expect(seen).toEqual({ runs: 2, atOnce: 0, most: 1 });
});

test('it beats by itself, and tells a beat from a wake-up', async () => {
  const woken: boolean[] = [];
  await using loop = startLoop({ clock: systemClock, log: silentLog, name: 'test', everyMs: 5, act: async (one) => void woken.push(one) });
  while (woken.length < 2) await systemClock.sleep(5);
  loop.wake();
  await loop.idle();
  expect(woken).toContain(false);
  expect(woken).toContain(true);
});

test('a run that fails is logged, and the next one runs', async () => {
  const failed: object[] = [];
  const log: Log = { ...silentLog, error: (fields) => void failed.push(fields) };
  let runs = 0;
  await using loop = startLoop({
    clock: systemClock,
    log,
    name: 'test',
    everyMs: never,
    act: async () => {
      runs += 1;
      if (runs === 1) throw new Error('no');
    },
  });
  loop.wake();
  await loop.idle();
  loop.wake();
  await loop.idle();
  expect(runs).toBe(2);
  expect(failed).toEqual([{ loop: 'test', error: 'no' }]);
});

test('after disposing, it is over: the run under way is waited for and no other starts', async () => {
  const seen = { begun: 0, ended: 0 };
  const loop = startLoop({
    clock: systemClock,
    log: silentLog,
    name: 'test',
    everyMs: 1,
    act: async () => {
      seen.begun += 1;
      await systemClock.sleep(20);
      seen.ended += 1;
    },
  });
  loop.wake();
  loop.wake();
  await loop[Symbol.asyncDispose]();
  loop.wake();
  await systemClock.sleep(20);
  expect(seen).toEqual({ begun: 1, ended: 1 });
});
