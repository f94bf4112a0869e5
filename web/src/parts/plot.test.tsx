import { describe, expect, test } from 'vitest';
import { show } from '../testing/render.tsx';
import { plotData, usualGapMs, valueWords } from './plot-data.ts';
import { Plot } from './plot.tsx';

const every = (stepMs: number, n: number, fromMs = 0) => Array.from({ length: n }, (_, index) => ({ atMs: fromMs + index * stepMs, value: index }));

describe('data', () => {
  test('samples lie in the order of their time, and a gap breaks the line', () => {
    const data = plotData([{ atMs: 60_000, value: 3 }, { atMs: 0, value: 1 }, { atMs: 1_000, value: 2 }], { gapMs: 10_000, fromMs: 0, toMs: 65_000 });
    expect(data).toEqual({ times: [0, 1, 30.5, 60], values: [1, 2, null, 3], gaps: [{ fromMs: 1_000, toMs: 60_000 }] });
  });
  test('what is missing at the ends of the axis is a gap as well', () => {
    const { gaps, times } = plotData([{ atMs: 50_000, value: 1 }], { gapMs: 10_000, fromMs: 0, toMs: 90_000 });
    expect(gaps).toEqual([{ fromMs: 0, toMs: 50_000 }, { fromMs: 50_000, toMs: 90_000 }]);
    expect(times).toEqual([50]);
    expect(plotData([], { gapMs: 10_000, fromMs: 0, toMs: 90_000 }).gaps).toEqual([{ fromMs: 0, toMs: 90_000 }]);
  });
  test('what a gap is goes by how often samples usually come', () => {
    expect(usualGapMs(every(500, 20))).toBe(10_000);
    expect(usualGapMs(every(60_000, 20))).toBe(600_000);
    expect(usualGapMs([])).toBe(10_000);
  });
  test('values have as many digits as tell them apart', () => {
    expect([valueWords(500), valueWords(49.98), valueWords(1_204.8), valueWords(0.125), valueWords(-3)]).toEqual(['500', '49.98', '1,204.8', '0.125', '-3']);
  });
});

test('says the newest value, the lowest and the highest, and how long nothing came', async () => {
  const samples = [...every(1_000, 10), ...every(1_000, 10, 120_000)];
  const screen = await show(<div style={{ width: 500 }}><Plot label="power" unit="W" samples={samples} fromMs={0} toMs={130_000} /></div>);
  await expect.element(screen.getByRole('img', { name: 'power, W: 9 now, min 0, max 9 in 2 min 10 s' })).toBeInTheDocument();
  await expect.element(screen.getByText('Grey: no sample for 1 min 51 s.')).toBeVisible();
  await expect.poll(() => screen.container.querySelector('canvas')?.width ?? 0, { timeout: 20_000 }).toBeGreaterThan(0);
});

test.each([
  ['the largest and the smallest number', [Number.MAX_VALUE, -Number.MAX_VALUE, 0]],
  ['a difference that no line can show', [1, 1 + Number.EPSILON]],
  ['numbers next to nothing', [5e-324, 0, -5e-324]],
  ['one enormous number', [1e300]],
])('%s, as an app may send it: the page lives, and the words stay short', async (_, values) => {
  const screen = await show(<div style={{ width: 500 }}><Plot label="power" unit="W" samples={values.map((value, index) => ({ atMs: index * 1_000, value }))} fromMs={0} toMs={10_000} /></div>);
  await expect.poll(() => screen.container.querySelector('canvas')?.width ?? 0, { timeout: 20_000 }).toBeGreaterThan(0);
  // It was drawn, and the page goes on: a frame comes after it.
  await new Promise(requestAnimationFrame);
  expect((screen.getByRole('figure').element().textContent ?? '').length).toBeLessThan(200);
});
