import type { OnReported, Writer } from '../device/index.ts';
import type { Db } from '../db/index.ts';
import { DeploymentState } from '@pier/shared/api';
import { AppName } from '@pier/shared/core';
import type { Reported } from '@pier/shared/wire';
import { assignAfter } from './fall-back.ts';
import { type Next, advance, deadlineMs } from './rules.ts';
import { inFlightOf, storeMoves } from './store.ts';

type Open = Awaited<ReturnType<typeof inFlightOf>>[number];

/**
 * Moves a device's deployments by what it reported, in the transaction that stores the report: state, audit, assignment and
 * outbox are committed with it or not at all. The ingest holds the device's lock.
 */
export function advanceOnReport({ schedulerPem }: Pick<Writer, 'schedulerPem'>): OnReported {
  return async (tx, { device, reported, nowMs }) => {
    const moved = (await inFlightOf(tx, device)).flatMap((open) => {
      const next = advance({ state: stateOf(open), attempt: open.deployment.attempt, digest: open.digest }, appOf(open, reported));
      return next ? [{ open, next }] : [];
    });
    if (moved.length === 0) return false;
    await storeMoves(tx, moved.map(({ open, next }) => ({ from: open.deployment, to: next.state, attempt: open.deployment.attempt, reason: next.reason, deadlineAt: deadlineOf(open, next, nowMs), actor: `device:${device}` })), nowMs);
    for (const { open, next } of moved) await goBack(tx, { open, next, reported, writer: { schedulerPem, nowMs } });
    return true;
  };
}

function stateOf({ deployment }: Open): DeploymentState {
  return DeploymentState.parse(deployment.state);
}

function appOf({ deployment }: Open, reported: Reported) {
  return Object.hasOwn(reported.apps, deployment.app) ? reported.apps[AppName.parse(deployment.app)] : undefined;
}

function deadlineOf(open: Open, next: Next, nowMs: number): Date | null {
  const { soakS, deadlineS } = open.rollout;
  const ms = deadlineMs(stateOf(open), next.state, { nowMs, soakS, deadlineS, beforeMs: open.deployment.deadlineAt?.getTime() ?? null });
  return ms === null ? null : new Date(ms);
}

async function goBack(tx: Db, { open, next, reported, writer }: { open: Open; next: Next; reported: Reported; writer: Writer }): Promise<void> {
  if (next.state !== 'failed' && next.state !== 'refused') return;
  const { deployment, rollout, digest } = open;
  const offered = { id: rollout.releaseId, digest };
  await assignAfter(tx, [{ device: deployment.deviceId, app: deployment.app, ended: next.state, offered, soakS: rollout.soakS, setBy: `rollout:${rollout.id}`, reported: appOf(open, reported) }], writer);
}
