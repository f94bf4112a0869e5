import { expect, test } from 'vitest';
import { Bucket } from './bucket.ts';

const secondNs = 1_000_000_000n;

/** A bucket on a clock that stands still unless it is moved; `looks` counts how often it was read. */
function makeBucket(perS: number, burst?: number) {
  const at = { ns: 0n, looks: 0 };
  const bucket = new Bucket(perS, () => ((at.looks += 1), at.ns), burst);
  return { at, bucket, takeAll: (times: number) => Array.from({ length: times }, () => bucket.take(1)).reduce((sum, got) => sum + got, 0) };
}

/** A plain one, that looks at its clock each time. */
function makeExact(perS: number, burst: number) {
  let [tokens, atNs] = [burst, 0n];
  return {
    held: (nowNs: bigint): number => {
      tokens = Math.min(burst, tokens + (Number(nowNs - atNs) * perS) / 1e9);
      atNs = nowNs;
      return tokens;
    },
    spend: (got: number): void => void (tokens -= got),
  };
}

test.each([[1], [3], [50], [1_000], [100_000]])('at %i a second the whole burst is there at the start, then what time brings', (perS) => {
  const { at, takeAll } = makeBucket(perS);
  expect(takeAll(perS + 10)).toBe(perS);
  at.ns += secondNs;
  expect(takeAll(perS + 10)).toBe(perS);
});

test('what is not there is not given, and what is there is', () => {
  const { at, bucket } = makeBucket(1_000, 500);
  expect(bucket.take(499)).toBe(499);
  expect(bucket.take(10)).toBe(1);
  at.ns += secondNs / 100n;
  expect(bucket.take(1_000)).toBe(10);
  expect(bucket.inNs(5)).toBe(5_000_000n);
});

test.each([[7, 7], [200, 200], [1_000, 40], [1_000, 5_000], [100_000, 100_000]])('at %i a second with %i saved up it gives what an exact one has, less a hundredth of the burst at most', (perS, burst) => {
  const { at, bucket } = makeBucket(perS, burst);
  const exact = makeExact(perS, burst);
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let n = 0; n < 4_000; n += 1) {
    if (random(10) === 0) at.ns += BigInt(random(3) === 0 ? random(2_000_000_000) : random(2_000_000));
    const wanted = 1 + random(random(5) === 0 ? burst : 3);
    const held = exact.held(at.ns);
    const got = bucket.take(wanted);
    expect(got).toBeLessThanOrEqual(held);
    expect(got).toBeGreaterThanOrEqual(Math.min(wanted, Math.floor(held - burst / 100 - 1e-6)));
    exact.spend(got);
  }
});

test('the clock is read once for a hundredth of the burst', () => {
  const { at, takeAll } = makeBucket(100_000);
  takeAll(50_000);
  expect(at.looks).toBeLessThanOrEqual(52);
});
