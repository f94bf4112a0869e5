/** Offers taken back and deadlines that have passed. */
import { inArray } from 'drizzle-orm';
import { type DeploymentState, InFlightState } from '@pier/shared/api';
import type { Reason } from '@pier/shared/wire';
import { type Db, deviceLive } from '../db/index.ts';
import { type Writer, lockDevices } from '../device/index.ts';
import { assignAfter } from './fall-back.ts';
import { overdue, retryAfterMs } from './rules/index.ts';
import { type DeploymentRow, type Move, type Shown, overdueOf, reportedOf, storeMoves, takenSince } from './store.ts';
import { plansOf, soakOf } from './waves.ts';

/** What becomes of an offer that is taken back: it waits again, or the device is out of the rollout. */
export type TakenBack = { readonly to: Extract<DeploymentState, 'waiting' | 'excluded' | 'cancelled'>; readonly reason: Reason | null };

/** Takes offers back: devices are assigned again what they run. The caller holds their locks. */
export async function takeBack(tx: Db, of: Shown, { rows, to, reason, actor, writer }: TakenBack & { rows: readonly DeploymentRow[]; actor: string; writer: Writer }): Promise<void> {
  const moves = rows.map((from): Move => ({ from, to, reason, attempt: null, actor }));
  await storeAndGoBack(tx, of, { moves, writer });
}

/** Ends what is past its deadline; offers wait again, each time longer. Out: how many were looked at. */
export async function endOverdue(tx: Db, of: Shown, { writer, limit }: { writer: Writer; limit: number }): Promise<number> {
  const { nowMs } = writer;
  const suspects = await overdueOf(tx, { rolloutId: of.rollout.id, nowMs, limit });
  if (suspects.length === 0) return 0;
  const ids = new Set(suspects.map((row) => row.deviceId));
  await lockDevices(tx, [...ids]);
  // Looked at again under the locks: a report may have moved some of them meanwhile.
  const rows = (await overdueOf(tx, { rolloutId: of.rollout.id, nowMs, limit })).filter((row) => ids.has(row.deviceId));
  const online = await onlineOf(tx, rows.map((row) => row.deviceId));
  await storeAndGoBack(tx, of, { moves: rows.map((row) => moveOf(row, { online: online.has(row.deviceId), nowMs })), writer });
  return suspects.length;
}

async function onlineOf(tx: Db, ids: readonly string[]): Promise<Set<string>> {
  const rows = ids.length === 0 ? [] : await tx.select({ id: deviceLive.deviceId, online: deviceLive.online }).from(deviceLive).where(inArray(deviceLive.deviceId, [...ids]));
  return new Set(rows.filter((row) => row.online).map((row) => row.id));
}

function moveOf(from: DeploymentRow, { online, nowMs }: { online: boolean; nowMs: number }): Move {
  const { state: to, reason } = overdue(InFlightState.parse(from.state), { online });
  const actor = `rollout:${from.rolloutId}`;
  if (to !== 'waiting') return { from, to, reason, actor };
  const offers = online ? from.offers + 1 : 0;
  return { from, to, reason, actor, attempt: null, offers, retryAt: online ? new Date(nowMs + retryAfterMs(offers)) : null };
}

/** Stores the moves; what was offered and is no more gets its former assignment back. Where a newer rollout has the device, nothing waits here. */
async function storeAndGoBack(tx: Db, { rollout, release }: Shown, { moves, writer }: { moves: readonly Move[]; writer: Writer }): Promise<void> {
  const offers = moves.filter(({ from }) => from.state === 'offered').map(({ from }) => from.deviceId);
  const taken = await takenSince(tx, { rolloutId: rollout.id, app: rollout.app, devices: offers });
  const superseded: Reason = { code: 'superseded', reason: 'a newer rollout took over this device' };
  const made = await storeMoves(tx, moves.map((move) => (move.to === 'waiting' && taken.has(move.from.deviceId) ? { ...move, to: 'superseded' as const, reason: superseded, retryAt: null } : move)), writer.nowMs);
  const withdrawn = made.filter(({ from }) => from.state === 'offered').map(({ from }) => from);
  if (withdrawn.length === 0) return;
  const reported = await reportedOf(tx, withdrawn.map((row) => row.deviceId), rollout.app);
  const waves = await plansOf(tx, rollout.id);
  const ends = withdrawn.map((row) => ({
    device: row.deviceId, app: row.app, ended: 'withdrawn' as const, offered: { id: release.id, digest: release.digest }, before: row.fromDigest,
    soakS: soakOf(waves, row.wave, rollout.soakS), setBy: `rollout:${rollout.id}`, reported: reported.get(row.deviceId),
  }));
  await assignAfter(tx, ends, writer);
}
