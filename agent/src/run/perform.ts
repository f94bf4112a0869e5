import { type Clock, type Digest, type Fault, type FaultCode, type Random, backoffMs, toFault } from '@pier/shared/core';
import type { Grant } from '@pier/shared/capability';
import type { Reason } from '@pier/shared/wire';
import { type ObtainDeps, loadOrObtain, obtain } from './obtain.ts';
import { becomesGood, reasonOf, startFailed, withoutReason } from './outcome.ts';
import type { Step } from './plan.ts';
import { type Conflict, type Leases, busyFault, isNamed } from './resources/index.ts';
import { type Slot, short } from './slot.ts';

export type PerformDeps = ObtainDeps & { readonly leases: Leases; readonly clock: Clock; readonly random: Random; /** What the device is has changed: an app is gone. */ readonly changed: () => void };

/** `again`: facts changed, the plan has to be made anew. `wait`: nothing more can be done until something happens. */
export type Performed = 'next' | 'again' | 'wait';

/** One executor for each step; a step without one does not compile. */
export type Perform = { readonly [K in Step['do']]: (step: Extract<Step, { do: K }>, slot: Slot, signal: AbortSignal) => Promise<Performed> };

export function createPerform(deps: PerformDeps): Perform {
  return {
    take: async ({ goal }, slot) => {
      slot.supervisor.endProbation();
      slot.prepared = undefined;
      const progress = { attempt: goal.attempt, digest: goal.digest, rev: goal.rev, state: 'accepted' } as const;
      if (slot.record.hold) slot.release({ reason: `attempt ${goal.attempt} is wanted now` }, { progress });
      else slot.update({ progress });
      deps.log.debug({ app: slot.app, attempt: goal.attempt }, 'step.attempt-taken');
      return 'next';
    },
    adopt: async ({ goal }, slot) => {
      const { program } = slot.supervisor;
      if (!program) return 'again';
      slot.supervisor.endProbation();
      deps.store.transaction(() => {
        if (slot.record.hold) slot.release({ reason: `attempt ${goal.attempt}, of the release that runs, is wanted now` });
        becomesGood(slot, { artifact: program.artifact, progress: { attempt: goal.attempt, digest: goal.digest, rev: goal.rev } }, deps);
      });
      return 'again';
    },
    release: async (_step, slot) => {
      const { hold } = slot.record;
      slot.release({ reason: `the ${hold?.forS} s of ${hold?.by} are over` });
      deps.pruner.prune();
      return 'again';
    },
    fetch: async (_step, slot, signal) => fetchRelease(slot, deps, signal),
    apply: async (_step, slot, signal) => applyRelease(slot, deps, signal),
    start: async ({ digest, soaking }, slot, signal) => startCommitted(slot, deps, { digest, soaking, signal }),
    stop: async (_step, slot) => {
      const { wanted, hold } = slot.record;
      await slot.supervisor.stop(wanted === null ? 'the app is not wanted any more' : hold === null ? 'another release takes its place' : `held by ${hold.by}`);
      return 'next';
    },
    rebind: async ({ digest }, slot, signal) => {
      const soaking = slot.supervisor.state === 'soaking';
      await slot.supervisor.stop('its bindings have changed');
      return startCommitted(slot, deps, { digest, soaking, signal });
    },
    forget: async (_step, slot) => {
      deps.store.apps.remove(slot.app);
      deps.log.debug({ app: slot.app }, 'step.forgotten');
      deps.pruner.prune();
      deps.changed();
      return 'next';
    },
  };
}

/** What another try may cure without anybody's doing; everything else ends the attempt. */
const transient: ReadonlySet<FaultCode> = new Set(['unreachable', 'timed-out', 'registry-error', 'too-many-requests', 'disk-full'] as const);
/** Faults that are about what was offered, and so refusals; the rest is the device's own trouble. */
const offered: ReadonlySet<FaultCode> = new Set(['digest-mismatch', 'manifest-invalid', 'artifact-unsupported', 'wasm-invalid', 'import-denied', 'too-large'] as const);
const mismatchTriesMax = 2;
const retry = { baseMs: 2_000, capMs: 60_000 };

/** Downloads and verifies until it worked, was refused, or the turn is interrupted; the old guest runs on. */
async function fetchRelease(slot: Slot, deps: PerformDeps, signal: AbortSignal): Promise<Performed> {
  const { wanted } = slot.record;
  if (wanted === null) return 'again';
  for (let tries = 0, mismatches = 0; ; tries += 1) {
    try {
      slot.move('downloading');
      const verdict = await obtain(slot.app, wanted, { deps, signal, onVerifying: () => slot.move('verifying') });
      if (!verdict.ok) return refused(slot, verdict.refusal, deps);
      slot.prepared = verdict.value;
      return 'next';
    } catch (cause) {
      signal.throwIfAborted();
      const fault = toFault(cause);
      if (fault.code === 'digest-mismatch') mismatches += 1;
      deps.log.warn({ app: slot.app, digest: wanted.digest, code: fault.code, reason: fault.message, tries }, 'artifact.fetch-failed');
      // One flipped bit on the way may be chance; the same again is what this registry serves.
      const again = transient.has(fault.code) || (fault.code === 'digest-mismatch' && mismatches < mismatchTriesMax);
      if (!again && offered.has(fault.code)) return refused(slot, reasonOf(fault), deps);
      if (!again) return failed(slot, fault, deps);
      slot.move('downloading', short(reasonOf(fault)));
      if (fault.code === 'disk-full') deps.pruner.prune();
      await deps.clock.sleep(250 + backoffMs(tries, deps.random, retry), signal);
    }
  }
}

