/** The board's own record, as much of it as a page keeps, and what can be read off it. Pure; times are of the machine that simulates. */
import type { SimRecording } from '@pier/shared/api';

/** More changes than these are not kept: older ones are counted. */
export const keptMax = 5_000;
export const windowMs = 30_000;

export type Edge = Omit<SimRecording['edges'][number], 'tNs'> & { readonly tNs: bigint };
export type Kept = {
  /** Oldest first, without a hole. */
  readonly edges: readonly Edge[];
  readonly nowNs: bigint;
  /** Since when nothing is missing; undefined where nothing was ever left out. */
  readonly wholeSinceNs: bigint | undefined;
  readonly next: string;
  /** Changes of the record that are not kept. */
  readonly left: number;
};

/** Adds what came since. Where something in between was left out, what is before the hole is let go, and counted. */
export function keep(before: Kept | undefined, { edges: answered, nowNs, next, left }: SimRecording): Kept {
  const come = answered.map((edge): Edge => ({ ...edge, tNs: BigInt(edge.tNs) }));
  const now = BigInt(nowNs);
  const isHole = left > 0 || (before !== undefined && now < before.nowNs);
  const all = before === undefined || isHole ? come : [...before.edges, ...come];
  const edges = all.slice(-keptMax);
  const gone = (before?.left ?? 0) + left + (isHole ? (before?.edges.length ?? 0) : 0) + all.length - edges.length;
  const isCut = isHole || all.length > edges.length;
  return { edges, nowNs: now, next, left: gone, wholeSinceNs: isCut ? (edges[0]?.tNs ?? now) : before?.wholeSinceNs };
}

export const msAgo = (kept: Pick<Kept, 'nowNs'>, tNs: bigint): number => Number(kept.nowNs - tNs) / 1e6;

/** Changes of level of one line; one that only turned the direction is none. Before a guest's or an outsider's change the level was the other one, so the first is one. */
export function movesOf({ edges }: Pick<Kept, 'edges'>, name: string): Edge[] {
  const own = edges.filter((edge) => edge.name === name);
  return own.filter((edge, index) => (index === 0 ? isMove(edge) : own[index - 1]?.level !== edge.level));
}

export type Since = { readonly ms: number; readonly isAtLeast: boolean } | undefined;

/** Since when a line has its level: exactly where its last change is kept, else at least as long as nothing is missing. */
export function levelSince(kept: Kept | undefined, name: string): Since {
  if (kept === undefined) return undefined;
  const last = movesOf(kept, name).at(-1);
  if (last) return { ms: msAgo(kept, last.tNs), isAtLeast: false };
  return kept.wholeSinceNs === undefined ? undefined : { ms: msAgo(kept, kept.wholeSinceNs), isAtLeast: true };
}

export type Rate = { readonly hz: number; readonly duty: number };

/** How a line blinks now: over its last rises in 5 s, at least three of them and none overdue; undefined where it does not. */
export function rateOf(kept: Kept | undefined, name: string): Rate | undefined {
  if (kept === undefined) return undefined;
  const moves = movesOf(kept, name).filter(({ tNs }) => msAgo(kept, tNs) <= 5_000);
  const rises = moves.filter(({ level }) => level === 1);
  const [first, last] = [rises[0], rises.at(-1)];
  if (first === undefined || last === undefined || rises.length < 3) return undefined;
  const spanMs = Number(last.tNs - first.tNs) / 1e6;
  const periodMs = spanMs / (rises.length - 1);
  if (periodMs <= 0 || msAgo(kept, last.tNs) > 2 * periodMs + 600) return undefined;
  const highMs = rises.slice(0, -1).reduce((sum, rise) => {
    const fall = moves.find(({ level, tNs }) => level === 0 && tNs > rise.tNs);
    return sum + (fall === undefined ? 0 : Number(fall.tNs - rise.tNs) / 1e6);
  }, 0);
  return { hz: 1_000 / periodMs, duty: Math.min(1, highMs / spanMs) };
}

export type Lane = {
  readonly name: string;
  /** From the left, 0 to 1: from here on the level is as given. */
  readonly steps: readonly { readonly at: number; readonly level: 0 | 1; readonly edge: Edge | undefined }[];
  /** How often the level changed in the window. */
  readonly changes: number;
};

/** One lane for each of these lines, in this order: what the record says of the last 30 s. A level that nobody recorded is not drawn. */
export function lanesOf(kept: Kept, lines: readonly { readonly name: string; readonly level: 0 | 1 }[]): Lane[] {
  const startMs = windowMs;
  const wholeMs = kept.wholeSinceNs === undefined ? startMs : Math.min(startMs, msAgo(kept, kept.wholeSinceNs));
  const placeOf = (ms: number): number => Math.min(1, Math.max(0, 1 - ms / windowMs));
  return lines.map(({ name, level }) => {
    const own = kept.edges.filter((edge) => edge.name === name);
    const inside = own.filter(({ tNs }) => msAgo(kept, tNs) < startMs);
    const before = levelBefore({ earlier: own[own.length - inside.length - 1], first: inside[0], now: level });
    const moves = movesOf(kept, name).filter(({ tNs }) => msAgo(kept, tNs) < startMs);
    const lead = before === undefined ? [] : [{ at: placeOf(wholeMs), level: before, edge: undefined }];
    return { name, steps: [...lead, ...inside.map((edge) => ({ at: placeOf(msAgo(kept, edge.tNs)), level: edge.level, edge }))], changes: moves.length };
  });
}

/** What a line had before the first change that is shown; undefined where that cannot be told. */
function levelBefore({ earlier, first, now }: { earlier: Edge | undefined; first: Edge | undefined; now: 0 | 1 }): 0 | 1 | undefined {
  if (earlier) return earlier.level;
  if (first === undefined) return now;
  return isMove(first) ? (first.level === 1 ? 0 : 1) : undefined;
}

const isMove = ({ by }: Edge): boolean => by === 'guest' || by === 'outside';

/** A lane as a path on a grid of 1,000 by 20: high is up. */
export function lanePath({ steps }: Lane): string {
  const yOf = (level: 0 | 1): number => (level === 1 ? 3 : 17);
  const drawn = steps.map(({ at, level }, index) => (index === 0 ? `M${place(at)} ${yOf(level)}` : `H${place(at)}V${yOf(level)}`));
  return drawn.length === 0 ? '' : `${drawn.join('')}H1000`;
}

const place = (at: number): number => Math.round(at * 10_000) / 10;
