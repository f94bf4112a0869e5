import { and, inArray, lt } from 'drizzle-orm';
import type { Clock } from '@pier/shared/core';
import { InFlightState } from '@pier/shared/api';
import { type Db, deployment } from '../db/index.ts';

/** As long as devices take to come back to a manager that has started: the first try within ten seconds, the next within twenty. */
const graceMs = 60_000;

/**
 * Gives devices at work the time to say how far they came while nobody listened: no deadline passes sooner than that after a
 * manager's start. Called before the engine's first turn; what has its time still is left alone.
 */
export async function graceAfterStart({ db, clock }: { db: Db; clock: Pick<Clock, 'nowMs'> }): Promise<void> {
  const until = new Date(clock.nowMs() + graceMs);
  await db.update(deployment).set({ deadlineAt: until }).where(and(inArray(deployment.state, InFlightState.options), lt(deployment.deadlineAt, until)));
}
