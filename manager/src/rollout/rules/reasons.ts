/** Why a deployment waits: one code each, its words, and whether its device counts as absent meanwhile. */
import type { Refusal } from '@pier/shared/core';
import type { Reason } from '@pier/shared/wire';

/** Told by the engine, in the order in which it looks; the first that holds is shown. Those of `capability` carry the device's own words. */
export const waitingReasons = {
  'rollout.wave-pending': { absent: false, reason: 'its wave is not open yet' },
  'device.offline': { absent: true, reason: 'the device is offline; the release is offered once it is back' },
  'device.awaited': { absent: false, reason: 'the manager has started anew, and the device has not come back to it yet; the release is offered once it is back' },
  'assigned.by-hand': { absent: true, reason: 'a person assigned a release of this app to the device; rollouts leave it alone until that is released' },
  'app.held': { absent: true, reason: 'a person at the device stopped or replaced the app for a time; the release is offered when that ends' },
  'device.busy': { absent: false, reason: 'the device is at work for another rollout of this app' },
  'device.silent': { absent: true, reason: 'the device did not take up the last offer in time; it is offered again later, and at once after it was offline' },
  'policy.missing': { absent: true, reason: 'there is no trust policy yet; without one nothing is offered' },
  'policy.scope': { absent: true, reason: 'no scope of the trust policy covers where the app comes from' },
  'capability.unbound': { absent: true, reason: 'what the app asks for is not bound on this device' },
  'capability.mode': { absent: true, reason: 'the binding or the policy allows less than the app asks for' },
  'capability.reserved': { absent: true, reason: 'the app is bound to a line that the board keeps for itself' },
  'device.document-too-large': { absent: true, reason: 'with this app the document that says what the device should run would not fit into a message' },
  'rollout.capacity': { absent: false, reason: 'as many devices are at work as the rollout allows at once' },
} as const satisfies Record<string, { readonly absent: boolean; readonly reason: string }>;
export type WaitingCode = keyof typeof waitingReasons;

export function reasonOf(code: WaitingCode): Reason {
  return { code, reason: waitingReasons[code].reason };
}

/** Codes of devices that could not be offered anything: their wave does not wait for them beyond its share of present ones. */
export const absentCodes = (Object.keys(waitingReasons) as WaitingCode[]).filter((code) => waitingReasons[code].absent);

/** Codes that only an attempt to offer can find or lift: by looking at bindings and policy, and by writing the device's document. */
export const foundByOffering = ['policy.scope', 'capability.unbound', 'capability.mode', 'capability.reserved', 'device.document-too-large'] as const satisfies readonly WaitingCode[];

/** What a missing consent is called on a deployment that waits for it. */
export function reasonToWait(refusal: Refusal): Reason {
  return refusal.code === 'scope-unmatched' ? { code: 'policy.scope', reason: refusal.reason } : refusal;
}
