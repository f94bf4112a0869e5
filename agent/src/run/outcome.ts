/** What the end of a soak, or of a guest, means for the app's record: which release is good, and to which the device returns. */
import type { Digest, Fault, Log } from '@pier/shared/core';
import type { Reason } from '@pier/shared/wire';
import type { Artifact } from '../artifact.ts';
import type { Progress, Store } from '../store/index.ts';
import type { Pruner } from './pruner.ts';
import type { Slot } from './slot.ts';
import type { Ending } from './supervisor.ts';

export type OutcomeDeps = { readonly store: Store; readonly log: Log; readonly pruner: Pruner };

/** The soak has passed. What a person deployed by hand has only proven itself to that person: floor and last good are the attempts'. */
export function soaked(slot: Slot, deps: OutcomeDeps): void {
  const { progress, hold } = slot.record;
  const artifact = slot.supervisor.program?.artifact;
  if (!artifact) return;
  if (hold?.kind === 'deployed' && hold.digest === artifact.digest) return slot.update({ hold: { ...hold, leftMs: slot.holdTimer.now()?.leftMs ?? hold.leftMs, isProven: true } });
  if (progress?.digest === artifact.digest) becomesGood(slot, { artifact, progress: withoutReason(progress) }, deps);
}

/** The release becomes the last good one, and nothing older may follow but the one before it. */
export function becomesGood(slot: Slot, { artifact, progress }: { readonly artifact: Artifact; readonly progress: Omit<Progress, 'state' | 'reason'> }, deps: OutcomeDeps): void {
  const { digest, version, counter } = artifact;
  deps.log.debug({ app: slot.app, digest }, 'step.soak-passed');
  deps.store.transaction(() => {
    const { lastGood, previousGood } = slot.record;
    deps.store.numbers.raiseFloor(slot.app, { counter, digest });
    slot.update({
      current: digest,
      lastGood: { digest, version, counter },
      previousGood: lastGood && lastGood.digest !== digest ? lastGood : previousGood,
      progress: { ...progress, state: 'proven' },
    });
  });
  deps.log.info({ app: slot.app, digest, attempt: progress.attempt }, 'app.proven');
  deps.log.debug({ app: slot.app, digest }, 'step.proven');
  deps.pruner.prune();
}

/** A guest on probation is gone, or could not start: the device goes back by itself. */
export function startFailed(slot: Slot, what: { readonly digest: Digest; readonly ending: Ending }, deps: OutcomeDeps): void {
  const { lastGood, current, hold } = slot.record;
  const { digest, ending } = what;
  if (hold?.kind === 'deployed' && hold.digest === digest) return handDeployFailed(slot, ending, deps);
  deps.log.warn({ app: slot.app, digest, code: ending.fault.code, reason: ending.fault.message }, 'app.soak-failed');
  deps.log.debug({ app: slot.app, digest }, 'step.soak-failed');
  deps.store.transaction(() => {
    slot.end('failed', reasonOf(ending.fault), { change: { current: lastGood?.digest ?? null }, about: aboutOf(ending) });
    if (lastGood && lastGood.digest !== current) rolledBack(slot, ending.fault, lastGood);
  });
  deps.log.debug({ app: slot.app, digest }, 'step.failed');
  deps.pruner.prune();
}

/**
 * A proven release ended badly too often. It is good no more: the device goes back to the one before, as after a failed
 * probation; without one it goes on trying, since a sick app may still be better than none. What a person deployed by hand ends its hold.
 */
export function regressed(slot: Slot, ending: Ending, deps: OutcomeDeps): void {
  const { progress, previousGood, lastGood, hold } = slot.record;
  const digest = slot.supervisor.program?.artifact.digest;
  if (hold?.kind === 'deployed' && hold.digest === digest) return handDeployFailed(slot, ending, deps);
  if (progress?.state !== 'proven' || progress.digest !== digest) return;
  const change = previousGood && lastGood?.digest === digest ? { current: previousGood.digest, lastGood: previousGood, previousGood: null } : {};
  deps.log.warn({ app: slot.app, digest, code: ending.fault.code, reason: ending.fault.message }, 'app.regressed');
  deps.store.transaction(() => {
    slot.end('failed', { code: ending.fault.code, reason: `it was proven, and has ended badly again and again since, at last so: ${ending.fault.message}` }, { change, about: aboutOf(ending) });
    if (change.lastGood) rolledBack(slot, ending.fault, change.lastGood);
  });
}

/** Back to what is desired. */
function handDeployFailed(slot: Slot, ending: Ending, deps: OutcomeDeps): void {
  slot.lastFault = ending.fault;
  deps.log.warn({ app: slot.app, code: ending.fault.code, reason: ending.fault.message }, 'app.hand-deploy-failed');
  slot.release({ ...aboutOf(ending), code: ending.fault.code, reason: `the release that was deployed by hand failed: ${ending.fault.message}` });
  deps.pruner.prune();
}

function rolledBack(slot: Slot, { code }: Fault, { digest, version }: { readonly digest: Digest; readonly version: string }): void {
  slot.event('app.rolled-back', { code, reason: `returned to ${version} (${digest})` });
}

/** What an event says of an end beside its reason. */
export function aboutOf({ lastOutput, safeMs }: Ending): { readonly lastOutput?: string[]; readonly safeMs?: number } {
  return { lastOutput: [...lastOutput], ...(safeMs === undefined ? {} : { safeMs }) };
}

export function reasonOf(fault: Fault): Reason {
  return { code: fault.code, reason: fault.message };
}

export function withoutReason<T extends { reason?: Reason | undefined }>(progress: T): Omit<T, 'reason'> {
  const { reason: _reason, ...rest } = progress;
  return rest;
}
