import type { FaultCode } from '@pier/shared/core';

/** A proven release whose guest ends badly so often within so long is proven no more. */
export const lateRegression = { crashesMax: 5, withinMs: 10 * 60_000 } as const;

/** Ends that are the release's own doing; a board or a port that went away is not. */
const bad: ReadonlySet<FaultCode> = new Set(['guest-trapped', 'guest-limit', 'guest-exited', 'guest-unhealthy'] as const);

/** Counts the bad ends of one guest and its restarts. A new start of the agent counts anew. */
export class Regression {
  #endsMs: number[] = [];

  /** Whether this end makes it too many. */
  note(code: FaultCode, nowMs: number): boolean {
    if (!bad.has(code)) return false;
    this.#endsMs = [...this.#endsMs.filter((ms) => nowMs - ms < lateRegression.withinMs), nowMs];
    return this.#endsMs.length >= lateRegression.crashesMax;
  }
}
