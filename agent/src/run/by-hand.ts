/** What a person at the device orders of one app, each alone for that app. Local: the fleet's record of good releases is not touched. */
import { type AppName, type Digest, Fault } from '@pier/shared/core';
import { obtain } from './obtain.ts';
import type { Perform, PerformDeps } from './perform.ts';
import { busyFault } from './resources/index.ts';
import type { Slot } from './slot.ts';
import type { Wanted } from '../store/index.ts';

/** `by`: the key's name, or who is claimed. */
export type StopOrder = { readonly app: AppName; readonly forS: number; readonly by: string };
export type DeployOrder = StopOrder & { readonly digest: Digest; readonly repository?: string | undefined };

/** Stops the app for a time. */
export async function stopByHand(slot: Slot, { forS, by }: StopOrder, wanted: Wanted): Promise<void> {
  slot.hold({ kind: 'stopped', by, forS, leftMs: forS * 1_000, attempt: wanted.attempt }, `stopped by ${by} for ${forS} s`);
  await slot.supervisor.stop(`stopped by ${by}`);
}

/** Ends a hold, and starts what is committed unless it runs. Faults: `conflict` when there is nothing, or it cannot start. */
export async function startByHand(slot: Slot, by: string, perform: Perform, turn: AbortSignal): Promise<void> {
  if (slot.record.hold) slot.release({ reason: `started by ${by}` });
  if (slot.supervisor.program && slot.supervisor.program.artifact.digest !== slot.record.current) await slot.supervisor.stop(`started by ${by}`);
  if (!slot.supervisor.program) await startNow(slot, perform, turn);
}

/** Stops and starts what runs. A stop by hand ends with it; what was deployed by hand stays. */
export async function restartByHand(slot: Slot, by: string, perform: Perform, turn: AbortSignal): Promise<void> {
  if (slot.record.hold?.kind === 'stopped') slot.release({ reason: `restarted by ${by}` });
  await slot.supervisor.stop(`restarted by ${by}`);
  await startNow(slot, perform, turn);
}

async function startNow(slot: Slot, perform: Perform, turn: AbortSignal): Promise<void> {
  const { current, progress, hold } = slot.record;
  const digest = hold?.kind === 'deployed' ? hold.digest : current;
  if (digest === null) throw new Fault('conflict', `app "${slot.app}" has no release on this device yet`);
  const soaking = hold?.kind === 'deployed' ? !hold.isProven : progress?.state === 'soaking' && progress.digest === digest;
  await perform.start({ do: 'start', digest, soaking }, slot, turn);
  if (!slot.supervisor.alive) throw new Fault('conflict', slot.record.progress?.reason?.reason ?? `app "${slot.app}" could not be started; it is tried again`);
}

/**
 * Runs another release in the place of what is committed, for a time, under the bindings that the app has. The old guest runs on
 * until the new one is fetched, verified and granted; if the new one cannot start, all is as it was before. Resolves when its guest runs.
 * Faults: those of the registry, the verdict's refusal, `line-busy`, `port-busy`, those of a start.
 */
export async function deployByHand(slot: Slot, order: DeployOrder, on: { readonly wanted: Wanted; readonly deps: PerformDeps; readonly turn: AbortSignal }): Promise<void> {
  const { wanted, deps, turn } = on;
  const { digest, forS, by } = order;
  const repository = order.repository ?? deps.store.releases.get(digest)?.repository ?? wanted.repository;
  // Nothing is pruned before the hold says that the release is needed.
  await deps.pruner.whileFetching(async () => {
    const verdict = await obtain(slot.app, { ...wanted, digest, repository }, { deps, signal: turn });
    if (!verdict.ok) throw new Fault(verdict.refusal.code, verdict.refusal.reason);
    const busy = deps.leases.conflict(slot.app, verdict.value.grant);
    if (busy) throw busyFault(busy, slot.app);
    const before = slot.holdTimer.now();
    slot.lastFault = undefined;
    slot.update({ hold: { kind: 'deployed', by, forS, leftMs: forS * 1_000, attempt: wanted.attempt, digest, repository, isProven: false } });
    try {
      await slot.supervisor.stop(`${by} deployed another release by hand`);
      await slot.supervisor.start(verdict.value, wanted.soakS);
    } catch (cause) {
      slot.update({ hold: before });
      throw cause;
    }
    // A guest that ended at once has ended its hold already.
    if (slot.supervisor.program !== verdict.value) throw slot.lastFault ?? new Fault('guest-exited', `the guest of ${digest} ended at once`);
    slot.event('app.held', { digest, reason: `${by} deployed ${verdict.value.artifact.version} by hand for ${forS} s` });
  });
}
