import { type SQL, and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { DeploymentState } from '@pier/shared/api';
import { type Db, assignment, deployment } from '../db/index.ts';
import { type VerbFacts, badEnds } from './rules/index.ts';
import { type DeploymentRow, type RolloutRow, type Shown, hasBegun } from './store.ts';
import { wavesOf, wordsOf } from './waves.ts';

/** What may be left out of a rollout: whatever no device is at work on, and nothing that is proven. */
export const excludableStates = ['waiting', 'offered', ...badEnds] as const satisfies readonly DeploymentState[];

/** What the verbs are judged by: counts of all devices, or of those that are named. */
export async function factsFor(db: Db, { rollout, release }: Shown, { actor, devices }: { actor: string; devices?: readonly string[] | undefined }): Promise<VerbFacts> {
  const waves = (await wavesOf(db, [rollout.id])).get(rollout.id) ?? [];
  const excludable = and(eq(deployment.rolloutId, rollout.id), inArray(deployment.state, [...excludableStates]), among(devices));
  const { id, createdBy, maxInFlight, reasonCode } = rollout;
  return {
    rollout: { id, createdBy, maxInFlight, reasonCode, ...wordsOf(rollout) },
    waves,
    releaseVerified: release.state === 'verified',
    actor,
    retryable: await countOf(db, retryable(rollout, devices)),
    excludable: await countOf(db, excludable),
  };
}

/** Devices that ended badly and may try again: a newer rollout of the app, or a person, has the last word where there is one. */
export async function retryableOf(db: Db, rollout: RolloutRow, devices: readonly string[] | undefined): Promise<DeploymentRow[]> {
  return db.select().from(deployment).where(retryable(rollout, devices)).orderBy(asc(deployment.deviceId));
}

function retryable({ id, app }: RolloutRow, devices: readonly string[] | undefined): SQL | undefined {
  return and(
    eq(deployment.rolloutId, id),
    inArray(deployment.state, [...badEnds]),
    among(devices),
    sql`not exists (select 1 from deployment newer where newer.device_id = ${deployment.deviceId} and newer.app = ${app} and newer.rollout_id > ${id} and ${hasBegun('newer')})`,
    sql`not exists (select 1 from ${assignment} where ${assignment.deviceId} = ${deployment.deviceId} and ${assignment.app} = ${app} and ${assignment.byHand})`,
  );
}

function among(devices: readonly string[] | undefined): SQL | undefined {
  return devices && sql`${deployment.deviceId} = any(${sql.param([...devices])}::text[])`;
}

async function countOf(db: Db, where: SQL | undefined): Promise<number> {
  const rows = await db.select({ count: sql<number>`count(*)::int` }).from(deployment).where(where);
  return rows[0]?.count ?? 0;
}
