/**
 * A deployment is one device in one rollout; its state moves along this table and nothing else: by what the device reports
 * under the deployment's own attempt, by a deadline, by a verb, by a person's assignment, or by a newer rollout. Whatever writes
 * a state, row by row or many in one statement, holds it against this table first.
 */
import { type DeploymentState, InFlightState } from '@pier/shared/api';
import type { AttemptState, Reason, ReportedApp } from '@pier/shared/wire';

/** Where work may end that is in a device's hands. A person's assignment supersedes it at any step. */
const ends = ['failed', 'refused', 'timed_out', 'superseded'] as const;
/** What may become of a bad end: another try, out of the rollout, or back to what ran before. */
const afterBadEnd = ['waiting', 'excluded', 'rolling_back'] as const;

/** Where a deployment may go from where it is. Devices may jump forward, never back. */
export const transitions = {
  waiting: ['offered', 'excluded', 'cancelled', 'superseded'],
  offered: ['accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven', 'failed', 'refused', 'waiting', 'excluded', 'cancelled', 'superseded'],
  accepted: ['downloading', 'verifying', 'applying', 'soaking', 'proven', ...ends],
  downloading: ['verifying', 'applying', 'soaking', 'proven', ...ends],
  verifying: ['applying', 'soaking', 'proven', ...ends],
  applying: ['soaking', 'proven', ...ends],
  soaking: ['proven', ...ends],
  /** Late regression, and roll back; excluded where there is nothing to roll back to. */
  proven: ['failed', 'rolling_back', 'excluded'],
  failed: afterBadEnd,
  timed_out: afterBadEnd,
  refused: afterBadEnd,
  rolling_back: ['rolled_back', 'rollback_failed', 'superseded'],
  rolled_back: [],
  rollback_failed: [],
  excluded: [],
  cancelled: [],
  /** Given back by the person who had assigned the app by hand: a dynamic rollout takes the device in again. */
  superseded: ['waiting'],
} as const satisfies Record<DeploymentState, readonly DeploymentState[]>;

export function mayMove(from: DeploymentState, to: DeploymentState): boolean {
  const reachable: readonly DeploymentState[] = transitions[from];
  return reachable.includes(to);
}

/** Ended without proof, by the device or by the clock. */
export const badEnds = ['failed', 'refused', 'timed_out'] as const satisfies readonly DeploymentState[];
/** No longer of a wave: neither gates nor shares count them. */
export const leftOut = ['excluded', 'cancelled', 'superseded'] as const satisfies readonly DeploymentState[];
/** Work in the device's hands that nobody tears out. */
export const atWork = InFlightState.exclude(['offered', 'rolling_back']).options;

const open: readonly DeploymentState[] = ['waiting', ...InFlightState.options];

/** Nothing more is to come by itself: only a verb, or a late regression, moves it. */
export function isFinished(state: DeploymentState): boolean {
  return !open.includes(state);
}

export type Next = { readonly state: DeploymentState; readonly reason: Reason | null };

/** What a report is held against. `target` is what a roll back goes to; null takes the app off. */
export type Held = {
  readonly state: DeploymentState;
  readonly attempt: number | null;
  readonly digest: string;
  readonly target: string | null;
  readonly provenMs: number | null;
  readonly horizonS: number;
};

const unexplained: Reason = { code: 'internal', reason: 'the device gave no reason' };

/**
 * What a report makes of a deployment; undefined when it says nothing about it. A report counts only for the very attempt
 * and the very bytes that were offered: what a device tells of another attempt, or of another artifact, moves nothing.
 */
export function advance(held: Held, reported: ReportedApp | undefined, nowMs: number): Next | undefined {
  if (held.state === 'rolling_back') return returned(held, reported);
  if (!reported || reported.attempt === undefined || reported.attempt !== held.attempt) return undefined;
  if (held.state === 'proven') return regressed(held, reported, nowMs);
  if (!reported.state || reported.digest !== held.digest || !mayMove(held.state, reported.state)) return undefined;
  return { state: reported.state, reason: isBad(reported.state) ? (reported.reason ?? unexplained) : null };
}

/**
 * A proven release that fails later, within its horizon: told as such, or seen by the device being back at another one by itself.
 * One that is on its way to it once more is neither: a manager that was restored from a backup sends what it knew then.
 */
function regressed({ digest, provenMs, horizonS }: Held, reported: ReportedApp, nowMs: number): Next | undefined {
  if (provenMs === null || nowMs - provenMs > horizonS * 1_000) return undefined;
  if (reported.digest === digest && reported.state === 'failed') return { state: 'failed', reason: reported.reason ?? unexplained };
  if (reported.digest === digest && isAtWork(reported.state)) return undefined;
  const { running, lastGood, hold } = reported;
  const wentBack = !hold && running !== undefined && running.digest !== digest && lastGood !== undefined && lastGood.digest !== digest;
  return wentBack ? { state: 'failed', reason: { code: 'not-proven', reason: `the device went back to ${running.version} by itself` } } : undefined;
}

/** A roll back is done when its target is proven under its own attempt, or when the app that is taken off is gone. */
function returned({ attempt, target }: Held, reported: ReportedApp | undefined): Next | undefined {
  if (target === null) return reported === undefined ? { state: 'rolled_back', reason: null } : undefined;
  if (reported?.attempt === undefined || reported.attempt !== attempt || reported.digest !== target) return undefined;
  if (reported.state === 'proven') return { state: 'rolled_back', reason: null };
  return isBad(reported.state) ? { state: 'rollback_failed', reason: reported.reason ?? unexplained } : undefined;
}

function isAtWork(state: AttemptState | undefined): boolean {
  return state !== undefined && state !== 'proven';
}

function isBad(state: AttemptState | undefined): boolean {
  return state === 'failed' || state === 'refused';
}
