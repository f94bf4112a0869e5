import { describe, expect, test } from 'vitest';
import { type DeploymentState, Gate } from '@pier/shared/api';
import { type Counts, judgeWave } from './index.ts';

const verdictOf = (counts: Counts, absent = 0, gate: Partial<Gate> = {}) => {
  const { verdict, reason } = judgeWave(counts, absent, Gate.parse(gate));
  return `${verdict} ${reason.code}`;
};

describe('the default gate wants every present device proven, and most of them present', () => {
  test.each<[string, Counts, number, string]>([
    ['all are proven', { proven: 3 }, 0, 'passed gate.passed'],
    ['one is at work', { proven: 2, soaking: 1 }, 0, 'open gate.proving'],
    ['one waits for room', { proven: 2, waiting: 1 }, 0, 'open gate.proving'],
    ['one is absent and the others proven', { proven: 2, waiting: 1 }, 1, 'passed gate.passed'],
    ['half are absent', { proven: 2, waiting: 2 }, 2, 'passed gate.passed'],
    ['more than half are absent', { proven: 2, waiting: 3 }, 3, 'open gate.absent'],
    ['all are absent', { waiting: 3 }, 3, 'open gate.absent'],
    ['the first one fails', { failed: 1, waiting: 2, soaking: 1 }, 0, 'failed gate.failures'],
    ['one is refused', { refused: 1, proven: 9 }, 0, 'failed gate.failures'],
    ['one is timed out', { timed_out: 1, proven: 9 }, 0, 'failed gate.failures'],
    ['excluded, cancelled and superseded ones are not counted', { proven: 1, excluded: 5, cancelled: 5, superseded: 5 }, 0, 'passed gate.passed'],
    ['nobody is left', { excluded: 2, superseded: 1 }, 0, 'open gate.deserted'],
    ['nobody was ever in it', {}, 0, 'passed gate.empty'],
    ['counts of zero are nobody', { proven: 0, failed: 0 }, 0, 'passed gate.empty'],
    ['nobody is finished', { offered: 1 }, 0, 'open gate.proving'],
  ])('when %s', (_, counts, absent, expected) => {
    expect(verdictOf(counts, absent)).toBe(expected);
  });
});

describe('failures that are borne', () => {
  test.each<[string, readonly [Counts, number, Partial<Gate>], string]>([
    ['at the limit', [{ proven: 9, failed: 1, soaking: 5 }, 0, { failurePercent: 10, successPercent: 90 }], 'open gate.proving'],
    ['above the limit', [{ proven: 8, failed: 1, soaking: 5 }, 0, { failurePercent: 10, successPercent: 90 }], 'failed gate.failures'],
    ['above the limit of too small a sample', [{ failed: 2, soaking: 8 }, 0, { failurePercent: 10, failureSampleMin: 3, successPercent: 50 }], 'open gate.proving'],
    ['above the limit of a sample just large enough', [{ failed: 3, soaking: 8 }, 0, { failurePercent: 10, failureSampleMin: 3, successPercent: 50 }], 'failed gate.failures'],
    ['all finished, too few proven though failures are borne', [{ proven: 1, failed: 1 }, 0, { failurePercent: 100 }], 'failed gate.success'],
    ['all present ones finished, too few proven, the others absent', [{ proven: 1, failed: 1, waiting: 2 }, 2, { failurePercent: 100 }], 'failed gate.success'],
    ['enough proven before all are finished', [{ proven: 9, soaking: 1 }, 0, { successPercent: 90 }], 'passed gate.passed'],
    ['nothing is asked for, but one at least must prove it', [{ failed: 3 }, 0, { successPercent: 0, failurePercent: 100 }], 'failed gate.success'],
    ['nothing is asked for and one is proven', [{ failed: 3, proven: 1 }, 0, { successPercent: 0, failurePercent: 100 }], 'passed gate.passed'],
    ['nothing is asked for and nobody is there', [{ waiting: 3 }, 3, { successPercent: 0, presentPercent: 0, failurePercent: 100 }], 'open gate.absent'],
    ['everybody has to be present', [{ proven: 9, waiting: 1 }, 1, { presentPercent: 100 }], 'open gate.absent'],
    ['nobody has to be, but one is', [{ proven: 1, waiting: 9 }, 9, { presentPercent: 0 }], 'passed gate.passed'],
  ])('%s', (_, given, expected) => {
    expect(verdictOf(...given)).toBe(expected);
  });
});

