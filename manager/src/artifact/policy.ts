import { desc, sql } from 'drizzle-orm';
import * as z from 'zod';
import type { PolicyDocument } from '@pier/shared/api';
import { type Clock, Fault, KeyId, type Log, check, isoTime, parseJson } from '@pier/shared/core';
import { Envelope, type TrustPolicy, keysOf, openPolicy } from '@pier/shared/signing';
import { type Db, inTransaction, policy, storeAudit } from '../db/index.ts';
import type { Handlers } from '../http/index.ts';

export type PolicyInForce = { readonly policy: TrustPolicy; readonly envelope: Envelope; readonly number: number; readonly rootId: KeyId };

/** Beside what it says, who put it here and when: nobody signs that. */
type StoredPolicy = PolicyInForce & { readonly setBy: string; readonly setAt: Date };

export type Policies = {
  /** The trust policy in force; undefined before the first. */
  policyInForce(): Promise<PolicyInForce | undefined>;
  readonly handlers: Pick<Handlers, 'getPolicy' | 'putPolicy' | 'getScheduler'>;
};

type Deps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly scheduler: { readonly id: KeyId; readonly publicPem: string };
  /** Called after a policy was committed, and when the one in force is put again. */
  readonly onChange: () => Promise<void>;
};

/**
 * The trust policy. The manager keeps it and hands it on; each device checks it against the root that its claim token named, so that
 * a manager that forges one gains nothing. The first one names its own root; later ones must be of the same root and have a higher number.
 */
export function openPolicies({ db, clock, log, scheduler, onChange }: Deps): Policies {
  return {
    policyInForce: () => readPolicy(db),
    handlers: {
      getPolicy: async () => {
        const inForce = await readPolicy(db);
        if (inForce === undefined) throw new Fault('policy-missing', 'no trust policy has been set yet; sign one with the policy key and put it here');
        return shown(inForce);
      },
      putPolicy: async ({ body, actor }) => {
        const { now, changed } = await inTransaction(db, async (tx) => {
          // Two first policies at once must not give two roots.
          await tx.execute(sql`lock table ${policy} in exclusive mode`);
          const before = await readPolicy(tx);
          if (before !== undefined && before.envelope.payload === body.payload) return { now: before, changed: false };
          const next = openNext({ envelope: body, before, schedulerId: scheduler.id });
          const set = { setBy: actor.name, setAt: new Date(clock.nowMs()) };
          await tx.insert(policy).values({ number: next.number, rootId: next.rootId, envelope: { ...body }, setBy: set.setBy, createdAt: set.setAt });
          await storeAudit(tx, [{ actor: actor.name, action: 'policy.set', object: `policy:${next.number}`, detail: { root: next.rootId } }], clock.nowMs());
          return { now: { ...next, ...set }, changed: true };
        });
        if (changed) log.info({ number: now.number, root: now.rootId }, 'policy.set');
        // Also for one that is there already: whoever says it again may do so because the first time was cut short.
        await onChange();
        return shown(now);
      },
      getScheduler: async () => ({ id: scheduler.id, pem: scheduler.publicPem }),
    },
  };
}

function shown({ policy: document, number, rootId, envelope, setBy, setAt }: StoredPolicy) {
  return { number, root: rootId, envelope, document: documentOf(document), setBy, setAt: isoTime(setAt.getTime()) };
}

function documentOf({ keys, scopes, bindings, permits, unsignedCommands, approvals }: TrustPolicy): PolicyDocument {
  return {
    keys: keys.map(({ id, name, role }) => ({ id, name, role })),
    scopes: scopes.map(({ prefix, keys: ids, threshold, capabilities }) => ({ prefix, keys: [...ids], threshold, capabilities: [...capabilities] })),
    bindings,
    permits,
    unsignedCommands,
    approvals: approvals ?? null,
  };
}

/** Checks a policy that shall follow `before`. Faults: `policy-invalid` with the reason. */
export function openNext({ envelope, before, schedulerId }: { envelope: Envelope; before: PolicyInForce | undefined; schedulerId: KeyId }): PolicyInForce {
  const rootId = before?.rootId ?? claimedRoot(envelope);
  const verdict = openPolicy(envelope, { rootId, ...(before === undefined ? {} : { above: before.number }) });
  if (!verdict.ok) throw new Fault(verdict.refusal.code, verdict.refusal.reason);
  const next = verdict.value.policy;
  if (!keysOf(next, 'scheduler').some((key) => key.id === schedulerId)) {
    throw new Fault('policy-invalid', `the policy does not list this manager's scheduler key ${schedulerId}, so no device would take what it sends; GET /api/v1/keys/scheduler shows the key`);
  }
  return { policy: next, envelope, number: next.number, rootId };
}

const RootClaim = z.object({ root: z.object({ id: KeyId }) });

function claimedRoot({ payload }: Envelope): KeyId {
  const what = { what: 'trust policy', code: 'policy-invalid' as const };
  try {
    return check(RootClaim, parseJson(Buffer.from(payload, 'base64'), what), what).root.id;
  } catch (thrown) {
    throw thrown instanceof Fault ? new Fault('policy-invalid', thrown.message) : thrown;
  }
}

async function readPolicy(db: Db): Promise<StoredPolicy | undefined> {
  const [row] = await db.select().from(policy).orderBy(desc(policy.number)).limit(1);
  if (row === undefined) return undefined;
  const envelope = check(Envelope, row.envelope, { what: `stored policy ${row.number}`, code: 'internal' });
  const rootId = check(KeyId, row.rootId, { what: `root of stored policy ${row.number}`, code: 'internal' });
  const verdict = openPolicy(envelope, { rootId });
  if (!verdict.ok) throw new Fault('internal', `stored policy ${row.number}: ${verdict.refusal.reason}`);
  return { policy: verdict.value.policy, envelope, number: row.number, rootId, setBy: row.setBy, setAt: row.createdAt };
}
