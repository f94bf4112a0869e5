/**
 * Rolls a rollout back: the last wave first, a wave only once no device of a later one is still to go back. Work that devices
 * are at finishes first, or times out. Each device goes back to what it ran when it was first offered the release.
 */
import { AppName, DeviceId } from '@pier/shared/core';
import { DeploymentState, InFlightState, type RolloutState } from '@pier/shared/api';
import { and, eq, inArray, max } from 'drizzle-orm';
import { type Db, deployment } from '../db/index.ts';
import { type AssignmentChange, type Writer, assign, lockDevices, placeKey } from '../device/index.ts';
import { shut } from './close.ts';
import { badEnds, deadlineMs, reasonOf } from './rules/index.ts';
import { type DeploymentRow, type Move, type Shown, assignmentsOf, deploymentsIn, hasWaiting, inFlightCount, storeMoves, storeNextTick, verifiedReleases } from './store.ts';
import { type Turn, batchMax, paceMs, step } from './turn.ts';
import { plansOf, soakOf, storeSteps } from './waves.ts';

const toGoBack = ['proven', ...badEnds] as const satisfies readonly DeploymentState[];

export async function goBack(turn: Turn): Promise<RolloutState | undefined> {
  await shut(turn, ['rolling_back']);
  while (await step(turn, backPage, ['rolling_back'])) turn.deps.log.debug({ rollout: turn.id }, 'step.sent-back');
  return undefined;
}

/** Sends one page of the last wave that is not done back. Out: whether there may be more to do now. */
async function backPage(tx: Db, of: Shown, writer: Writer): Promise<boolean> {
  const { rollout } = of;
  const actor = `rollout:${rollout.id}`;
  const wave = await lastToDo(tx, rollout.id);
  // Another may have held the lock while this turn would have left out those that wait.
  if (wave === undefined && !(await hasWaiting(tx, rollout.id))) {
    const reason = rollout.reasonCode === null ? null : { code: rollout.reasonCode, reason: rollout.reasonText ?? '' };
    await storeSteps(tx, { rollout, waves: [], step: { to: 'rolled_back', cause: null, reason }, actor }, writer.nowMs);
    return false;
  }
  const room = Math.min(batchMax, rollout.maxInFlight - (await inFlightCount(tx, rollout.id)));
  const suspects = room > 0 && wave !== undefined ? await deploymentsIn(tx, { rolloutId: rollout.id, states: toGoBack, wave, limit: room }) : [];
  if (suspects.length === 0) {
    await storeNextTick(tx, rollout.id, writer.nowMs + paceMs.busy);
    return false;
  }
  const devices = suspects.map((row) => row.deviceId);
  await lockDevices(tx, devices);
  await sendBack(tx, of, { rows: await deploymentsIn(tx, { rolloutId: rollout.id, states: toGoBack, devices }), writer });
  return true;
}

/** The last wave in which a device is at work, or has to go back, or is on its way. */
async function lastToDo(tx: Db, rolloutId: string): Promise<number | undefined> {
  const states: DeploymentState[] = [...InFlightState.options, ...toGoBack];
  const rows = await tx.select({ n: max(deployment.wave) }).from(deployment).where(and(eq(deployment.rolloutId, rolloutId), inArray(deployment.state, states)));
  return rows[0]?.n ?? undefined;
}

/** Who has been taken over since, or would go back to a release that is not verified here, is left out and says so. */
async function sendBack(tx: Db, { rollout }: Shown, { rows, writer }: { rows: readonly DeploymentRow[]; writer: Writer }): Promise<void> {
  const actor = `rollout:${rollout.id}`;
  const assigned = await assignmentsOf(tx, rows.map((row) => row.deviceId), rollout.app);
  const known = await verifiedReleases(tx, rollout.app, rows.flatMap((row) => row.fromDigest ?? []));
  const waves = await plansOf(tx, rollout.id);
  const soaks = (row: DeploymentRow): number => soakOf(waves, row.wave, rollout.soakS);
  const changes: AssignmentChange[] = [];
  const excluded: Move[] = [];
  for (const from of rows) {
    const now = assigned.get(from.deviceId);
    const target = from.fromDigest === null ? null : known.get(from.fromDigest);
    const reason = reasonToLeaveOut({ from, byHand: now?.byHand ?? false, ours: now?.setBy === actor, target });
    if (reason) excluded.push({ from, to: 'excluded', reason, actor });
    else changes.push({ device: DeviceId.parse(from.deviceId), app: AppName.parse(from.app), releaseId: target ?? null, soakS: soaks(from), setBy: actor });
  }
  const { attempts, tooLarge } = await assign(tx, changes, writer);
  const moves = rows.flatMap((from): Move[] => {
    const attempt = attempts.get(placeKey(from.deviceId, from.app));
    const ms = deadlineMs(DeploymentState.parse(from.state), 'rolling_back', { nowMs: writer.nowMs, soakS: soaks(from), deadlineS: rollout.deadlineS, beforeMs: null });
    return attempt === undefined ? [] : [{ from, to: 'rolling_back', attempt, reason: null, deadlineAt: ms === null ? null : new Date(ms), actor }];
  });
  const unwritten = rows.filter((row) => tooLarge.has(row.deviceId)).map((from): Move => ({ from, to: 'excluded', reason: reasonOf('device.document-too-large'), actor }));
  await storeMoves(tx, [...moves, ...excluded, ...unwritten], writer.nowMs);
}

function reasonToLeaveOut({ from, byHand, ours, target }: { from: DeploymentRow; byHand: boolean; ours: boolean; target: string | null | undefined }) {
  if (byHand) return { code: 'assigned.by-hand', reason: 'a person has assigned a release of this app since; it is left alone' };
  if (!ours) return { code: 'superseded', reason: 'a newer rollout has assigned a release of this app since; it is left alone' };
  if (target !== undefined) return undefined;
  return { code: 'release-unverified', reason: `what ran before, ${from.fromDigest}, is not verified by this manager's policy now, so the device is not sent back to it` };
}
