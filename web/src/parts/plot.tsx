import { useComputedColorScheme } from '@mantine/core';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { clockSeconds, duration } from '../words/index.ts';
import { type PlotData, type Sample, plotData, usualGapMs, valueWords } from './plot-data.ts';
import type { Colours, Drawn } from './plot-draw.ts';
import './plot.css';

type Props = {
  readonly label: string;
  readonly unit: string;
  readonly samples: readonly Sample[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly height?: number;
  /** Above the plot, at the right. */
  readonly note?: ReactNode;
};

/** A series over time: newest value, lowest and highest in words; gaps are grey and said. */
export function Plot({ label, unit, samples, fromMs, toMs, height = 120, note }: Props): ReactNode {
  const data = useMemo(() => plotData(samples, { gapMs: usualGapMs(samples), fromMs, toMs }), [samples, fromMs, toMs]);
  const [at, setAt] = useState<number>();
  // What is drawn has the colours of its time: another scheme is another drawing.
  const scheme = useComputedColorScheme();
  const values = samples.map(({ value }) => value);
  const newest = samples.reduce<Sample | undefined>((last, sample) => (last === undefined || sample.atMs > last.atMs ? sample : last), undefined);
  const pointed = at === undefined ? undefined : data.values[at];
  const range = `min ${valueWords(Math.min(...values))}, max ${valueWords(Math.max(...values))}`;
  const withUnit = unit === '' ? label : `${label}, ${unit}`;
  const span = duration(toMs - fromMs);
  return (
    <figure className="plot">
      <figcaption className="plot-head">
        <span className="strong">{withUnit}</span>
        {newest && <span className="plot-now"><b>{valueWords(typeof pointed === 'number' ? pointed : newest.value)}</b> <span className="dim">{typeof pointed === 'number' && at !== undefined ? `at ${clockSeconds((data.times[at] ?? 0) * 1_000)}` : `${span}, ${range}`}</span></span>}
        {note}
      </figcaption>
      <Canvas key={scheme} data={data} fromMs={fromMs} toMs={toMs} height={height} onPoint={setAt} label={newest ? `${withUnit}: ${valueWords(newest.value)} now, ${range} in ${span}` : `${withUnit}: no sample in ${span}`} />
      {data.gaps.length > 0 && <p className="caption dim">Grey: no sample for {data.gaps.length === 1 ? duration((data.gaps[0]?.toMs ?? 0) - (data.gaps[0]?.fromMs ?? 0)) : `${data.gaps.length} stretches, the longest ${duration(Math.max(...data.gaps.map((gap) => gap.toMs - gap.fromMs)))}`}.</p>}
    </figure>
  );
}

type CanvasProps = { readonly data: PlotData; readonly fromMs: number; readonly toMs: number; readonly height: number; readonly label: string; readonly onPoint: (index: number | undefined) => void };

function Canvas({ data, fromMs, toMs, height, label, onPoint }: CanvasProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState<Drawn>();
  useEffect(() => {
    const into = box.current;
    if (into === null) return undefined;
    const gone = new AbortController();
    let plot: Drawn | undefined;
    const sized = new ResizeObserver(() => plot?.resize(into.clientWidth));
    const draw = async (): Promise<void> => {
      const { drawPlot } = await import('./plot-draw.ts');
      if (gone.signal.aborted) return;
      plot = drawPlot(into, { colours: coloursOf(into), width: into.clientWidth, height, timeWords: (ms) => clockSeconds(ms).slice(0, 5), valueWords, onPoint });
      sized.observe(into);
      setDrawn(plot);
    };
    void draw();
    return () => {
      gone.abort();
      sized.disconnect();
      plot?.[Symbol.dispose]();
      setDrawn(undefined);
    };
  }, [height, onPoint]);
  useEffect(() => drawn?.set(data, fromMs, toMs), [drawn, data, fromMs, toMs]);
  return <div ref={box} className="plot-canvas" style={{ minHeight: height }} role="img" aria-label={label} />;
}

/** A canvas knows no tokens: they are read where it stands, again for each scheme. */
function coloursOf(element: HTMLElement): Colours {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return { accent: token('--accent'), line: token('--line'), text: token('--ink3'), gap: token('--hover'), font: `500 11px ${token('--sans')}` };
}
