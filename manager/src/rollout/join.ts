import { type SQL, and, asc, eq, gt, inArray, sql } from 'drizzle-orm';
import { parseSelector } from '@pier/shared/selector';
import { InFlightState } from '@pier/shared/api';
import { type Db, assignment, deployment, device, rollout as rolloutTable, storeAudit } from '../db/index.ts';
import { type Writer, lockDevices } from '../device/index.ts';
import { whereSelector } from '../selector/index.ts';
import { takeOver } from './plan/store.ts';
import { type RolloutRow, type Shown, deploymentsIn, hasBegun, storeMoves } from './store.ts';
import { plansOf } from './waves.ts';

/**
 * Takes devices into a dynamic rollout that match only now: into the wave opened last, never into one before it. A device that
 * a newer rollout of the app has is that one's, and one at work for an older rollout comes when it is done there. One that a
 * person has assigned the app comes when it is given back, into the wave that it was taken out of.
 * Out: how many joined.
 */
export async function joinNew(tx: Db, { rollout }: Shown, { writer, limit }: { writer: Writer; limit: number }): Promise<number> {
  if (rollout.selector === null || !(await mayJoin(tx, rollout))) return 0;
  const fits = newcomers(rollout, rollout.selector);
  const seen = await tx.select({ id: device.id }).from(device).where(fits).orderBy(asc(device.id)).limit(limit);
  if (seen.length === 0) return 0;
  const ids = seen.map((row) => row.id);
  await lockDevices(tx, ids);
  const locked = await tx.select({ id: device.id }).from(device).where(and(fits, sql`${device.id} = any(${sql.param(ids)}::text[])`)).orderBy(asc(device.id));
  const devices = locked.map((row) => row.id);
  if (devices.length === 0) return 0;
  const { nowMs } = writer;
  const actor = `rollout:${rollout.id}`;
  const opened = (await plansOf(tx, rollout.id)).filter(({ state }) => state !== 'pending').at(-1)?.n ?? 1;
  await takeOver(tx, { id: rollout.id, app: rollout.app, devices, actor, nowMs });
  const back = await deploymentsIn(tx, { rolloutId: rollout.id, states: ['superseded'], devices });
  await storeMoves(tx, back.map((from) => ({ from, to: 'waiting' as const, reason: null, attempt: null, offers: 0, retryAt: null, actor })), nowMs);
  const known = new Set(back.map((row) => row.deviceId));
  const rows = devices.filter((id) => !known.has(id)).map((deviceId) => ({ rolloutId: rollout.id, deviceId, app: rollout.app, wave: opened, state: 'waiting', updatedAt: new Date(nowMs) }));
  if (rows.length > 0) await tx.insert(deployment).values(rows);
  await storeAudit(tx, [{ actor, action: 'rollout.joined', object: actor, detail: { wave: opened, devices } }], nowMs);
  return devices.length;
}

/** Whether devices join a rollout by matching later: one that is dynamic, unless a newer dynamic one of the app goes by the same selector. */
export async function mayJoin(tx: Db, { id, app, mode, selector }: RolloutRow): Promise<boolean> {
  if (mode !== 'dynamic' || selector === null) return false;
  const newer = and(eq(rolloutTable.app, app), gt(rolloutTable.id, id), eq(rolloutTable.mode, 'dynamic'), eq(rolloutTable.selector, selector), inArray(rolloutTable.state, ['running', 'paused', 'completed']));
  return (await tx.select({ id: rolloutTable.id }).from(rolloutTable).where(newer).limit(1)).length === 0;
}

/**
 * Active devices that the selector selects, that no person holds, and that are neither in this rollout, nor in a newer one that
 * has begun, nor at work for another. One whose own deployment here was superseded by no newer rollout was held by a person.
 */
function newcomers({ id, app }: RolloutRow, selector: string): SQL | undefined {
  const inFlight = sql.raw(InFlightState.options.map((state) => `'${state}'`).join(', '));
  return and(
    eq(device.state, 'active'),
    whereSelector(parseSelector(selector)),
    sql`not exists (select 1 from ${assignment} where ${assignment.deviceId} = ${device.id} and ${assignment.app} = ${app} and ${assignment.byHand})`,
    sql`not exists (select 1 from deployment other where other.device_id = ${device.id} and other.app = ${app} and (other.state in (${inFlight})
      or (other.rollout_id = ${id} and other.state <> 'superseded') or (other.rollout_id > ${id} and ${hasBegun('other')})))`,
  );
}
