/** What tells devices that ended badly from proven ones: pure, counts in, the most telling first out. */
import type { Contrast } from '@pier/shared/api';

export type Fact = Contrast['facts'][number];
export type Sides = Pick<Contrast, 'badly' | 'proven'>;

const factsMax = 20;

/** How far apart the two sides are in a fact: the difference of the shares of their devices that have it. */
export function difference(fact: Sides, sides: Sides): number {
  return Math.abs(share(fact.badly, sides.badly) - share(fact.proven, sides.proven));
}

function share(count: number, of: number): number {
  return of === 0 ? 0 : count / of;
}

/**
 * The facts that say something, those that tell the sides apart best first; of equals, those of more devices that ended badly.
 * What all devices share, and what is as frequent on both sides, says nothing; nor does anything where nobody ended badly.
 */
export function ranked(facts: readonly Fact[], sides: Sides): Fact[] {
  if (sides.badly === 0) return [];
  const sharedByAll = (fact: Fact): boolean => fact.badly === sides.badly && fact.proven === sides.proven;
  return facts
    .filter((fact) => !sharedByAll(fact) && difference(fact, sides) > 0)
    .toSorted((a, b) => difference(b, sides) - difference(a, sides) || b.badly - a.badly || b.proven - a.proven || compare(a.fact, b.fact) || compare(a.value, b.value))
    .slice(0, factsMax);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
