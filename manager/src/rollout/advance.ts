import { and, eq, inArray, sql } from 'drizzle-orm';
import { AppName } from '@pier/shared/core';
import { DeploymentState, InFlightState, WavePlan } from '@pier/shared/api';
import type { Reported, ReportedApp } from '@pier/shared/wire';
import { type Db, assignment, deployment, release, rollout, wave } from '../db/index.ts';
import type { OnReported, Writer } from '../device/index.ts';
import { type Ended, assignAfter } from './fall-back.ts';
import { type Next, advance, deadlineMs } from './rules/index.ts';
import { type DeploymentRow, hurry, storeMoves } from './store.ts';

type Concerned = Awaited<ReturnType<typeof concernedOf>>[number];
type Moved = { readonly of: Concerned; readonly next: Next; readonly reported: ReportedApp | undefined };

/**
 * Moves devices' deployments by what they reported, in the transaction that stores the reports: state, audit, assignment and
 * outbox are committed with them or not at all. The ingest holds the devices' locks; a rollout's lock is never waited for
 * here, since the engine takes the two in the other order. As many statements for one device as for hundreds.
 */
export function advanceOnReport({ schedulerPem }: Pick<Writer, 'schedulerPem'>): OnReported {
  return async (tx, reports) => {
    const said = new Map(reports.map((report) => [report.device as string, report]));
    const moved = (await concernedOf(tx, [...said.keys()])).flatMap((of): Moved[] => {
      const report = said.get(of.deployment.deviceId);
      if (!report) return [];
      const reported = appIn(report.reported, of.deployment.app);
      const next = advance(heldOf(of), reported, report.nowMs);
      return next ? [{ of, next, reported }] : [];
    });
    if (moved.length === 0) return false;
    const nowMs = Math.max(...reports.map((report) => report.nowMs));
    await storeMoves(tx, moved.map((one) => moveOf(one, nowMs)), nowMs);
    for (const ends of byApp(moved)) await assignAfter(tx, ends, { schedulerPem, nowMs });
    await hurry(tx, [...new Set(moved.map(({ of }) => of.deployment.rolloutId))], nowMs);
    return true;
  };
}

/**
 * What devices are at work on, and what they have proven and still are assigned: the deployments that a report may move. Each is
 * found by the attempt that is assigned, however many deployments a device has behind it.
 */
async function concernedOf(tx: Db, devices: readonly string[]) {
  return tx
    .select({ deployment, digest: release.digest, releaseId: release.id, soakS: rollout.soakS, deadlineS: rollout.deadlineS, horizonS: rollout.horizonS, plan: wave.plan })
    .from(assignment)
    .innerJoin(deployment, and(eq(deployment.deviceId, assignment.deviceId), eq(deployment.app, assignment.app), eq(deployment.attempt, assignment.attempt)))
    .innerJoin(rollout, eq(rollout.id, deployment.rolloutId))
    .innerJoin(release, eq(release.id, rollout.releaseId))
    .innerJoin(wave, and(eq(wave.rolloutId, deployment.rolloutId), eq(wave.n, deployment.wave)))
    .where(and(sql`${assignment.deviceId} = any(${sql.param([...devices])}::text[])`, inArray(deployment.state, ['proven', ...InFlightState.options])));
}

function heldOf({ deployment: row, digest, horizonS }: Concerned) {
  return { state: stateOf(row), attempt: row.attempt, digest, target: row.fromDigest, provenMs: row.provenAt?.getTime() ?? null, horizonS };
}

function stateOf({ state }: DeploymentRow): DeploymentState {
  return DeploymentState.parse(state);
}

function appIn(reported: Reported, app: string): ReportedApp | undefined {
  return Object.hasOwn(reported.apps, app) ? reported.apps[AppName.parse(app)] : undefined;
}

function moveOf({ of, next }: Moved, nowMs: number) {
  const { deployment: from, deadlineS } = of;
  const ms = deadlineMs(stateOf(from), next.state, { nowMs, soakS: soakOf(of), deadlineS, beforeMs: from.deadlineAt?.getTime() ?? null });
  const proven = next.state === 'proven' ? { provenAt: new Date(nowMs) } : {};
  return { from, to: next.state, reason: next.reason, deadlineAt: ms === null ? null : new Date(ms), offers: 0, actor: `device:${from.deviceId}`, ...proven };
}

function soakOf({ plan, soakS }: Concerned): number {
  return WavePlan.parse(plan).soakS ?? soakS;
}

/** Those that ended badly, each app's together. */
function byApp(moved: readonly Moved[]): Ended[][] {
  const groups = new Map<string, Ended[]>();
  for (const { of, next, reported } of moved) {
    if (next.state !== 'failed' && next.state !== 'refused') continue;
    const { deviceId: device, app, rolloutId } = of.deployment;
    const end: Ended = { device, app, ended: next.state, offered: { id: of.releaseId, digest: of.digest }, before: of.deployment.fromDigest, soakS: soakOf(of), setBy: `rollout:${rolloutId}`, reported };
    groups.set(app, [...(groups.get(app) ?? []), end]);
  }
  return [...groups.values()];
}
