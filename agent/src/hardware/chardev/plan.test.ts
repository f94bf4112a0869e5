import { expect, test } from 'vitest';
import type { LineEvent } from './codec.ts';
import { consumerName, countEvent, holderOf, inputConfig, isOurs, outputConfig, requestConfig, watchConfig } from './plan.ts';

const at = { chip: 'pinctrl-rp1', line: 17 };
const [input, output, rising, falling, up, down] = [4, 8, 16, 32, 256, 512];

test('a request is an input with its pull, or an output with its first level', () => {
  expect(requestConfig({ at, direction: 'in', consumer: 'door', bias: 'up' })).toEqual({ flags: input | up });
  expect(requestConfig({ at, direction: 'in', consumer: 'door', bias: 'none' })).toEqual({ flags: input });
  expect(requestConfig({ at, direction: 'out', consumer: 'blink', initial: 1 })).toEqual({ flags: output, level: 1 });
  expect(requestConfig({ at, direction: 'out', consumer: 'blink' })).toEqual({ flags: output, level: 0 });
  expect([outputConfig('down', 1), inputConfig(undefined)]).toEqual([{ flags: output | down, level: 1 }, { flags: input }]);
});

test('a watch keeps the pull, and names edges and the time to rest', () => {
  expect(watchConfig('up', { edges: 'both', debounceUs: 5_000 })).toEqual({ flags: input | up | rising | falling, debounceUs: 5_000 });
  expect(watchConfig(undefined, { edges: 'rising', debounceUs: 0 })).toEqual({ flags: input | rising });
  expect(watchConfig(undefined, { edges: 'falling', debounceUs: 0 })).toEqual({ flags: input | falling });
});

test('who holds a line is an app of ours, somebody else, or nobody who says', () => {
  expect([holderOf(consumerName('blink')), holderOf('gpiomon'), holderOf('')]).toEqual(['"blink"', '"gpiomon", which is no app of Pier', 'a program that gives no name']);
  expect([isOurs('pier:blink'), isOurs('spi0 CS0'), isOurs('')]).toEqual([true, false, false]);
});

function edgesOf(lineSeqs: readonly number[], before = 0): [seq: number, lost: number][] {
  let counted = { seq: 0, lineSeq: before };
  return lineSeqs.map((lineSeq) => {
    const event: LineEvent = { tNs: 1n, level: 1, lineSeq };
    const next = countEvent(event, counted);
    counted = next.counted;
    return [next.edge.seq, next.edge.lost];
  });
}

test.each([
  ['without a gap nothing is lost', [1, 2, 3], 0, [[1, 0], [2, 0], [3, 0]]],
  ['a gap is what the kernel dropped', [1, 5, 6], 0, [[1, 0], [5, 3], [6, 0]]],
  ['a gap before the first counts too', [4], 0, [[4, 3]]],
  ['a second watch of a line goes on from where the first ended', [11, 13], 10, [[1, 0], [3, 1]]],
  ['a kernel that starts anew for a second watch is believed', [1, 2], 10, [[1, 0], [2, 0]]],
  ['the count goes around after 32 bits', [0xffff_ffff, 0, 2], 0xffff_fffe, [[1, 0], [2, 0], [4, 1]]],
])('%s', (_, lineSeqs, before, expected) => {
  expect(edgesOf(lineSeqs, before)).toEqual(expected);
});
