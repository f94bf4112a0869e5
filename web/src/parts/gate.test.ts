import { describe, expect, test } from 'vitest';
import { Gate, type WaveView } from '@pier/shared/api';
import { failuresToStop, provenNeeded, readGate, tallyOf } from './gate.ts';

const wave = (counts: WaveView['counts'], absent = 0, gate: Partial<Gate> = {}) => ({ counts, absent, plan: { gate: Gate.parse(gate) } });
const read = (...of: Parameters<typeof wave>) => {
  const [proven, failed, present] = readGate(wave(...of));
  if (!proven || !failed || !present) throw new Error('a gate has three meters');
  return { proven, failed, present };
};

test('those left out count for nothing, absent ones are counted apart', () => {
  expect(tallyOf(wave({ proven: 151, soaking: 38, applying: 28, waiting: 19, excluded: 1, cancelled: 1, superseded: 1, refused: 4, failed: 4, timed_out: 1 }, 8))).toEqual({ total: 248, counted: 245, present: 237, proven: 151, bad: 9, finished: 160 });
});

test('a wave on its way says the three shares, of how many, and what would decide each', () => {
  const { proven, failed, present } = read({ proven: 151, soaking: 38, applying: 28, waiting: 19, excluded: 3, refused: 4, failed: 5 }, 8, { successPercent: 90, failurePercent: 8, failureSampleMin: 20, presentPercent: 90 });
  expect([proven.sample, proven.next, proven.verdict]).toEqual(['151 of 237 able to take it', 'needs 63 more; can still reach 96.2 %', 'open']);
  expect([failed.sample, failed.next, failed.verdict]).toEqual(['9 of 160 finished', '5 more in a row stop it', 'met']);
  expect([failed.fill.toFixed(3), failed.mark]).toEqual(['0.352', 0.5]);
  expect([present.sample, present.next, present.verdict]).toEqual(['237 of 245 not excluded', undefined, 'met']);
});

describe('what is said of failures', () => {
  test.each<[string, Parameters<typeof wave>, string, string | undefined]>([
    ['none is borne', [{ proven: 2, soaking: 1 }], '0 of 2 finished', '1 more stops it'],
    ['one stopped it', [{ failed: 1, waiting: 3 }], '1 of 1 finished', 'this stopped it'],
    ['the sample is too small yet', [{ failed: 2, soaking: 8 }, 0, { failurePercent: 10, failureSampleMin: 5 }], '2 of 2 finished, looked at from 5 on', '3 more in a row stop it'],
    ['exactly at the limit', [{ proven: 9, failed: 1, soaking: 5 }, 0, { failurePercent: 10 }], '1 of 10 finished', '1 more stops it'],
    ['too few are left to stop it', [{ proven: 98, soaking: 2 }, 0, { failurePercent: 50 }], '0 of 98 finished', 'those left cannot stop it'],
    ['all may fail', [{ failed: 3, soaking: 1 }, 0, { failurePercent: 100 }], '3 of 3 finished', 'those left cannot stop it'],
    ['everybody is finished', [{ proven: 3 }], '0 of 3 finished', undefined],
    ['an absent one may yet return and fail', [{ proven: 3, waiting: 1 }, 1], '0 of 3 finished', '1 more stops it'],
  ])('when %s', (_, given, sample, next) => {
    const { failed } = read(...given);
    expect([failed.sample, failed.next]).toEqual([sample, next]);
  });

  test('the scale ends at twice the limit, and at all of them where the limit is 0 or above half', () => {
    expect([0, 4, 50, 80].map((failurePercent) => read({ proven: 1 }, 0, { failurePercent }).failed.mark)).toEqual([0, 0.5, 0.5, 0.8]);
    expect(read({ failed: 9, proven: 1 }, 0, { failurePercent: 4 }).failed.fill).toBe(1);
  });
});

describe('what is said of proven ones', () => {
  test.each<[string, Parameters<typeof wave>, string, string]>([
    ['nobody is proven and nothing is asked for: one at least', [{ soaking: 2 }, 0, { successPercent: 0 }], 'open', 'needs 1 more; can still reach 100 %'],
    ['enough are', [{ proven: 9, soaking: 1 }, 0, { successPercent: 90 }], 'met', 'enough'],
    ['all are finished and too few', [{ proven: 1, failed: 1 }, 0, { failurePercent: 100 }], 'broken', 'too few, and none is left'],
    ['too few can be reached', [{ proven: 1, failed: 2, soaking: 1 }, 0, { successPercent: 90, failurePercent: 100 }], 'open', 'at most 50 % can be reached'],
    ['nobody is present', [{ waiting: 3 }, 3], 'open', 'none can take it now'],
    ['nobody is in it', [{}], 'open', 'none can take it now'],
  ])('when %s', (_, given, verdict, next) => {
    const { proven } = read(...given);
    expect([proven.verdict, proven.next]).toEqual([verdict, next]);
  });
});

test('of present ones it is said how many have to come back', () => {
  expect(read({ proven: 2, waiting: 8 }, 8).present).toMatchObject({ verdict: 'open', next: '3 more have to be online, bound and not held' });
  expect(read({ waiting: 3 }, 3, { presentPercent: 0 }).present).toMatchObject({ verdict: 'open', next: '1 more has to be online, bound and not held' });
  expect(read({ excluded: 3 }).present).toMatchObject({ verdict: 'open', next: 'no device is left in it' });
});

/** Every small wave over a few gates: what is promised must be what the rule then says. */
const cases = Array.from({ length: 5 ** 3 }, (_, code) => ({ proven: code % 5, failed: Math.floor(code / 5) % 5, soaking: Math.floor(code / 25) })).flatMap((counts) => [0, 34, 50, 90, 100].map((percent) => ({ counts, gate: Gate.parse({ successPercent: percent, failurePercent: percent, failureSampleMin: 2 }) })));

test('so many failures as are said to stop it do, one fewer does not', () => {
  const wrong = cases.filter(({ counts: { proven, failed, soaking }, gate }) => {
    const stop = failuresToStop(tallyOf(wave({ proven, failed, soaking })), gate);
    const verdict = (more: number) => read({ proven, failed: failed + more, soaking: soaking - more }, 0, gate).failed.verdict;
    return stop === undefined ? verdict(soaking) === 'broken' && soaking > 0 : verdict(stop) !== 'broken' || (stop > 1 && verdict(stop - 1) === 'broken');
  });
  expect(wrong).toEqual([]);
});

test('so many proofs as are said to be needed are enough, one fewer is not', () => {
  const wrong = cases.filter(({ counts: { proven, failed, soaking }, gate }) => {
    const need = provenNeeded(tallyOf(wave({ proven, failed, soaking })), gate.successPercent);
    const verdict = (more: number) => read({ proven: proven + more, failed, soaking: soaking - more }, 0, gate).proven.verdict;
    return need <= soaking && (verdict(need) !== 'met' || (need > 0 && verdict(need - 1) === 'met'));
  });
  expect(wrong).toEqual([]);
});
