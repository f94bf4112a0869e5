/** Which level changes of an input are told to whom watches it. Pure: time comes in with each change. */
import type { Edge, Level, WatchRequest } from '@pier/shared/hardware';

export type EdgeWatch = {
  readonly edges: WatchRequest['edges'];
  readonly debounceNs: bigint;
  seq: number;
  lost: number;
  /** The level last told, or held long enough to count. */
  settled: Level;
  /** The level that the line has now, and since when. */
  current: Level;
  sinceNs: bigint;
};

export function makeWatch({ edges, debounceUs }: WatchRequest, level: Level): EdgeWatch {
  return { edges, debounceNs: BigInt(debounceUs) * 1_000n, seq: 0, lost: 0, settled: level, current: level, sinceNs: 0n };
}

/** Takes a change of the line; gives the edge that it makes at once. With a debounce nothing is told before `settle`. */
export function feed(watch: EdgeWatch, change: { level: Level; tNs: bigint }): Edge | undefined {
  const steady = settle(watch, change.tNs);
  watch.current = change.level;
  watch.sinceNs = change.tNs;
  return watch.debounceNs === 0n ? settle(watch, change.tNs) : steady;
}

/** The edge of a level that has been steady for the debounce time, if there is one; its time is when it became certain, as in the kernel. */
export function settle(watch: EdgeWatch, nowNs: bigint): Edge | undefined {
  const dueNs = watch.sinceNs + watch.debounceNs;
  if (watch.current === watch.settled || nowNs < dueNs) return undefined;
  watch.settled = watch.current;
  if (watch.edges !== 'both' && (watch.edges === 'rising') !== (watch.settled === 1)) return undefined;
  watch.seq += 1;
  const edge = { tNs: dueNs, seq: watch.seq, lost: watch.lost, level: watch.settled };
  watch.lost = 0;
  return edge;
}

/** Milliseconds until `settle` has something to say; undefined when the line is at rest. */
export function dueMs(watch: EdgeWatch, nowNs: bigint): number | undefined {
  if (watch.current === watch.settled) return undefined;
  const leftNs = watch.sinceNs + watch.debounceNs - nowNs;
  return leftNs <= 0n ? 0 : Math.ceil(Number(leftNs) / 1e6);
}

