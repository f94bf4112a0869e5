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
  /** The consent has changed: stop, and start again with the new grant. */
  | { readonly do: 'rebind'; readonly digest: Digest }
  | { readonly do: 'forget' };

/**
 * The steps that bring one app from where it is to what is wanted. Pure: no clock, no disk, no network. Download comes
 * before downtime. After a step that fails the caller asks again.
 */
export function plan(goal: Goal | undefined, actual: Actual, held: boolean): readonly Step[] {
  if (goal === undefined) return actual.running ? [{ do: 'stop' }, { do: 'forget' }] : [{ do: 'forget' }];
  if (isNew(goal, actual)) return renewed(goal, actual);
  if (held) return actual.running ? [{ do: 'stop' }] : [];
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

function renewed(goal: Goal, actual: Actual): readonly Step[] {
  const healthy = actual.running?.digest === goal.digest && actual.lastGood === goal.digest;
  if (healthy) return [{ do: 'adopt', goal }];
  return [{ do: 'take', goal }, ...keepRunning(goal, actual), { do: 'fetch', goal }, { do: 'apply', goal }];
}

/** What is committed runs, with the consent of today, while anything newer is on its way. */
function keepRunning(goal: Goal, { current, running, progress }: Actual): readonly Step[] {
  if (current === undefined) return [];
  if (running === undefined) {
    const soaking = progress?.state === 'soaking' && progress.digest === current && progress.attempt === goal.attempt;
    return [{ do: 'start', digest: current, soaking }];
  }
  return running.consent === 'same' ? [] : [{ do: 'rebind', digest: running.digest }];
}
