/** Deadlines: nothing stays in progress for ever. */
import type { DeploymentState, InFlightState } from '@pier/shared/api';
import type { Reason } from '@pier/shared/wire';
import { isFinished } from './deployment.ts';
import { reasonOf } from './reasons.ts';

/** What a deadline that has passed makes of a state in flight. */
export function overdue(state: InFlightState, { online }: { readonly online: boolean }): { readonly state: 'waiting' | 'timed_out' | 'rollback_failed'; readonly reason: Reason } {
  if (state === 'offered') return { state: 'waiting', reason: reasonOf(online ? 'device.silent' : 'device.offline') };
  const away = online ? '' : '; it is offline, and gets the document when it is back';
  if (state === 'rolling_back') return { state: 'rollback_failed', reason: { code: 'timed-out', reason: `the device had not gone back when its time was up${away}` } };
  return { state: 'timed_out', reason: { code: 'timed-out', reason: `the device was still ${state} when its time was up` } };
}

type Times = { readonly nowMs: number; readonly soakS: number; readonly deadlineS: number; readonly beforeMs: number | null };

/** Until when a deployment may be in its new state. Work has one deadline from its start on; the soak adds its own length to it. */
export function deadlineMs(from: DeploymentState, to: DeploymentState, { nowMs, soakS, deadlineS, beforeMs }: Times): number | null {
  if (isFinished(to) || to === 'waiting') return null;
  // The way back is one step of the device's own: it fetches, applies and soaks.
  if (to === 'soaking' || to === 'rolling_back') return nowMs + (soakS + deadlineS) * 1_000;
  return from === 'offered' || beforeMs === null ? nowMs + deadlineS * 1_000 : beforeMs;
}

const retryFirstMs = 30_000;
const retryMaxMs = 600_000;

/**
 * How long a device is left in peace that did not take up its last offers though it was online: 30 s, doubling to 10 min.
 * A device that goes offline starts anew, so that it is offered at once when it is back.
 */
export function retryAfterMs(offers: number): number {
  return Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(Math.max(offers - 1, 0), 10));
}
