import { and, eq } from 'drizzle-orm';
import { type AppName, type DeviceId, Fault } from '@pier/shared/core';
import { type AnswerOf, InFlightState } from '@pier/shared/api';
import { type Db, assignment, device, inTransaction, release, storeAudit } from '../../db/index.ts';
import { assign, lockDevices, placeKey, refuseNul } from '../../device/index.ts';
import type { RequestOf } from '../../http/index.ts';
import type { RolloutDeps } from '../create.ts';
import { hurryJoins } from '../store.ts';
import { checkRelease } from './plan.ts';
import { supersede } from './store.ts';

const openStates = ['waiting', ...InFlightState.options] as const;

type Place = { readonly device: DeviceId; readonly app: AppName };

/**
 * A person says what a device runs of an app: the deployment that is open there gives way, and rollouts leave the app alone
 * there until it is given back. Out: the assignment. Faults: `not-found` naming the device or release, `device-pending`,
 * `device-revoked`, `release-unverified`, `release-withdrawn`, `input-invalid` for a release of another app, `too-large` for a device that has too much to run.
 */
export async function assignByHand(deps: RolloutDeps, { params, body, actor }: RequestOf<'assignApp'>): Promise<AnswerOf<'assignApp'>> {
  const place: Place = params;
  const { release: releaseId, soakS, remark } = body;
  refuseNul('body', releaseId ?? '', remark ?? '');
  const nowMs = deps.clock.nowMs();
  const attempt = await inTransaction(deps.db, async (tx) => {
    await lockActive(tx, place.device);
    const digest = releaseId === null ? null : await digestFor(tx, releaseId, place.app);
    const reason = { code: 'superseded', reason: `assigned by hand by ${actor.name}` };
    const superseded = await supersede(tx, { devices: [place.device], app: place.app, states: openStates, reason, actor: actor.name, nowMs });
    const { attempts } = await assign(tx, [{ ...place, releaseId, soakS, setBy: actor.name, byHand: true }], { schedulerPem: deps.schedulerPem, nowMs });
    const given = attempts.get(placeKey(place.device, place.app));
    if (given === undefined) throw new Fault('too-large', `with app ${place.app} the document for device "${place.device}" would not fit into a message; take an app off it, or bind fewer labels`);
    const detail = { app: place.app, release: releaseId, digest, attempt: given, soakS, superseded, remark: remark ?? null };
    await storeAudit(tx, [{ actor: actor.name, action: 'app.assigned', object: `device:${place.device}`, detail }], nowMs);
    return given;
  });
  deps.wake();
  return { ...place, release: releaseId, attempt, byHand: true };
}

/** Whoever withdraws the release, or judges it anew, waits meanwhile, or was first and is seen here. */
async function digestFor(tx: Db, id: string, app: AppName): Promise<string> {
  const [row] = await tx.select().from(release).where(eq(release.id, id)).for('share');
  if (!row) throw new Fault('not-found', `there is no release "${id}"`);
  if (row.app !== app) throw new Fault('input-invalid', `release "${id}" is of app ${row.app}, not of ${app}`);
  checkRelease({ app, version: row.version, state: row.state, reason: row.reasonCode === null ? null : { code: row.reasonCode, reason: row.reasonText ?? '' } });
  return row.digest;
}

async function lockActive(tx: Db, id: DeviceId): Promise<void> {
  await lockDevices(tx, [id]);
  const rows = await tx.select({ state: device.state }).from(device).where(eq(device.id, id));
  const state = rows[0]?.state;
  if (state === undefined) throw new Fault('not-found', `there is no device "${id}"`);
  if (state === 'pending') throw new Fault('device-pending', `device "${id}" waits for a person to let it in; nothing is assigned to it before`);
  if (state !== 'active') throw new Fault('device-revoked', `device "${id}" is ${state}; nothing is assigned to it any more`);
}

/** Gives an app on a device back to the rollouts; what runs there stays. Faults: `not-found` when no person holds it. */
export async function releaseHold(deps: RolloutDeps, { params, actor }: RequestOf<'releaseApp'>): Promise<null> {
  const place: Place = params;
  const nowMs = deps.clock.nowMs();
  await inTransaction(deps.db, async (tx) => {
    await lockDevices(tx, [place.device]);
    const released = await tx
      .update(assignment)
      .set({ byHand: false, updatedAt: new Date(nowMs) })
      .where(and(eq(assignment.deviceId, place.device), eq(assignment.app, place.app), eq(assignment.byHand, true)))
      .returning({ release: assignment.releaseId });
    const was = released[0];
    if (!was) throw new Fault('not-found', `nobody assigned app "${place.app}" by hand on device "${place.device}"; there is nothing to give back`);
    await storeAudit(tx, [{ actor: actor.name, action: 'app.released', object: `device:${place.device}`, detail: { app: place.app, release: was.release } }], nowMs);
    await hurryJoins(tx, place.app, nowMs);
  });
  deps.wake();
  return null;
}
