/** uPlot, kept apart: it is fetched when the first plot is shown. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { PlotData } from './plot-data.ts';

export type Colours = { readonly accent: string; readonly line: string; readonly text: string; readonly gap: string; readonly font: string };
export type DrawOptions = {
  readonly colours: Colours;
  readonly width: number;
  readonly height: number;
  readonly timeWords: (ms: number) => string;
  readonly valueWords: (value: number) => string;
  /** The sample under the pointer, or none. */
  readonly onPoint: (index: number | undefined) => void;
};
export type Drawn = { readonly set: (data: PlotData, fromMs: number, toMs: number) => void; readonly resize: (width: number) => void } & Disposable;

export function drawPlot(into: HTMLElement, { colours, width, height, timeWords, valueWords, onPoint }: DrawOptions): Drawn {
  let shown: PlotData = { times: [], values: [], gaps: [] };
  const axis = { stroke: colours.text, font: colours.font, ticks: { show: false }, border: { show: false } };
  const plot = new uPlot(
    {
      width,
      height,
      padding: [4, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 7, fill: colours.accent }, drag: { x: false, y: false } },
      scales: { x: { time: true }, y: { range: (_, min, max) => spread(min, max) } },
      series: [{}, { stroke: colours.accent, width: 1.5, points: { show: false }, spanGaps: false }],
      axes: [
        { ...axis, grid: { show: false }, size: 20, space: 90, values: (_, ticks) => ticks.map((s) => timeWords(s * 1_000)) },
        { ...axis, grid: { stroke: colours.line, width: 1 }, size: 46, gap: 6, splits: (_, __, min, max) => [0.1, 0.5, 0.9].map((part) => round(min + (max - min) * part, max - min)), values: (_, ticks) => ticks.map((value) => valueWords(value)) },
      ],
      hooks: {
        drawClear: [(u) => drawGaps(u, shown, colours.gap)],
        setCursor: [(u) => onPoint(u.cursor.idx ?? undefined)],
      },
    },
    [[], []],
    into,
  );
  return {
    set: (data, fromMs, toMs) => {
      shown = data;
      plot.batch(() => {
        plot.setData([data.times, data.values], false);
        plot.setScale('x', { min: fromMs / 1_000, max: toMs / 1_000 });
      });
    },
    resize: (to) => plot.setSize({ width: to, height }),
    [Symbol.dispose]: () => plot.destroy(),
  };
}

/** As few digits as still tell three lines apart. */
function round(value: number, span: number): number {
  const step = 10 ** Math.floor(Math.log10(span / 10));
  return Math.round(value / step) * step;
}

/** A steady value lies in the middle and not on the floor. */
function spread(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const pad = max > min ? (max - min) * 0.12 : Math.max(Math.abs(max) * 0.1, 1);
  return [min - pad, max + pad];
}

function drawGaps(u: uPlot, { gaps }: PlotData, colour: string): void {
  u.ctx.save();
  u.ctx.fillStyle = colour;
  for (const { fromMs, toMs } of gaps) {
    const left = Math.max(u.bbox.left, u.valToPos(fromMs / 1_000, 'x', true));
    const right = Math.min(u.bbox.left + u.bbox.width, u.valToPos(toMs / 1_000, 'x', true));
    if (right > left) u.ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
  }
  u.ctx.restore();
}
