import { describe, expect, test } from 'vitest';
import { Fault } from '@pier/shared/core';
import { WavePlan } from '@pier/shared/api';
import type { Selectable } from '@pier/shared/selector';
import { pick, seeded } from '../../../../shared/src/selector/toy-selectors.ts';
import { sliceWaves } from './waves.ts';

const devices = (count: number): Selectable[] => Array.from({ length: count }, (_, n) => ({ id: `d${String(n).padStart(4, '0')}`, name: 'x', model: n % 2 ? 'pi-5' : 'pi-4', online: n % 3 === 0, tags: n < 2 ? { tier: 'canary' } : {} }));
const wave = (take: WavePlan['take'], more: object = {}) => WavePlan.parse({ take, ...more });
const count = (n: number) => wave({ by: 'count', count: n });
const percent = (n: number) => wave({ by: 'percent', percent: n });
const selector = (text: string) => wave({ by: 'selector', selector: text });
const rest = wave({ by: 'rest' });
const sizes = (total: number, ...plans: WavePlan[]) => sliceWaves(devices(total), plans).map((one) => one.devices.length);

describe('how many devices each wave takes', () => {
  test.each<[string, number, WavePlan[], number[]]>([
    ['all in one', 7, [rest], [7]],
    ['one, then two, then the rest', 6, [count(1), count(2), rest], [1, 2, 3]],
    ['a rest is added where none is said', 6, [count(1), count(2)], [1, 2, 3]],
    ['and is not where none remains', 3, [count(1), count(2)], [1, 2]],
    ['a count that is more than there are takes what there is', 3, [count(1), count(100)], [1, 2]],
    ['percent is of all that are selected, not of what is left', 100, [percent(10), percent(50)], [10, 50, 40]],
    ['percent is rounded up', 7, [percent(10), percent(50), rest], [1, 4, 2]],
    ['percent takes one at least', 3, [percent(0.001)], [1, 2]],
    ['percent is not led astray by floating point', 1_000, [percent(16.1), percent(32.2)], [161, 322, 517]],
    ['a share of a thousand', 1_000, [percent(0.1), percent(99.9)], [1, 999]],
    ['everything as a share', 5, [percent(100)], [5]],
    ['a selector takes those that it matches', 6, [selector('tier=canary'), selector('model=pi-5'), rest], [2, 2, 2]],
    ['a selector leaves what earlier waves took', 6, [count(1), selector('tier=canary')], [1, 1, 4]],
  ])('%s', (_, total, plans, wanted) => {
    expect(sizes(total, ...plans)).toEqual(wanted);
  });

  test('the first by id come first, and each wave keeps its plan', () => {
    const strict = wave({ by: 'count', count: 2 }, { advance: 'manual', soakS: 5 });
    expect(sliceWaves(devices(3), [strict])).toEqual([
      { plan: strict, devices: ['d0000', 'd0001'] },
      { plan: rest, devices: ['d0002'] },
    ]);
  });

  test('every device is in exactly one wave, whatever the plan', () => {
    const random = seeded(11);
    const made = Array.from({ length: 300 }, () => {
      const total = 1 + Math.floor(random() * 40);
      const plans = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(random, [count(3), percent(15), selector('online=true'), selector('model=pi-5'), rest]));
      return { total, waves: sliceOrNone(total, plans) };
    }).filter(({ waves }) => waves.length > 0);
    expect(made.length).toBeGreaterThan(100);
    for (const { total, waves } of made) expect(waves.flatMap((one) => one.devices).sort()).toEqual(devices(total).map((one) => one.id));
  });
});

function sliceOrNone(total: number, plans: WavePlan[]) {
  try {
    return sliceWaves(devices(total), plans);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'selection-empty') return [];
    throw thrown;
  }
}

describe('a wave that cannot be is refused, named', () => {
  test.each<[string, number, WavePlan[], readonly [string, RegExp]]>([
    ['after the rest', 3, [rest, count(1)], ['selection-empty', /^wave 2 is empty: the waves before it take every device$/]],
    ['a second rest', 3, [rest, rest], ['selection-empty', /^wave 2 is empty/]],
    ['a selector that matches none', 3, [count(1), selector('site=nowhere')], ['selection-empty', /^wave 2 is empty: its selector "site=nowhere" matches none of the 2 devices/]],
    ['a selector whose devices are taken', 3, [count(2), selector('tier=canary'), rest], ['selection-empty', /^wave 2 is empty/]],
    ['a selector that cannot be read', 3, [count(1), selector('site==')], ['input-invalid', /^wave 2: selector, character 6/]],
    ['more waves than there may be', 101, Array.from({ length: 100 }, () => count(1)), ['input-invalid', /at most 100 waves/]],
  ])('%s', (_, total, plans, [code, why]) => {
    expect(faultOf(() => sliceWaves(devices(total), plans))).toMatchObject({ code, message: expect.stringMatching(why) as string });
  });
});

function faultOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (thrown) {
    return thrown;
  }
}

test('selectors that would keep the manager from everybody else are refused, before a device is looked at', () => {
  const long = selector(`n=v1 or ${'x=y or '.repeat(270)}all`);
  expect(() => sliceWaves([], Array.from({ length: 4 }, () => long))).toThrow(/characters together; at most 6000/);
});
