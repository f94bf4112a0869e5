/**
 * Works on running rollouts: offers to devices that are there and covered, takes back what was not taken up, ends what is
 * finished. Any number of replicas may do so at once: each rollout is worked on under its row's lock, a locked one is left
 * to whoever holds it, and devices are locked in the order of their ids.
 */
import { type Clock, type Log, AppName, DeviceId } from '@pier/shared/core';
import type { TrustPolicy } from '@pier/shared/signing';
import { InFlightState } from '@pier/shared/api';
import { type Db, inTransaction } from '../db/index.ts';
import { type Loop, assign, bindingsOf, lockDevices, startLoop } from '../device/index.ts';
import { consentTo } from './consent.ts';
import { assignAfter } from './fall-back.ts';
import { judge, overdue } from './rules.ts';
import {
  type Move, type ReleaseRow, type RolloutRow, countsOf, explainAbsent, lockRollout, overdueOf, reachableOf, reportedOf,
  runningRollouts, storeEnd, storeMoves, storeNextTick, storePause, waitingAt,
} from './store.ts';

export type EngineDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly schedulerPem: string;
  readonly policies: { policyInForce(): Promise<{ readonly policy: TrustPolicy } | undefined> };
  /** Called after commits that may have left something in the outbox. */
  readonly wakePublisher: () => void;
  /** How long a device may take to take an offer up. */
  readonly offerS?: number;
};

const beatMs = 1_000;
const rolloutsMax = 100;
/** Deployments moved in one transaction: short locks, and still one statement for many rows. */
const batchMax = 500;
const offerSDefault = 30;
const absent = { code: 'device.offline', reason: 'the device is offline; the release is offered once it is back' };

/** Ticks when woken, and every second: rollouts that are due then, all running ones when woken. */
export function startRolloutEngine(deps: EngineDeps): Loop {
  return startLoop({ clock: deps.clock, log: deps.log, name: 'rollouts', everyMs: beatMs, act: async (woken) => tick(deps, { all: woken }) });
}

/** One look at running rollouts. A rollout that cannot be worked on is logged and does not hold up the others. */
export async function tick(deps: EngineDeps, { all }: { all: boolean }): Promise<void> {
  const ids = await runningRollouts(deps.db, { dueMs: all ? null : deps.clock.nowMs(), limit: rolloutsMax });
  if (ids.length === 0) return;
  const policy = (await deps.policies.policyInForce())?.policy;
  for (const id of ids) {
    try {
      await tickOne(id, policy, deps);
    } catch (error) {
      deps.log.error({ rollout: id, error: error instanceof Error ? error.message : String(error) }, 'rollout.tick-failed');
    }
  }
  deps.wakePublisher();
}

/** Short transactions one after another, so that a large rollout holds no lock for long. */
async function tickOne(id: string, policy: TrustPolicy | undefined, deps: EngineDeps): Promise<void> {
  while ((await inTransaction(deps.db, (tx) => takeBackOverdue(tx, id, deps))) === batchMax);
  let after: string | undefined = '';
  while (after !== undefined) {
    const page: Work = { id, after, policy, deps };
    after = await inTransaction(deps.db, (tx) => work(tx, page));
  }
}

/** Ends what is past its deadline. Out: how many. */
async function takeBackOverdue(tx: Db, id: string, { clock, schedulerPem }: EngineDeps): Promise<number> {
  const nowMs = clock.nowMs();
  const locked = await lockRollout(tx, id);
  if (!locked) return 0;
  const suspects = await overdueOf(tx, { rolloutId: id, nowMs, limit: batchMax });
  if (suspects.length === 0) return 0;
  const ids = new Set(suspects.map((row) => row.deviceId));
  await lockDevices(tx, [...ids]);
  // Looked at again under the locks: a report may have moved some of them meanwhile.
  const rows = (await overdueOf(tx, { rolloutId: id, nowMs, limit: batchMax })).filter((row) => ids.has(row.deviceId));
  const reported = await reportedOf(tx, rows.map((row) => row.deviceId), locked.rollout.app);
  const moves = rows.map((from): Move => {
    const { state: to, reason } = overdue(InFlightState.parse(from.state));
    return { from, to, attempt: to === 'waiting' ? null : from.attempt, reason, deadlineAt: null, actor: `rollout:${id}` };
  });
  await storeMoves(tx, moves, nowMs);
  const offered = { id: locked.release.id, digest: locked.release.digest };
  const withdrawn = moves.filter(({ to }) => to === 'waiting');
  await assignAfter(tx, withdrawn.map(({ from }) => ({ device: from.deviceId, app: from.app, ended: 'waiting' as const, offered, soakS: locked.rollout.soakS, setBy: `rollout:${id}`, reported: reported.get(from.deviceId) })), { schedulerPem, nowMs });
  return suspects.length;
}

