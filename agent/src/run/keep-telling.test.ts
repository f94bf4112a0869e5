import { expect, test } from 'vitest';
import { AppName, type Clock, silentLog, systemClock } from '@pier/shared/core';
import { keepTelling, tellAgainMs } from './keep-telling.ts';

test('an event that a full disk does not take ends nobody, and is told again until it is taken', () => {
  const due: { ms: number; act: () => void }[] = [];
  const clock: Clock = {
    ...systemClock,
    after: (ms, act) => {
      due.push({ ms, act });
      return { [Symbol.dispose]: () => {} };
    },
  };
  const taken: string[] = [];
  let failures = 2;
  const tell = keepTelling({ app: AppName.parse('blink'), clock, log: silentLog }, 'onFailed', (what: string) => {
    if (failures > 0) {
      failures -= 1;
      throw Object.assign(new Error('database or disk is full'), { code: 'ENOSPC' });
    }
    taken.push(what);
  });
  tell('trapped');
  expect(taken).toEqual([]);
  for (let rounds = 0; rounds < 5; rounds += 1) due.shift()?.act();
  expect(taken).toEqual(['trapped']);
  expect(due).toEqual([]);
  expect(tellAgainMs).toBeGreaterThan(0);
});
