/** Judges a simulated board's own record: an output that no app holds is in its safe state. Pure. */
import type { SimRecord } from '@pier/shared/hardware';

/** A time, in nanoseconds of CLOCK_MONOTONIC, in which nobody could have made an output safe: nobody was there to do it. */
export type OpenExcuse = { readonly fromNs: bigint; toNs: bigint | undefined };

/** Within so long after an agent's death, by the stop hook of whoever started it. */
export const safeWithinMs = 1_000;

export type Judged = { readonly name: string; readonly safeLevel: 0 | 1; readonly untilNs: bigint; readonly excuses: readonly OpenExcuse[] };

export type Unsafe = { readonly sinceNs: bigint; readonly ms: number };

/** Every time that the line was not safe while nobody held it, without an excuse. */
export function unsafeTimes(rows: readonly SimRecord[], { name, safeLevel, untilNs, excuses }: Judged): Unsafe[] {
  const own = rows.filter((row) => row.name === name);
  const found: Unsafe[] = [];
  let sinceNs: bigint | undefined;
  const end = (atNs: bigint): void => {
    const excused = (from: bigint): boolean => excuses.some((one) => one.fromNs <= atNs && from <= (one.toNs ?? atNs));
    if (sinceNs !== undefined && !excused(sinceNs)) found.push({ sinceNs, ms: Number((atNs - sinceNs) / 1_000_000n) });
    sinceNs = undefined;
  };
  for (const row of own) {
    const unsafe = row.consumer === null && row.direction === 'out' && row.level !== safeLevel;
    const atNs = BigInt(row.tNs);
    if (unsafe) sinceNs ??= atNs;
    else end(atNs);
  }
  end(untilNs);
  return found;
}