type Work = { readonly id: string; readonly after: string; readonly policy: TrustPolicy | undefined; readonly deps: EngineDeps };

/** One page of a rollout's waiting devices, and its end when it is finished. Out: where the next page starts, if there is one. */
async function work(tx: Db, { id, after, policy, deps }: Work): Promise<string | undefined> {
  const nowMs = deps.clock.nowMs();
  const locked = await lockRollout(tx, id);
  if (!locked) return undefined;
  if (locked.release.state !== 'verified') {
    await storePause(tx, id, { reason: { code: 'release-unverified', reason: locked.release.reasonText ?? 'the release is no longer verified' }, nowMs });
    return undefined;
  }
  const page = policy ? await reachableOf(tx, { rolloutId: id, after, limit: batchMax }) : [];
  if (policy && page.length > 0) await offer(tx, { ...locked, page, policy, deps, nowMs });
  if (page.length === batchMax) return page.at(-1);
  await explainAbsent(tx, { rolloutId: id, reason: absent, nowMs });
  await endIfFinished(tx, id, { deps, nowMs });
  await storeNextTick(tx, id, nowMs + beatMs);
  return undefined;
}

type Offer = { readonly rollout: RolloutRow; readonly release: ReleaseRow; readonly page: readonly string[]; readonly policy: TrustPolicy; readonly deps: EngineDeps; readonly nowMs: number };

/** Offers the release to the devices of a page whose owners agreed to all it asks for; the others wait and say why. */
async function offer(tx: Db, { rollout, release, page, policy, deps, nowMs }: Offer): Promise<void> {
  await lockDevices(tx, page);
  const waiting = await waitingAt(tx, { rolloutId: rollout.id, devices: page });
  const bindings = await bindingsOf(tx, page);
  const judged = waiting.map(({ deployment, profile }) => ({ deployment, consent: consentTo({ release, bindings: bindings.get(deployment.deviceId)?.get(release.app), profile, policy }) }));
  const covered = judged.filter(({ consent }) => consent.ok).map(({ deployment }) => deployment);
  const actor = `rollout:${rollout.id}`;
  const attempts = await assign(
    tx,
    covered.map((row) => ({ device: DeviceId.parse(row.deviceId), app: AppName.parse(row.app), releaseId: release.id, soakS: rollout.soakS, setBy: actor })),
    { schedulerPem: deps.schedulerPem, nowMs },
  );
  const deadlineAt = new Date(nowMs + (deps.offerS ?? offerSDefault) * 1_000);
  const offers = covered.map((from): Move => ({ from, to: 'offered', attempt: attempts.get(from.deviceId) ?? null, reason: null, deadlineAt, actor }));
  const refusals = judged.flatMap(({ deployment: from, consent }): Move[] => {
    if (consent.ok || (from.reasonCode === consent.refusal.code && from.reasonText === consent.refusal.reason)) return [];
    return [{ from, to: 'waiting', attempt: null, reason: consent.refusal, deadlineAt: null, actor }];
  });
  await storeMoves(tx, [...offers, ...refusals], nowMs);
  if (offers.length > 0) deps.log.info({ rollout: rollout.id, devices: offers.length }, 'rollout.offered');
}

async function endIfFinished(tx: Db, id: string, { deps, nowMs }: { deps: EngineDeps; nowMs: number }): Promise<void> {
  const counts = (await countsOf(tx, [id])).get(id)?.get(1) ?? {};
  const { state, reason } = judge(counts);
  if (state === 'running') return;
  await storeEnd(tx, id, { state, reason, nowMs });
  deps.log.info({ rollout: id, state, reason: reason?.reason }, 'rollout.ended');
}
