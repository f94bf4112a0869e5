/** A rollout's progress as a curve: pure, changes by moment in, running counts out. */
import type { Progress } from '@pier/shared/api';
import { isoTime } from '@pier/shared/core';

export type Point = Progress['points'][number];
/** The moments of a curve: the first and the last are its ends, the others evenly between. */
export type Moments = { readonly fromMs: number; readonly toMs: number; readonly count: number };
/** What changed after the moment before and until this one. */
export type Change = { readonly moment: number; readonly proven: number; readonly badly: number };

const pointsMax = 200;

/** A point a second, of long rollouts 200. */
export function momentsOf(fromMs: number, toMs: number): Moments {
  const lastMs = Math.max(fromMs, toMs);
  return { fromMs, toMs: lastMs, count: Math.min(pointsMax, 2 + Math.floor((lastMs - fromMs) / 1_000)) };
}

/** One point a moment; changes may come in any order. */
export function curveOf({ fromMs, toMs, count }: Moments, changes: readonly Change[]): Point[] {
  const at = new Map(changes.map((change) => [change.moment, change]));
  const sum = { proven: 0, badly: 0 };
  return Array.from({ length: count }, (_, moment) => {
    sum.proven += at.get(moment)?.proven ?? 0;
    sum.badly += at.get(moment)?.badly ?? 0;
    return { at: isoTime(Math.round(fromMs + ((toMs - fromMs) * moment) / (count - 1))), ...sum };
  });
}