test('the reasons name the numbers', () => {
  expect(judgeWave({ failed: 1, proven: 2 }, 0, Gate.parse({})).reason.reason).toBe('1 of 3 finished devices ended badly (33.3 %); at most 0 % may');
  expect(judgeWave({ waiting: 3, proven: 1 }, 3, Gate.parse({})).reason.reason).toMatch(/1 of 4 devices are present \(25 %\); 50 % are wanted/);
  expect(judgeWave({ waiting: 1, soaking: 1, proven: 1 }, 0, Gate.parse({})).reason.reason).toBe('1 of 3 present devices are proven; 2 not finished yet');
});

/** Every wave of up to four devices, over every gate of a few shares: what must hold whatever the numbers are. */
describe('whatever the counts are', () => {
  const states = ['waiting', 'soaking', 'proven', 'failed', 'excluded'] as const satisfies readonly DeploymentState[];
  const shares = [0, 34, 50, 100];
  const cases: { counts: Record<(typeof states)[number], number>; absent: number; gate: Gate }[] = [];
  for (let code = 0; code < 3 ** states.length; code += 1) {
    const [waiting = 0, soaking = 0, proven = 0, failed = 0, excluded = 0] = states.map((_, index) => Math.floor(code / 3 ** index) % 3);
    for (let absent = 0; absent <= waiting; absent += 1)
      for (const successPercent of shares) for (const failurePercent of shares) for (const presentPercent of shares) for (const failureSampleMin of [1, 3]) cases.push({ counts: { waiting, soaking, proven, failed, excluded }, absent, gate: { successPercent, failurePercent, presentPercent, failureSampleMin } });
  }

  test('a wave with devices passes only if one is proven and one is present', () => {
    const wrong = cases.filter(({ counts, absent, gate }) => counts.waiting + counts.soaking + counts.proven + counts.failed + counts.excluded > 0 && judgeWave(counts, absent, gate).verdict === 'passed' && counts.proven === 0);
    expect(wrong).toEqual([]);
  });

  test('a wave without a bad end never fails', () => {
    expect(cases.filter(({ counts, absent, gate }) => counts.failed === 0 && judgeWave(counts, absent, gate).verdict === 'failed')).toEqual([]);
  });

  test('a proof never turns a pass into anything else, nor a failure a failed wave', () => {
    const wrong = cases.filter(({ counts, absent, gate }) => {
      // A sample that is not full yet may be filled by a proof as well.
      if (counts.soaking === 0 || gate.failureSampleMin > 1) return false;
      const left = { ...counts, soaking: counts.soaking - 1 };
      const [better, now, worse] = [{ ...left, proven: left.proven + 1 }, counts, { ...left, failed: left.failed + 1 }].map((one) => judgeWave(one, absent, gate).verdict);
      return (now === 'passed' && better !== 'passed') || (now === 'failed' && worse !== 'failed') || (worse === 'passed' && now !== 'passed');
    });
    expect(wrong).toEqual([]);
  });

  test('a wave whose present devices are all finished is decided, unless too few are present', () => {
    const open = cases.filter(({ counts, absent, gate }) => counts.soaking === 0 && counts.waiting === absent && counts.proven + counts.failed > 0 && judgeWave(counts, absent, gate).verdict === 'open');
    expect(open.filter(({ counts, absent, gate }) => judgeWave(counts, absent, gate).reason.code !== 'gate.absent')).toEqual([]);
  });
});
