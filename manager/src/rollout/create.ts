import { type Clock, type Random, Fault } from '@pier/shared/core';
import type { Release, RolloutPlan } from '@pier/shared/api';
import { parseSelector } from '@pier/shared/selector';
import type { TrustPolicy } from '@pier/shared/signing';
import type { SQL } from 'drizzle-orm';
import { type Db, inTransaction, newId, rollout, storeAudit, wave } from '../db/index.ts';
import { refuseNul } from '../device/index.ts';
import { whereSelector } from '../selector/index.ts';
import { type Planned, checkRelease, planRollout } from './plan/plan.ts';
import { analyzeDeployments, candidatesOf, idsAmong, lockSelected, storeDeployments, takeOver } from './plan/store.ts';
import { reasonOf } from './rules/index.ts';

export type RolloutDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly releases: { get(id: string): Promise<Release | undefined> };
  readonly policies: { policyInForce(): Promise<{ readonly policy: TrustPolicy } | undefined> };
  readonly schedulerPem: string;
  /** Called after commits that give the engine, or the publisher, something to do. */
  readonly wake: () => void;
};

/** From how many new deployments on the table's statistics are renewed at once. */
const analyzeFrom = 1_000;

/**
 * Starts a rollout, or plans one that has to be approved. A newer rollout of an app takes over devices that still wait in an
 * older one when it begins; devices at work in an older one are not torn out of it, and wait until it is done there. What it will do is `forecastRollout`'s sum, made again under the devices' locks.
 * Out: its id. Faults: `not-found` naming what there is not, `release-unverified`, `release-withdrawn`, `policy-missing`,
 * `selection-empty` naming the selector or the wave, `conflict` naming devices that are not active or held.
 */
export async function createRollout(deps: RolloutDeps, plan: RolloutPlan, actor: string): Promise<string> {
  const { db, clock } = deps;
  const { release, policy, where } = await readPlan(deps, plan);
  const id = newId({ prefix: 'rollout', ...deps });
  const nowMs = clock.nowMs();
  const planned = await inTransaction(db, async (tx) => {
    const ids = await lockSelected(tx, where);
    const found = await candidatesOf(tx, { where: idsAmong(ids), app: release.app, digest: release.digest });
    const made = planRollout({ plan, release, policy, ...found });
    await store(tx, { id, plan, release, made, actor, nowMs });
    return made;
  });
  // The first offers need not wait for the statistics.
  deps.wake();
  if (planned.taken.length >= analyzeFrom) await analyzeDeployments(db);
  return id;
}

/** What a plan names, found. Faults as of `createRollout`. */
export async function readPlan({ releases, policies }: Pick<RolloutDeps, 'releases' | 'policies'>, plan: RolloutPlan): Promise<{ release: Release; policy: TrustPolicy; where: SQL }> {
  refuseNul('rollout', plan.release, plan.name ?? '');
  const where = plan.selector === undefined ? idsAmong([...new Set(plan.devices)]) : whereSelector(parseSelector(plan.selector));
  const release = await releases.get(plan.release);
  if (!release) throw new Fault('not-found', `there is no release "${plan.release}"`);
  checkRelease(release);
  const inForce = await policies.policyInForce();
  if (!inForce) throw new Fault('policy-missing', 'there is no trust policy; without one nothing is offered to any device');
  return { release, policy: inForce.policy, where };
}

type Made = { readonly id: string; readonly plan: RolloutPlan; readonly release: Release; readonly made: Planned; readonly actor: string; readonly nowMs: number };

async function store(tx: Db, { id, plan, release, made, actor, nowMs }: Made): Promise<void> {
  const { app } = release;
  const { waves, taken, leftOut, approval } = made;
  // Until it is approved it is but a plan: what its devices wait for stays what it is.
  const superseded = approval ? 0 : await takeOver(tx, { id, app, devices: taken.map((one) => one.id), actor, nowMs });
  const now = new Date(nowMs);
  const { soakS, deadlineS, maxInFlight, onFailure, horizonS, mode, selector = null } = plan;
  const state = approval ? 'awaiting_approval' : 'running';
  await tx.insert(rollout).values({
    id, name: plan.name ?? `${app} ${release.version}`, releaseId: release.id, app, state, reasonCode: approval?.code ?? null, reasonText: approval?.reason ?? null,
    selector, mode, soakS, deadlineS, maxInFlight, onFailure, horizonS, nextTickAt: now, createdBy: actor, createdAt: now,
  });
  await tx.insert(wave).values(waves.map((one, index) => ({ rolloutId: id, n: index + 1, state: index === 0 ? 'active' : 'pending', plan: one.plan, openedAt: index === 0 && !approval ? now : null })));
  await storeDeployments(tx, { id, app, waves, nowMs, pending: reasonOf('rollout.wave-pending') });
  const detail = {
    release: release.id, digest: release.digest, devices: taken.length, waves: waves.map((one) => one.devices.length), selector, mode, soakS, deadlineS, maxInFlight, onFailure, horizonS,
    leftOut: leftOut.map(({ code, count }) => ({ code, count })), superseded, approval,
  };
  await storeAudit(tx, [{ actor, action: 'rollout.created', object: `rollout:${id}`, detail }], nowMs);
}
