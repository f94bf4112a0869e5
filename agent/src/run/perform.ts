import { type Clock, type Digest, Fault, type FaultCode, type Log, type Random, type Verdict, backoffMs, toFault } from '@pier/shared/core';
import type { BoardProfile } from '@pier/shared/hardware';
import type { Reason } from '@pier/shared/wire';
import type { Verifier } from '../artifact.ts';
import type { Store, Wanted } from '../store/index.ts';
import type { Leases } from './lines.ts';
import type { Step } from './plan.ts';
import { type Program, loadProgram } from './program.ts';
import type { Pruner } from './pruner.ts';
import type { Runner } from './sandbox/index.ts';
import { type Slot, short } from './slot.ts';

export type PerformDeps = {
  readonly store: Store;
  readonly verifier: Verifier;
  readonly runner: Runner;
  readonly leases: Leases;
  readonly profile: () => BoardProfile;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly pruner: Pruner;
};

/** `again`: facts changed, the plan has to be made anew. `wait`: nothing more can be done until something happens. */
export type Performed = 'next' | 'again' | 'wait';

/** One executor for each step; a step without one does not compile. */
export type Perform = { readonly [K in Step['do']]: (step: Extract<Step, { do: K }>, slot: Slot, signal: AbortSignal) => Promise<Performed> };

export function createPerform(deps: PerformDeps): Perform {
  return {
    take: async ({ goal }, slot) => {
      const { progress, held } = slot.record;
      slot.supervisor.endProbation();
      slot.prepared = undefined;
      // A new attempt ends a stop by hand; the same one, offered again after a refusal, does not.
      slot.update({ progress: { attempt: goal.attempt, digest: goal.digest, rev: goal.rev, state: 'accepted' }, held: held && progress?.attempt === goal.attempt });
      return 'next';
    },
    adopt: async ({ goal }, slot) => {
      slot.update({ progress: { attempt: goal.attempt, digest: goal.digest, rev: goal.rev, state: 'proven' }, held: false });
      return 'again';
    },
    fetch: async (_step, slot, signal) => fetchRelease(slot, deps, signal),
    apply: async (_step, slot) => applyRelease(slot, deps),
    start: async ({ digest, soaking }, slot, signal) => startCommitted(slot, deps, { digest, soaking, signal }),
    stop: async (_step, slot) => {
      await slot.supervisor.stop();
      return 'next';
    },
    rebind: async ({ digest }, slot, signal) => {
      const soaking = slot.supervisor.state === 'soaking';
      await slot.supervisor.stop();
      return startCommitted(slot, deps, { digest, soaking, signal });
    },
    forget: async (_step, slot) => {
      deps.store.apps.remove(slot.app);
      deps.pruner.prune();
      return 'next';
    },
  };
}

/** What another try may cure without anybody's doing; everything else ends the attempt. */
const transient: ReadonlySet<FaultCode> = new Set(['unreachable', 'timed-out', 'registry-error', 'too-many-requests'] as const);
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
      const verdict = await obtain(slot, wanted, { deps, signal, onVerifying: () => slot.move('verifying') });
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
      await deps.clock.sleep(250 + backoffMs(tries, deps.random, retry), signal);
    }
  }
}

/** From the registry into the store and through every check, up to a program that could start. */
async function obtain(slot: Slot, wanted: Wanted, by: { deps: PerformDeps; signal: AbortSignal; onVerifying: () => void }): Promise<Verdict<Program>> {
  const { deps, signal } = by;
  return deps.pruner.whileFetching(async () => {
    const inspected = await deps.verifier.inspect({ app: slot.app, repository: wanted.repository, digest: wanted.digest }, signal);
    if (!inspected.ok) return inspected;
    await deps.verifier.download(inspected.value, signal);
    by.onVerifying();
    return loadProgram({ app: slot.app, digest: wanted.digest, bindings: wanted.bindings }, { ...deps, profile: deps.profile() });
  });
}

/** Replaces the guest. All that can be checked beforehand is, while the old one still runs. */
async function applyRelease(slot: Slot, deps: PerformDeps): Promise<Performed> {
  const { wanted } = slot.record;
  const program = slot.prepared;
  slot.prepared = undefined;
  if (wanted === null || program?.artifact.digest !== wanted.digest) return 'again';
  slot.move('applying');
  const busy = deps.leases.conflict(slot.app, program.grant);
  if (busy) return failed(slot, new Fault('line-busy', `${busy.at.chip} line ${busy.at.line} is held by app "${busy.holder}"`, { holder: busy.holder }), deps);
  await slot.supervisor.stop();
  try {
    await slot.supervisor.start(program, wanted.soakS);
  } catch (cause) {
    return failed(slot, toFault(cause), deps);
  }
  const { progress } = slot.record;
  if (progress?.digest === wanted.digest && slot.supervisor.program === program) slot.update({ current: wanted.digest, progress: { ...withoutReason(progress), state: 'soaking' } });
  return 'next';
}

