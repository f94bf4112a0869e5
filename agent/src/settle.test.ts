import { getHeapStatistics } from 'node:v8';
import { expect, test } from 'vitest';
import { type Clock, systemClock } from '@pier/shared/core';
import { createSettle, settlingRunner } from './settle.ts';
import type { Guest, GuestEnd, Runner } from './run/sandbox/index.ts';

/** Time goes on when the test says so; only `after` is asked of it here. */
function manualClock() {
  const waiting = new Set<{ leftMs: number; act: () => void }>();
  const after: Clock['after'] = (ms, act) => {
    const one = { leftMs: ms, act };
    waiting.add(one);
    return { [Symbol.dispose]: () => void waiting.delete(one) };
  };
  const advance = (ms: number): void => {
    for (const one of waiting) {
      one.leftMs -= ms;
      if (one.leftMs <= 0 && waiting.delete(one)) one.act();
    }
  };
  return { ...systemClock, after, advance };
}

const counted = () => {
  const clock = manualClock();
  const seen = { collections: 0 };
  return { clock, seen, settle: createSettle(clock, () => void (seen.collections += 1)) };
};

test('one collection follows once it has been quiet, however often it was stirred', () => {
  const { clock, seen, settle } = counted();
  for (let n = 0; n < 3; n += 1) {
    settle.stir();
    clock.advance(4_000);
  }
  expect(seen.collections).toBe(0);
  clock.advance(4_000);
  expect(seen.collections).toBe(1);
  clock.advance(60_000);
  expect(seen.collections).toBe(1);
});

test('nothing follows once it is disposed', () => {
  const { clock, seen, settle } = counted();
  settle.stir();
  settle[Symbol.dispose]();
  clock.advance(60_000);
  expect(seen.collections).toBe(0);
});

test('the start of a guest stirs, and its end', async () => {
  const { clock, seen, settle } = counted();
  const end = Promise.withResolvers<GuestEnd>();
  const guest = { ended: end.promise } as Guest;
  const runner: Runner = settlingRunner({ admit: () => ({ ok: true, value: { base: false, imports: [] } }), warmUp: () => {}, start: () => Promise.resolve(guest) }, settle);
  expect(await runner.start({} as Parameters<Runner['start']>[0], {} as Parameters<Runner['start']>[1], AbortSignal.timeout(1_000))).toBe(guest);
  clock.advance(6_000);
  expect(seen.collections).toBe(1);
  end.resolve({ kind: 'exited', status: 0 });
  await end.promise;
  clock.advance(6_000);
  expect(seen.collections).toBe(2);
});

test('the collection gives memory back, and leaves no flag behind', () => {
  const clock = manualClock();
  using settle = createSettle(clock);
  const garbage: { kept: object[] | undefined } = { kept: Array.from({ length: 200_000 }, (_, n) => ({ n })) };
  const before = getHeapStatistics().used_heap_size;
  garbage.kept = undefined;
  settle.stir();
  clock.advance(5_000);
  expect(getHeapStatistics().used_heap_size).toBeLessThan(before - (4 << 20));
  expect(Object.hasOwn(globalThis, 'gc')).toBe(false);
});
