export type Row = { readonly name: string; readonly unit: string; readonly values: readonly number[] };

export type Summary = { readonly min: number; readonly median: number; readonly max: number };

export function summary(numbers: readonly number[]): Summary {
  const sorted = numbers.toSorted((a, b) => a - b);
  return { min: sorted[0] ?? Number.NaN, median: sorted[sorted.length >> 1] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}
