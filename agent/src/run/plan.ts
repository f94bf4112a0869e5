import type { Digest } from '@pier/shared/core';
import type { AttemptState } from '@pier/shared/wire';

/** What the desired document in force wants of one app. */
export type Goal = { readonly digest: Digest; readonly attempt: number; readonly rev: number };

/** Where the app is: from the store, and from the guest that runs. */
export type Actual = {
  readonly progress: { readonly attempt: number; readonly digest: Digest; readonly rev: number; readonly state: AttemptState } | undefined;
  /** The release that is committed to run, also after a reboot. */
  readonly current: Digest | undefined;
  /** The release that has a guest now, or is being restarted; whether the bindings of today still give it the same grant. */
  readonly running: { readonly digest: Digest; readonly consent: 'same' | 'changed' } | undefined;
  readonly lastGood: Digest | undefined;
};

/** A person's override. `deployed`: the release that it puts in the place of what is committed; without it the app is stopped. */
export type HoldNow = { readonly attempt: number; readonly isOver: boolean; readonly deployed: { readonly digest: Digest; readonly isProven: boolean } | undefined };

export type Step =
  /** Takes up the attempt: from here on it is what the device reports about. */
  | { readonly do: 'take'; readonly goal: Goal }
  /** Takes up the attempt of the release that is already healthy, without touching the guest. */
  | { readonly do: 'adopt'; readonly goal: Goal }
  /** Fetches, verifies and stores; the old guest runs on meanwhile. */
  | { readonly do: 'fetch'; readonly goal: Goal }
  /** Checks grant and imports, stops the old guest, starts the new one on probation. */
  | { readonly do: 'apply'; readonly goal: Goal }
  /** Starts what is committed, from the store; on probation when its soak was not over. */
  | { readonly do: 'start'; readonly digest: Digest; readonly soaking: boolean }
  | { readonly do: 'stop' }
  /** The hold by hand is over. */
  | { readonly do: 'release' }
  /** The consent has changed: stop, and start again with the new grant. */
  | { readonly do: 'rebind'; readonly digest: Digest }
  | { readonly do: 'forget' };

/**
 * The steps that bring one app from where it is to what is wanted. Pure: no clock, no disk, no network. Download comes
 * before downtime. After a step that fails the caller asks again.
 */
export function plan(goal: Goal | undefined, actual: Actual, hold?: HoldNow): readonly Step[] {
  if (goal === undefined) return actual.running ? [{ do: 'stop' }, { do: 'forget' }] : [{ do: 'forget' }];
  if (hold?.isOver) return [{ do: 'release' }];
  if (hold?.attempt === goal.attempt) return held(hold, actual);
  if (isNew(goal, actual)) return renewed(goal, actual, hold);
  if (hold) return [{ do: 'release' }];
  const onTheWay = actual.progress !== undefined && unapplied.has(actual.progress.state);
  return onTheWay ? [...keepRunning(goal, actual), { do: 'fetch', goal }, { do: 'apply', goal }] : keepRunning(goal, actual);
}

/** States of an attempt whose guest has not been started yet; after a crash they are gone through again. */
const unapplied: ReadonlySet<AttemptState> = new Set(['accepted', 'downloading', 'verifying', 'applying'] as const);

/** A failed release is tried again only under another attempt; a refused one with any other document. Revs fall only when a thief's stop counting. */
function isNew(goal: Goal, { progress }: Actual): boolean {
  if (progress?.attempt !== goal.attempt || progress.digest !== goal.digest) return true;
  return progress.state === 'refused' && goal.rev !== progress.rev;
}

/** While a person holds the app, the attempt waits. */
function held({ deployed }: HoldNow, actual: Actual): readonly Step[] {
  if (!deployed) return actual.running ? [{ do: 'stop' }] : [];
  return run({ digest: deployed.digest, soaking: !deployed.isProven }, actual);
}

function renewed(goal: Goal, actual: Actual, hold: HoldNow | undefined): readonly Step[] {
  const isGood = actual.lastGood === goal.digest || (hold?.deployed?.digest === goal.digest && hold.deployed.isProven);
  if (isGood && actual.running?.digest === goal.digest) return [{ do: 'adopt', goal }];
  return [{ do: 'take', goal }, ...keepRunning(goal, actual), { do: 'fetch', goal }, { do: 'apply', goal }];
}

/** What is committed runs, with the consent of today, while anything newer is on its way. */
function keepRunning(goal: Goal, actual: Actual): readonly Step[] {
  const { current, running, progress } = actual;
  if (current === undefined) return running ? [{ do: 'stop' }] : [];
  return run({ digest: current, soaking: progress?.state === 'soaking' && progress.digest === current && progress.attempt === goal.attempt }, actual);
}

function run({ digest, soaking }: { readonly digest: Digest; readonly soaking: boolean }, { running }: Actual): readonly Step[] {
  if (running?.digest === digest) return running.consent === 'same' ? [] : [{ do: 'rebind', digest }];
  return [...(running ? ([{ do: 'stop' }] as const) : []), { do: 'start', digest, soaking }];
}
