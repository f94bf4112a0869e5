/**
 * The attack this stops: whoever owns the broker, or another manager, telling this device what to run; and a document of
 * yesterday being played again. Pure.
 */
import { type DeviceId, type Digest, type FaultCode, type Verdict, accept, digestOf, issuesOf, parseJson, refuse, toFault } from '@pier/shared/core';
import { Desired, payloadBytesMax } from '@pier/shared/wire';
import { type TrustPolicy, keysOf, openEnvelope, payloadTypes } from '@pier/shared/signing';

export type Held = { readonly rev: number; readonly hash: Digest | null };
export type JudgedDesired = { readonly kind: 'new'; readonly desired: Desired; readonly hash: Digest } | { readonly kind: 'same' };

/**
 * Judges a payload of `down/desired`. The document that is already held, sent again, is the same and no news.
 * Refused: `desired-unsigned`, `untrusted-signer`, `desired-invalid`, `desired-stale`.
 */
export function judgeDesired(payload: Uint8Array, own: { readonly device: DeviceId; readonly policy: TrustPolicy; readonly held: Held }): Verdict<JudgedDesired> {
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
  if (desired.rev <= own.held.rev) return refuse('desired-stale', `its rev ${desired.rev} is not above ${own.held.rev}, which this device has`);
  return accept({ kind: 'new', desired, hash });
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
