import { expect, test } from 'vitest';
import { RefusalFilter } from './refusals.ts';

function manualClock() {
  let nowMs = 0;
  return { monotonicMs: () => nowMs, advance: (ms: number) => void (nowMs += ms) };
}

test('the same refusal is told once a minute, and then with how often it was not', () => {
  const clock = manualClock();
  const filter = new RefusalFilter(clock);
  const again = () => filter.take({ code: 'desired-stale', reason: 'too old' });
  expect([again(), again(), again()]).toEqual([0, undefined, undefined]);
  clock.advance(60_000);
  expect([again(), again()]).toEqual([2, undefined]);
});

test('whoever varies the sentence gets ten events and then one in 10 s', () => {
  const clock = manualClock();
  const filter = new RefusalFilter(clock);
  const flood = (from: number) => Array.from({ length: 400 }, (_, n) => filter.take({ code: 'desired-invalid', reason: `forged ${from + n}` })).filter((untold) => untold !== undefined);
  expect(flood(0)).toHaveLength(10);
  clock.advance(10_000);
  expect(flood(400)).toEqual([390]);
});

test('one code that floods leaves room for another; all together have a bound too', () => {
  const filter = new RefusalFilter(manualClock());
  const codes = ['desired-invalid', 'desired-stale', 'desired-unsigned', 'untrusted-signer'] as const;
  const told = codes.map((code) => Array.from({ length: 50 }, (_, n) => filter.take({ code, reason: `${n}` })).filter((untold) => untold !== undefined).length);
  expect(told).toEqual([10, 10, 10, 0]);
});
