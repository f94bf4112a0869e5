/**
 * Works on rollouts: ends what is overdue, offers to devices that are there and covered, judges waves and opens the next,
 * takes offers back, and walks back what is rolled back. Any number of replicas may do so at once: each step is a short
 * transaction under the rollout's row lock, a locked rollout is left to whoever holds it, and devices are locked in the order of
 * their ids.
 */
import { RolloutState } from '@pier/shared/api';
import { type Loop, startLoop } from '../device/index.ts';
import { close } from './close.ts';
import { goBack } from './go-back.ts';
import { serve, startOnceCovered } from './serve.ts';
import { rolloutsToWork, storeNextTick } from './store.ts';
import { endOverdue } from './take-back.ts';
import { type EngineDeps, type Turn, batchMax, paceMs, step } from './turn.ts';

const rolloutsMax = 100;

/** Ticks when woken, and every second: rollouts that are due then, and when woken all that a report may have moved. */
export function startRolloutEngine(deps: EngineDeps): Loop {
  return startLoop({ clock: deps.clock, log: deps.log, name: 'rollouts', everyMs: paceMs.busy, act: async (woken) => tick(deps, { all: woken }) });
}

/** One look at the rollouts. A rollout that cannot be worked on is logged and does not hold up the others. */
export async function tick(deps: EngineDeps, { all }: { all: boolean }): Promise<void> {
  const found = await rolloutsToWork(deps.db, { dueMs: deps.clock.nowMs(), all, limit: rolloutsMax });
  if (found.length === 0) return;
  const policy = (await deps.policies.policyInForce())?.policy;
  for (const { id, state, due } of found) {
    try {
      await work(RolloutState.parse(state), { id, due, policy, deps });
    } catch (error) {
      deps.log.error({ rollout: id, error: error instanceof Error ? error.message : String(error) }, 'rollout.tick-failed');
      // Else it would be among the longest untouched for ever, and many like it would take every other one's turn.
      await storeNextTick(deps.db, id, deps.clock.nowMs() + paceMs.failed);
    }
  }
  deps.wakePublisher();
}

/** What is done for a rollout in a state; out: the state that it is in then, if that calls for more at once. */
const works: Readonly<Record<RolloutState, (turn: Turn) => Promise<RolloutState | undefined>>> = {
  awaiting_approval: startOnceCovered,
  running: serve,
  completed: serve,
  paused: close,
  aborting: close,
  rolling_back: goBack,
  denied: async () => undefined,
  aborted: async () => undefined,
  rolled_back: async () => undefined,
};

/** More steps than any rollout takes in one turn: what is still left is for the next. */
const statesMax = 5;

async function work(from: RolloutState, turn: Turn): Promise<void> {
  while ((await step(turn, (tx, of, writer) => endOverdue(tx, of, { writer, limit: batchMax }))) === batchMax);
  let state: RolloutState | undefined = from;
  for (let n = 0; state !== undefined && n < statesMax; n += 1) state = await works[state](turn);
}