/** Starts what is committed from the store, without a network unless the disk lost it. */
async function startCommitted(slot: Slot, deps: PerformDeps, what: { digest: Digest; soaking: boolean; signal: AbortSignal }): Promise<Performed> {
  const { wanted } = slot.record;
  if (wanted === null) return 'again';
  const verdict = await loadOrFetch(slot, deps, { ...what, wanted });
  if (!verdict.ok) {
    deps.log.error({ app: slot.app, digest: what.digest, ...verdict.refusal }, 'app.start-refused');
    noteUnstartable(slot, what.digest, verdict.refusal);
    return 'next';
  }
  try {
    await slot.supervisor.start(verdict.value, what.soaking ? wanted.soakS : undefined);
    return 'next';
  } catch (cause) {
    probationFailed(slot, toFault(cause), deps);
    return 'again';
  }
}

async function loadOrFetch(slot: Slot, deps: PerformDeps, what: { digest: Digest; wanted: Wanted; signal: AbortSignal }): Promise<Verdict<Program>> {
  const want = { app: slot.app, digest: what.digest, bindings: what.wanted.bindings };
  try {
    return await loadProgram(want, { ...deps, profile: deps.profile() });
  } catch (cause) {
    const fault = toFault(cause);
    if (fault.code !== 'digest-mismatch' && fault.code !== 'not-found') throw fault;
    deps.log.error({ app: slot.app, digest: what.digest, code: fault.code, reason: fault.message }, 'artifact.lost-on-disk');
    const repository = deps.store.releases.get(what.digest)?.repository ?? what.wanted.repository;
    return await obtain(slot, { ...what.wanted, digest: what.digest, repository }, { deps, signal: what.signal, onVerifying: () => {} });
  }
}

/** The release that should run may not, such as when its binding is gone: said once, and looked at again when something changes. */
function noteUnstartable(slot: Slot, digest: Digest, reason: Reason): void {
  const { progress } = slot.record;
  if (progress?.digest !== digest) return slot.event('app.failed', reason);
  if (progress.state === 'failed' && progress.reason?.code === reason.code) return;
  slot.end('failed', reason);
}

function refused(slot: Slot, reason: Reason, deps: PerformDeps): Performed {
  deps.log.warn({ app: slot.app, digest: slot.record.progress?.digest, ...reason }, 'artifact.refused');
  slot.end('refused', reason);
  deps.pruner.prune();
  return 'again';
}

function failed(slot: Slot, fault: Fault, deps: PerformDeps): Performed {
  deps.log.warn({ app: slot.app, digest: slot.record.progress?.digest, code: fault.code, reason: fault.message }, 'app.attempt-failed');
  slot.end('failed', reasonOf(fault));
  deps.pruner.prune();
  return 'again';
}

/** The soak has passed: the release becomes the last good one, and nothing older may follow. */
export function proven(slot: Slot, deps: Pick<PerformDeps, 'store' | 'log' | 'pruner'>): void {
  const { progress } = slot.record;
  const program = slot.supervisor.program;
  if (!program || progress?.digest !== program.artifact.digest) return;
  const { digest, version, counter } = program.artifact;
  deps.store.transaction(() => {
    deps.store.numbers.raiseFloor(slot.app, { counter, digest });
    slot.update({ current: digest, lastGood: { digest, version, counter }, progress: { ...withoutReason(progress), state: 'proven' } });
  });
  deps.log.info({ app: slot.app, digest, attempt: progress.attempt }, 'app.proven');
  deps.pruner.prune();
}

/** A guest on probation is gone: the device returns to its last good release by itself. */
export function probationFailed(slot: Slot, fault: Fault, deps: Pick<PerformDeps, 'store' | 'log' | 'pruner'>): void {
  const { lastGood, current } = slot.record;
  deps.log.warn({ app: slot.app, digest: current, code: fault.code, reason: fault.message }, 'app.soak-failed');
  deps.store.transaction(() => {
    slot.end('failed', reasonOf(fault), { current: lastGood?.digest ?? null });
    if (lastGood && lastGood.digest !== current) slot.event('app.rolled-back', { code: fault.code, reason: `returned to ${lastGood.version} (${lastGood.digest})` });
  });
  deps.pruner.prune();
}

function reasonOf(fault: Fault): Reason {
  return { code: fault.code, reason: fault.message };
}

function withoutReason<T extends { reason?: Reason | undefined }>(progress: T): Omit<T, 'reason'> {
  const { reason: _reason, ...rest } = progress;
  return rest;
}