/** Replaces the guest. All that can be checked beforehand is, while the old one still runs. */
async function applyRelease(slot: Slot, deps: PerformDeps, signal: AbortSignal): Promise<Performed> {
  const { wanted } = slot.record;
  const program = slot.prepared;
  slot.prepared = undefined;
  if (wanted === null || program?.artifact.digest !== wanted.digest) return 'again';
  slot.move('applying');
  deps.log.debug({ app: slot.app }, 'step.applying');
  const busy = await lastingConflict(slot, { grant: program.grant, signal }, deps);
  if (busy) return failed(slot, busyFault(busy, slot.app), deps);
  deps.runner.warmUp();
  await slot.supervisor.stop(`attempt ${wanted.attempt} takes its place`);
  deps.log.debug({ app: slot.app }, 'step.old-stopped');
  try {
    await slot.supervisor.start(program, wanted.soakS);
  } catch (cause) {
    return failed(slot, toFault(cause), deps);
  }
  deps.log.debug({ app: slot.app }, 'step.new-started');
  const { progress } = slot.record;
  if (progress?.digest === wanted.digest && slot.supervisor.program === program) slot.update({ current: wanted.digest, progress: { ...withoutReason(progress), state: 'soaking' } });
  deps.log.debug({ app: slot.app }, 'step.soaking');
  return 'next';
}

/** Another app stands in the way, and stays there. One that is to let go, in the same document perhaps, is waited for. */
async function lastingConflict(slot: Slot, { grant, signal }: { readonly grant: Grant; readonly signal: AbortSignal }, { leases, store, clock }: PerformDeps): Promise<Conflict | undefined> {
  const untilMs = clock.monotonicMs() + leavingMs;
  for (;;) {
    const busy = leases.conflict(slot.app, grant);
    const holder = busy && store.apps.get(busy.holder)?.wanted;
    const stays = holder ? isNamed(busy, holder.bindings) : false;
    if (!busy || stays || clock.monotonicMs() > untilMs) return busy;
    await clock.sleep(leavingLookMs, signal);
  }
}

/** As long as a guest's grace and its outputs' way into safety may take, several times over. */
const leavingMs = 15_000;
const leavingLookMs = 50;

/** Starts what is committed from the store, without a network unless the disk lost it. */
async function startCommitted(slot: Slot, deps: PerformDeps, what: { digest: Digest; soaking: boolean; signal: AbortSignal }): Promise<Performed> {
  const { wanted } = slot.record;
  if (wanted === null) return 'again';
  deps.runner.warmUp();
  const verdict = await loadOrObtain(slot.app, { ...wanted, digest: what.digest }, { deps, signal: what.signal });
  if (!verdict.ok) {
    deps.log.error({ app: slot.app, digest: what.digest, ...verdict.refusal }, 'app.start-refused');
    return noteUnstartable(slot, what.digest, verdict.refusal);
  }
  try {
    await slot.supervisor.start(verdict.value, what.soaking ? wanted.soakS : undefined);
    const { progress } = slot.record;
    if (progress?.state === 'proven' && progress.reason) slot.move('proven');
    deps.log.debug({ app: slot.app, digest: what.digest }, 'step.good-restarted');
    return 'next';
  } catch (cause) {
    startFailed(slot, { digest: what.digest, ending: { fault: toFault(cause), lastOutput: [], safeMs: undefined } }, deps);
    return 'again';
  }
}

/** The release that should run may not, such as when its binding is gone: said once, and looked at again when something changes. */
function noteUnstartable(slot: Slot, digest: Digest, reason: Reason): Performed {
  const { progress, hold } = slot.record;
  if (hold?.kind === 'deployed' && hold.digest === digest) {
    slot.release(reason);
    return 'again';
  }
  if (progress?.digest !== digest) slot.event('app.failed', { ...reason, digest });
  else if (progress.state === 'proven' && consentCodes.has(reason.code)) withholdConsent(slot, reason);
  else if (progress.state !== 'failed' || progress.reason?.code !== reason.code) slot.end('failed', reason);
  return 'next';
}

const consentCodes: ReadonlySet<string> = new Set(['capability.unbound', 'capability.mode', 'capability.reserved'] as const satisfies readonly FaultCode[]);

/** A person took a binding away from a release that was proven: it stands still and says why, and has not failed. */
function withholdConsent(slot: Slot, reason: Reason): void {
  if (slot.record.progress?.reason?.code === reason.code) return;
  slot.move('proven', reason);
  slot.event('app.held', reason);
}

function refused(slot: Slot, reason: Reason, deps: PerformDeps): Performed {
  deps.log.warn({ app: slot.app, digest: slot.record.progress?.digest, ...reason }, 'artifact.refused');
  slot.end('refused', reason);
  deps.log.debug({ app: slot.app }, 'step.refused');
  deps.pruner.prune();
  return 'again';
}

function failed(slot: Slot, fault: Fault, deps: PerformDeps): Performed {
  deps.log.warn({ app: slot.app, digest: slot.record.progress?.digest, code: fault.code, reason: fault.message }, 'app.attempt-failed');
  slot.end('failed', reasonOf(fault));
  deps.pruner.prune();
  return 'again';
}
