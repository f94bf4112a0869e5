/** Samples as a plot wants them. Pure: a gap stays a gap, nothing is smoothed. */

export type Sample = { readonly atMs: number; readonly value: number };
export type PlotGap = { readonly fromMs: number; readonly toMs: number };
export type PlotData = { readonly times: number[]; readonly values: (number | null)[]; readonly gaps: readonly PlotGap[] };

/** Oldest first, in seconds; where two samples, or one and an end of the axis, are further apart than `gapMs` there is a gap. */
export function plotData(samples: readonly Sample[], { gapMs, fromMs, toMs }: { readonly gapMs: number; readonly fromMs: number; readonly toMs: number }): PlotData {
  const times: number[] = [];
  const values: (number | null)[] = [];
  const gaps: PlotGap[] = [];
  let was: Sample | undefined;
  for (const sample of samples.toSorted((a, b) => a.atMs - b.atMs)) {
    if (was !== undefined && sample.atMs - was.atMs > gapMs) {
      gaps.push({ fromMs: was.atMs, toMs: sample.atMs });
      times.push((was.atMs + sample.atMs) / 2_000);
      values.push(null);
    }
    times.push(sample.atMs / 1_000);
    values.push(sample.value);
    was = sample;
  }
  const first = samples.reduce((min, { atMs }) => Math.min(min, atMs), toMs);
  if (first - fromMs > gapMs) gaps.unshift({ fromMs, toMs: first });
  if (was !== undefined && toMs - was.atMs > gapMs) gaps.push({ fromMs: was.atMs, toMs });
  return { times, values, gaps };
}

/** Half of the samples come at least this often; ten times as long is a gap, and never less than ten seconds. */
export function usualGapMs(samples: readonly Sample[]): number {
  const at = samples.map(({ atMs }) => atMs).toSorted((a, b) => a - b);
  const steps = at.slice(1).map((ms, index) => ms - (at[index] ?? ms)).toSorted((a, b) => a - b);
  return Math.max(10_000, (steps[Math.floor(steps.length / 2)] ?? 0) * 10);
}

/** `42`, `0.125`, `1,204.8`: as many digits as tell two samples apart; `1.8E308` for what an app can send and nobody can read. */
export function valueWords(value: number): string {
  const size = Math.abs(value);
  const isFar = size >= 1e12 || (size > 0 && size < 1e-6);
  return new Intl.NumberFormat('en-GB', { maximumSignificantDigits: size >= 10_000 ? 7 : 5, notation: isFar ? 'scientific' : 'standard' }).format(value);
}
