/** What the simulated devices say, right and wrong; that they say it over the real broker is shown by the flow tests. */
import { describe, expect, test } from 'vitest';
import { behaviourAt, behaviours, onTheWire, scripts } from './index.ts';
import { mixOf } from './run.ts';

describe('behaviours', () => {
  test('an honest device goes each step once, forward, to proven', () => {
    expect(scripts.honest.map((one) => one.state)).toEqual(['accepted', 'downloading', 'applying', 'soaking', 'proven']);
  });

  test('what ends badly says why', () => {
    for (const script of Object.values(scripts)) for (const said of script) expect(said.state === 'failed' || said.state === 'refused').toBe(said.reason !== undefined);
  });

  test('messages come once, twice, turned round or again, as the device behaves', () => {
    expect(onTheWire('honest', [1, 2], [0])).toEqual([1, 2]);
    expect(onTheWire('repeats', [1, 2], [])).toEqual([1, 1, 2, 2]);
    expect(onTheWire('reorders', [1, 2], [])).toEqual([2, 1]);
    expect(onTheWire('replays', [9], [1, 2, 3, 4])).toEqual([9, 2, 3, 4]);
  });
});

describe('a mix', () => {
  test('gives each behaviour its share of a hundred, the rest being honest, and the same each time', () => {
    const mix = mixOf(['fails=10', 'silent=5']);
    const all = Array.from({ length: 100 }, (_, index) => behaviourAt(index, mix));
    expect(Object.fromEntries(behaviours.map((one) => [one, all.filter((other) => other === one).length]))).toMatchObject({ fails: 10, silent: 5, honest: 85 });
    expect(Array.from({ length: 100 }, (_, index) => behaviourAt(index, mix))).toEqual(all);
  });

  test.each([['fails'], ['fails=x'], ['fails=101'], ['dances=5'], ['=5'], ['__proto__=5']])('"%s" is refused', (word) => {
    expect(() => mixOf([word])).toThrow(/--behave/);
  });

  test('more than everybody is refused', () => {
    expect(() => mixOf(['fails=60', 'silent=50'])).toThrow(/more than 100/);
  });
});
