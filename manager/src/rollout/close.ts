import type { DeploymentState, RolloutState } from '@pier/shared/api';
import type { Reason } from '@pier/shared/wire';
import type { Db } from '../db/index.ts';
import { type Writer, lockDevices } from '../device/index.ts';
import { type Shown, deploymentsIn, hasWaiting, inFlightCount, storeMoves, storeNextTick } from './store.ts';
import { takeBack } from './take-back.ts';
import { type Turn, batchMax, neverMs, paceMs, step } from './turn.ts';
import { storeSteps } from './waves.ts';

/** A rollout that offers nothing any more: its offers are taken back, and an aborting one is over once no device is at work for it. */
export async function close(turn: Turn): Promise<RolloutState | undefined> {
  await shut(turn, ['paused', 'aborting']);
  await step(turn, endOrWait, ['paused', 'aborting']);
  return undefined;
}

/** Takes all offers back; where the rollout is on its way out, devices that wait are left out of it too. */
export async function shut(turn: Turn, states: readonly RolloutState[]): Promise<void> {
  while ((await step(turn, shutPage, states)) === batchMax);
  turn.deps.log.debug({ rollout: turn.id }, 'step.offers-taken-back');
}

const leaving: ReadonlyMap<string, Reason> = new Map(Object.entries({
  aborting: { code: 'cancelled', reason: 'the rollout was aborted before the device took it up' },
  rolling_back: { code: 'cancelled', reason: 'the rollout was rolled back before the device took it up' },
}));

async function shutPage(tx: Db, of: Shown, writer: Writer): Promise<number> {
  const { id, state } = of.rollout;
  const reason = leaving.get(state) ?? null;
  const states: DeploymentState[] = reason ? ['offered', 'waiting'] : ['offered'];
  const suspects = await deploymentsIn(tx, { rolloutId: id, states, limit: batchMax });
  if (suspects.length === 0) return 0;
  const devices = suspects.map((row) => row.deviceId);
  await lockDevices(tx, devices);
  const rows = await deploymentsIn(tx, { rolloutId: id, states, devices });
  const actor = `rollout:${id}`;
  await storeMoves(tx, rows.filter((row) => row.state === 'waiting').map((from) => ({ from, to: 'cancelled' as const, reason, actor })), writer.nowMs);
  await takeBack(tx, of, { rows: rows.filter((row) => row.state === 'offered'), to: reason ? 'cancelled' : 'waiting', reason, actor, writer });
  return suspects.length;
}

async function endOrWait(tx: Db, { rollout }: Shown, { nowMs }: Writer): Promise<void> {
  const atWork = await inFlightCount(tx, rollout.id);
  // Another may have held the lock while this turn would have left them out.
  const left = rollout.state === 'aborting' && (await hasWaiting(tx, rollout.id));
  if (rollout.state === 'aborting' && atWork === 0 && !left) {
    const reason = rollout.reasonCode === null ? null : { code: rollout.reasonCode, reason: rollout.reasonText ?? '' };
    await storeSteps(tx, { rollout, waves: [], step: { to: 'aborted', cause: null, reason }, actor: `rollout:${rollout.id}` }, nowMs);
    return;
  }
  await storeNextTick(tx, rollout.id, atWork > 0 || left ? nowMs + paceMs.busy : neverMs);
}
