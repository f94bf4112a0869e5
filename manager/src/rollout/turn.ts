/** One rollout's turn: short transactions, each under the rollout's lock. */
import type { Clock, Log } from '@pier/shared/core';
import type { RolloutState } from '@pier/shared/api';
import type { TrustPolicy } from '@pier/shared/signing';
import { type Db, inTransaction } from '../db/index.ts';
import type { Writer } from '../device/index.ts';
import { type Shown, lockRollout } from './store.ts';

export type EngineDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly schedulerPem: string;
  readonly policies: { policyInForce(): Promise<{ readonly policy: TrustPolicy } | undefined> };
  /** Called after commits that may have left something in the outbox. */
  readonly wakePublisher: () => void;
  /** How long a device may take to take an offer up. */
  readonly offerS?: number;
};

/** One rollout's turn. */
export type Turn = { readonly id: string; readonly due: boolean; readonly policy: TrustPolicy | undefined; readonly deps: EngineDeps };

/** Deployments moved in one transaction: short locks, and still one statement for many rows. */
export const batchMax = 500;

/** How soon a rollout is looked at again when nothing wakes the engine: what may happen in it by time alone sets the pace. */
export const paceMs = { busy: 1_000, standing: 2_000, failed: 10_000, still: 60_000 } as const;

/** When a rollout is looked at in which nothing can happen by time alone: whoever changes that sets a nearer time. */
export const neverMs = Date.UTC(9_999, 0, 1);

type Act<T> = (tx: Db, of: Shown, writer: Writer) => Promise<T>;

/** One transaction under the rollout's lock; undefined when another replica holds it, or when it is no longer in that state. */
export async function step<T>({ id, deps }: Turn, act: Act<T>, states?: readonly RolloutState[]): Promise<T | undefined> {
  return inTransaction(deps.db, async (tx) => {
    const of = await lockRollout(tx, id, { skipLocked: true });
    if (!of || (states && !states.some((state) => state === of.rollout.state))) return undefined;
    return act(tx, of, { schedulerPem: deps.schedulerPem, nowMs: deps.clock.nowMs() });
  });
}
