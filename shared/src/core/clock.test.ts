import { describe, expect, test } from 'vitest';
import { backoffMs, isoTime, systemClock, systemRandom } from './clock.ts';

describe('backoffMs', () => {
  const almostOne = () => 0.999_999;
  test('doubles its ceiling with each attempt, up to the cap', () => {
    const ceilings = [0, 1, 2, 3, 4, 5, 6, 1_000].map((attempt) => Math.round(backoffMs(attempt, almostOne)));
    expect(ceilings).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
  });

  test('is uniform from zero, so that a fleet spreads', () => {
    expect(backoffMs(3, () => 0)).toBe(0);
    expect(backoffMs(3, () => 0.5)).toBe(40_000);
  });

  test('takes other bounds', () => {
    expect(backoffMs(5, () => 0.5, { baseMs: 100, capMs: 1_000 })).toBe(500);
    expect(backoffMs(0, () => 0.5, { baseMs: 100, capMs: 1_000 })).toBe(50);
  });
});

describe('systemClock', () => {
  test('sleeps until its time', async () => {
    const before = systemClock.monotonicNs();
    await systemClock.sleep(20);
    expect(Number(systemClock.monotonicNs() - before)).toBeGreaterThan(18_000_000);
  });

  test('wakes a sleeper with AbortError', async () => {
    const abort = new AbortController();
    const asleep = systemClock.sleep(600_000, abort.signal);
    abort.abort();
    await expect(asleep).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('does nothing more once a timer is disposed', async () => {
    let ticks = 0;
    let done = 0;
    const never = systemClock.after(1, () => (done += 100));
    never[Symbol.dispose]();
    await new Promise<void>((resolve) => {
      const ticking = systemClock.every(1, () => {
        ticks += 1;
        if (ticks < 3) return;
        ticking[Symbol.dispose]();
        systemClock.after(20, resolve);
      });
    });
    expect([ticks, done]).toEqual([3, 0]);
  });

  test('has a monotonic time that never goes back, in both units', () => {
    const ms = systemClock.monotonicMs();
    const ns = systemClock.monotonicNs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(ms);
    expect(systemClock.monotonicNs() >= ns).toBe(true);
    expect(systemClock.nowMs()).toBeGreaterThan(0);
  });
});

test('chance is in [0, 1)', () => {
  for (let n = 0; n < 100; n += 1) {
    const value = systemRandom();
    expect(value >= 0 && value < 1).toBe(true);
  }
});

test('times are written as ISO 8601 in UTC', () => {
  expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
});
