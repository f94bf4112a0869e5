/** Judges a simulated board's own record: once the agent that held an output is gone, the output is in its safe state. Pure. */
import type { SimRecord } from '@pier/shared/hardware';

/** A time, in nanoseconds of CLOCK_MONOTONIC, in which nobody could have made an output safe: nobody was there to do it. */
export type Excuse = { readonly fromNs: bigint; toNs: bigint | undefined };

/** Within so long after an agent's death, by the stop hook of whoever started it. */
export const safeWithinMs = 1_000;

export type Judged = { readonly name: string; readonly safeLevel: 0 | 1; readonly deathNs: bigint; readonly untilNs: bigint };

/**
 * How long the line stayed as the dead agent's app had left it: until somebody drove it safe, it turned into an input, or another
 * app's hands took it. The record has changes only: that a holder is gone is seen in it where that changed something.
 */
export function unsafeMs(rows: readonly SimRecord[], { name, safeLevel, deathNs, untilNs }: Judged): number {
  const own = rows.filter((row) => row.name === name);
  const before = own.findLast((row) => BigInt(row.tNs) <= deathNs);
  if (before === undefined || isSafe(before, safeLevel)) return 0;
  const after = own.find((row) => BigInt(row.tNs) > deathNs);
  return Number(((after === undefined ? untilNs : BigInt(after.tNs)) - deathNs) / 1_000_000n);
}

function isSafe({ direction, level }: SimRecord, safeLevel: 0 | 1): boolean {
  return direction === 'in' || level === safeLevel;
}

export function isExcused(atNs: bigint, excuses: readonly Excuse[]): boolean {
  return excuses.some(({ fromNs, toNs }) => fromNs <= atNs && (toNs === undefined || atNs <= toNs));
}
