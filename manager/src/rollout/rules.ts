/**
 * The pure part of a rollout. A deployment is one device in one rollout; its state moves along this table and nothing else:
 * by what the device reports under the deployment's own attempt, by a deadline, or by a newer rollout.
 *
 * What happens to the assignment when a deployment ends badly:
 * - failed, refused: it goes back to the device's last good release under a new attempt, so that desired says what runs there
 *   (the device adopts it without a restart). Without a last good one it stays: the device holds still until a new attempt.
 * - offered and not taken up: it goes back to what the device says it runs, and the deployment waits again.
 * - timed out: it stays. The device may be half way; whatever it ends with is its own last good, and a newer rollout decides.
 */
import type { DeploymentState, InFlightState, Rollout } from '@pier/shared/api';
import type { Digest } from '@pier/shared/core';
import type { AttemptState, Reason, ReportedApp } from '@pier/shared/wire';

/** Where a deployment may go from where it is. Devices may jump forward, never back; what is finished stays so. */
export const transitions = {
  waiting: ['offered', 'cancelled', 'superseded'],
  offered: ['accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven', 'failed', 'refused', 'waiting', 'cancelled', 'superseded'],
  accepted: ['downloading', 'verifying', 'applying', 'soaking', 'proven', 'failed', 'refused', 'timed_out'],
  downloading: ['verifying', 'applying', 'soaking', 'proven', 'failed', 'refused', 'timed_out'],
  verifying: ['applying', 'soaking', 'proven', 'failed', 'refused', 'timed_out'],
  applying: ['soaking', 'proven', 'failed', 'refused', 'timed_out'],
  soaking: ['proven', 'failed', 'refused', 'timed_out'],
  proven: [],
  failed: [],
  timed_out: [],
  refused: [],
  cancelled: [],
  superseded: [],
} as const satisfies Record<DeploymentState, readonly DeploymentState[]>;

export function mayMove(from: DeploymentState, to: DeploymentState): boolean {
  const reachable: readonly DeploymentState[] = transitions[from];
  return reachable.includes(to);
}

export function isFinished(state: DeploymentState): boolean {
  return transitions[state].length === 0;
}

export type Next = { readonly state: AttemptState; readonly reason: Reason | null };

/**
 * What a report makes of a deployment; undefined when it says nothing about it. A report counts only for the very attempt
 * and the very bytes that were offered: what a device tells of another attempt, or of another artifact, moves nothing.
 */
export function advance(deployment: { readonly state: DeploymentState; readonly attempt: number | null; readonly digest: string }, reported: ReportedApp | undefined): Next | undefined {
  if (!reported?.state || reported.attempt === undefined) return undefined;
  if (reported.attempt !== deployment.attempt || reported.digest !== deployment.digest) return undefined;
  if (!mayMove(deployment.state, reported.state)) return undefined;
  const bad = reported.state === 'failed' || reported.state === 'refused';
  return { state: reported.state, reason: bad ? (reported.reason ?? { code: 'internal', reason: 'the device gave no reason' }) : null };
}

/** What a deadline that has passed makes of a state in flight. */
export function overdue(state: InFlightState): { readonly state: 'waiting' | 'timed_out'; readonly reason: Reason } {
  if (state === 'offered') return { state: 'waiting', reason: { code: 'device.silent', reason: 'the device did not take up the offer in time; it is offered again' } };
  return { state: 'timed_out', reason: { code: 'timed-out', reason: `the device was still ${state} when its time was up` } };
}

type Times = { readonly nowMs: number; readonly soakS: number; readonly deadlineS: number; readonly beforeMs: number | null };

/** Until when a deployment may be in its new state. Work has one deadline from its start on; the soak adds its own length to it. */
export function deadlineMs(from: DeploymentState, to: DeploymentState, { nowMs, soakS, deadlineS, beforeMs }: Times): number | null {
  if (isFinished(to) || to === 'waiting') return null;
  if (to === 'soaking') return nowMs + (soakS + deadlineS) * 1_000;
  return from === 'offered' || beforeMs === null ? nowMs + deadlineS * 1_000 : beforeMs;
}

/** Which release an assignment goes back to: a digest, `keep` for none, or `remove` where nothing of the app is there. */
export type FallBack = { readonly to: Digest } | 'keep' | 'remove';

export function fallBack(ended: 'failed' | 'refused' | 'waiting', offered: string, reported: ReportedApp | undefined): FallBack {
  const before = ended === 'waiting' ? (reported?.running?.digest ?? reported?.lastGood?.digest) : reported?.lastGood?.digest;
  if (before === undefined) return ended === 'waiting' ? 'remove' : 'keep';
  return before === offered ? 'keep' : { to: before };
}

export type Counts = { readonly [S in DeploymentState]?: number };

export type Judged = { readonly state: Extract<Rollout['state'], 'running' | 'completed' | 'failed'>; readonly reason: Reason | null };

/** What the states of all its deployments make of a rollout: waiting ones keep it running, success is every one proven. */
export function judge(counts: Counts): Judged {
  const entries = Object.entries(counts).filter(([, count]) => count > 0) as [DeploymentState, number][];
  if (entries.some(([state]) => !isFinished(state))) return { state: 'running', reason: null };
  const bad = entries.filter(([state]) => state !== 'proven');
  if (bad.length === 0) return { state: 'completed', reason: null };
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  return { state: 'failed', reason: { code: 'not-proven', reason: `of ${total} devices: ${bad.map(([state, count]) => `${count} ${state.replace('_', ' ')}`).join(', ')}` } };
}
