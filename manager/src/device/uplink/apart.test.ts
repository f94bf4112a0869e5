import { expect, test } from 'vitest';
import { type Taken, apart } from './apart.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

function run(count: number, isBad: (n: number) => boolean, whole: (error: unknown) => boolean = () => false) {
  const seen = { acts: 0, lost: [] as number[], kept: [] as number[] };
  const act = async (items: readonly number[]): Promise<readonly Taken[]> => {
    seen.acts += 1;
    if (items.some(isBad)) throw new Error('poison');
    seen.kept.push(...items);
    return items.map(() => 'taken');
  };
  return apart(upTo(count), act, { lost: (items) => void seen.lost.push(...items), whole }).then((taken) => ({ ...seen, taken }));
}

test('without a failure all is done at once', async () => {
  expect(await run(500, () => false)).toMatchObject({ acts: 1, lost: [], kept: upTo(500) });
});

test.each([0, 1, 250, 498, 499])('one that cannot be done, at place %i, is found in few steps, and costs no other', async (bad) => {
  const { acts, lost, kept, taken } = await run(500, (n) => n === bad);
  expect(lost).toEqual([bad]);
  expect(kept).toEqual(upTo(500).filter((n) => n !== bad));
  expect(taken.map((one, n) => (one === 'failed' ? n : -1)).filter((n) => n >= 0)).toEqual([bad]);
  expect(acts).toBeLessThanOrEqual(19);
});

test('several are found as well, and the answers keep their places', async () => {
  const { lost, taken } = await run(20, (n) => n % 7 === 0);
  expect(lost).toEqual([0, 7, 14]);
  expect(taken.map((one) => one === 'failed')).toEqual(upTo(20).map((n) => n % 7 === 0));
});

test('what no item causes is not tried again: all of it is lost, once', async () => {
  expect(await run(500, () => true, () => true)).toMatchObject({ acts: 1, lost: upTo(500), kept: [] });
});

test('nothing to do is nothing done', async () => {
  expect(await run(0, () => true)).toMatchObject({ acts: 0, taken: [] });
});
