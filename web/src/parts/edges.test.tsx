import { describe, expect, test } from 'vitest';
import { show } from '../testing/render.tsx';
import { type Look, keepLooks, lanesOf } from './edge-lanes.ts';
import { Edges } from './edges.tsx';

const look = (atMs: number, level: 0 | 1, edges: number): Look => ({ atMs, lines: [{ name: 'GPIO17', label: 'led', level, edges }] });

describe('lanes', () => {
  test('an edge stands where it was seen, and is counted as the device counted it', () => {
    const [lane] = lanesOf([look(0, 0, 4), look(250, 0, 4), look(500, 1, 5)]);
    expect(lane).toEqual({ name: 'GPIO17', label: 'led', edges: 1, stretches: [{ fromMs: 0, toMs: 250, level: 0, faster: false }, { fromMs: 250, toMs: 500, level: 0, faster: false }] });
  });
  test('more edges than two looks can show are not drawn as a level', () => {
    expect(lanesOf([look(0, 0, 0), look(250, 0, 2)])[0]?.stretches[0]?.faster).toBe(true);
    expect(lanesOf([look(0, 0, 0), look(250, 1, 3)])[0]?.stretches[0]?.faster).toBe(true);
    expect(lanesOf([look(0, 0, 0), look(250, 1, 1)])[0]?.stretches[0]?.faster).toBe(false);
  });
  test('where nobody looked for a while nothing is known', () => {
    expect(lanesOf([look(0, 0, 0), look(5_000, 1, 7)])[0]).toEqual({ name: 'GPIO17', label: 'led', edges: 0, stretches: [] });
  });
  test('a count that starts again is not negative', () => {
    expect(lanesOf([look(0, 0, 90), look(250, 1, 1)])[0]?.edges).toBe(1);
  });
  test('what has left the window is let go, but for the look before it', () => {
    const kept = keepLooks([look(0, 0, 0), look(5_000, 0, 0), look(9_000, 0, 0)], look(14_000, 1, 1), 10_000);
    expect(kept.map(({ atMs }) => atMs)).toEqual([0, 5_000, 9_000, 14_000]);
    expect(keepLooks(kept, look(16_000, 1, 1), 10_000).map(({ atMs }) => atMs)).toEqual([5_000, 9_000, 14_000, 16_000]);
  });
});

test('each lane says its label and its count, and which toggles faster than it was looked at', async () => {
  const lanes = lanesOf([look(0, 0, 0), look(250, 0, 8), look(500, 1, 9)]);
  const screen = await show(<Edges lanes={lanes} nowMs={500} spanMs={10_000} />);
  const lane = screen.getByRole('img', { name: 'led: 9 edges in 10 s, toggles faster than sampled' });
  await expect.element(lane).toBeInTheDocument();
  expect(lane.element().querySelectorAll('rect').length).toBe(1);
  await expect.element(screen.getByText('9', { exact: true })).toBeVisible();
});
