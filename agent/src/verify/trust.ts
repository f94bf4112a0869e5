import { Fault, type KeyId, type Log, type Verdict, accept } from '@pier/shared/core';
import { type Envelope, type TrustPolicy, openPolicy } from '@pier/shared/signing';
import type { Store } from '../store/index.ts';

/** The trust policy in force, pinned to the root key that the claim token named. */
export type Trust = {
  readonly policy: TrustPolicy;
  /** Puts a successor in force, durably. Refused: `policy-invalid`, also when its number is not above the one in force. */
  take(envelope: unknown): Verdict<TrustPolicy>;
};

/**
 * Opens the policy that the store holds, or the one that came with the enrolment when it is newer. Faults: `policy-invalid`
 * when neither can be opened, since without a policy nothing may be believed.
 */
export function openTrust({ store, enrolled, rootId, log }: { store: Store; enrolled: Envelope; rootId: KeyId; log: Log }): Trust {
  const first = openPolicy(enrolled, { rootId });
  const stored = openPolicy(store.settings.get('policy'), { rootId });
  let policy = newest(stored, first);
  if (!stored.ok || stored.value.policy.number < policy.number) store.settings.set('policy', enrolled);
  return {
    get policy() {
      return policy;
    },
    take: (envelope) => {
      const opened = openPolicy(envelope, { rootId, above: policy.number });
      if (!opened.ok) return opened;
      // The schema of an envelope was checked by opening it.
      store.settings.set('policy', envelope as Envelope);
      policy = opened.value.policy;
      log.info({ number: policy.number }, 'policy.taken');
      return accept(policy);
    },
  };
}

function newest(stored: Verdict<{ policy: TrustPolicy }>, first: Verdict<{ policy: TrustPolicy }>): TrustPolicy {
  if (stored.ok && first.ok) return stored.value.policy.number >= first.value.policy.number ? stored.value.policy : first.value.policy;
  if (stored.ok) return stored.value.policy;
  if (first.ok) return first.value.policy;
  throw new Fault(first.refusal.code, first.refusal.reason);
}
