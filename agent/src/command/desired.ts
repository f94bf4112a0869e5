/**
 * The attack this stops: whoever owns the broker, or another manager, telling this device what to run; and a document of
 * yesterday being played again. Pure.
 */
import { type DeviceId, type Digest, type FaultCode, type KeyId, type Verdict, accept, issuesOf, parseJson, refuse, toFault } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { Desired, payloadBytesMax } from '@pier/shared/wire';
import { type TrustPolicy, keysOf, openEnvelope, payloadTypes } from '@pier/shared/signing';

/** `revs`: the highest taken from each scheduler key; absent from a store that an older agent has written. */
export type Held = { readonly rev: number; readonly hash: Digest | null; readonly revs?: Readonly<Record<string, number>> | undefined };
export type JudgedDesired = { readonly kind: 'new'; readonly desired: Desired; readonly hash: Digest; readonly signedBy: readonly KeyId[] } | { readonly kind: 'same' };
/** `policy`: the policy number that a refused document names, given only when the document is proven to be a scheduler's. */
export type DesiredVerdict = Verdict<JudgedDesired> & { readonly policy?: number };

/**
 * Judges a payload of `down/desired`. The document that is already held, sent again, is the same and no news.
 * Refused: `desired-unsigned`, `untrusted-signer`, `desired-invalid`, `desired-stale`.
 */
export function judgeDesired(payload: Uint8Array, own: { readonly device: DeviceId; readonly policy: TrustPolicy; readonly held: Held }): DesiredVerdict {
  const envelope = envelopeIn(payload);
  if (!envelope.ok) return envelope;
  const opened = openEnvelope(envelope.value, { payloadType: payloadTypes.desired, keys: keysOf(own.policy, 'scheduler') });
  if (!opened.ok) return refuse(codeOf[opened.refusal.code] ?? 'desired-invalid', `desired document: ${opened.refusal.reason}`);
  const hash = digestOf(opened.value.payload);
  if (hash === own.held.hash) return accept({ kind: 'same' });
  const read = readDocument(opened.value.payload);
  if (!read.ok) return read;
  const desired = read.value;
  if (desired.device !== own.device) return refuse('desired-invalid', `the document is for device "${desired.device}", this is "${own.device}"`);
  const heldRev = countedRev(own.held, own.policy);
  if (desired.rev <= heldRev) return { ...refuse('desired-stale', `its rev ${desired.rev} is not above ${heldRev}, which this device has`), policy: desired.policy };
  return accept({ kind: 'new', desired, hash, signedBy: opened.value.keyIds });
}

/** The highest rev of the keys that are schedulers still: what a thief has signed stops counting when the policy drops his key. */
function countedRev({ rev, revs }: Held, policy: TrustPolicy): number {
  if (revs === undefined) return rev;
  return Math.max(0, ...keysOf(policy, 'scheduler').map(({ id }) => revs[id] ?? 0));
}

/** How an envelope's trouble is called here; signed as something else is no desired document. */
const codeOf: Partial<Record<FaultCode, FaultCode>> = { unsigned: 'desired-unsigned', 'untrusted-signer': 'untrusted-signer' };

/** The JSON of the payload, when it is at least shaped like an envelope. */
function envelopeIn(payload: Uint8Array): Verdict<unknown> {
  try {
    const json = parseJson(payload, { what: 'desired document', sizeBytesMax: payloadBytesMax * 4 });
    if (typeof json !== 'object' || json === null || !('payloadType' in json)) return refuse('desired-unsigned', 'the desired document is not in a signed envelope');
    return accept(json);
  } catch (cause) {
    return refuse('desired-invalid', toFault(cause).message);
  }
}

function readDocument(payload: Uint8Array): Verdict<Desired> {
  try {
    const read = Desired.safeParse(parseJson(payload, { what: 'desired document' }));
    return read.success ? accept(read.data) : refuse('desired-invalid', `desired document: ${issuesOf(read.error)}`);
  } catch (cause) {
    return refuse('desired-invalid', toFault(cause).message);
  }
}
