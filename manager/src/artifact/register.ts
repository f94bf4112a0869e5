import { Digest, Fault, type Log, check, toFault } from '@pier/shared/core';
import { type Db, inTransaction } from '../db/index.ts';
import type { Registry } from '../registry/index.ts';
import { type Judged, judgeScope, judgeStored } from './judge.ts';
import type { PolicyInForce } from './policy.ts';
import { type NewRelease, type ReleaseRow, findByDigest, findRelease, judgedOtherwise, lockApp, repositoriesOf, rivalOf, storeRelease, storeVerdict } from './store.ts';

type Verdict = Omit<Judged, 'claims'>;

/**
 * Stores what was judged, after a look at the app's other releases under its lock: two releases at once cannot both be the
 * first of their app. What is withdrawn stays so; devices fetch what is verified from where it was found first.
 * Faults: `release-conflict` when its version or counter names another artifact.
 */
export async function register(db: Db, { inForce, ...wanted }: NewRelease & { readonly inForce: PolicyInForce | undefined }): Promise<{ row: ReleaseRow; before: ReleaseRow | undefined }> {
  const { judged, digest, repository } = wanted;
  return inTransaction(db, async (tx) => {
    await lockApp(tx, judged.claims.app);
    const before = await findByDigest(tx, digest);
    if (before?.state === 'withdrawn' || (before?.state === 'verified' && before.repository !== repository)) return { row: before, before };
    const settled = await withinScope(tx, judged, { app: judged.claims.app, digest, repository, inForce, isVerified: before?.state === 'verified' });
    const rival = settled.refusal === undefined ? await rivalOf(tx, { ...judged.claims, digest }) : undefined;
    if (rival !== undefined) throw conflictWith(rival, judged);
    return { row: await storeRelease(tx, { ...wanted, judged: { ...judged, ...settled } }), before };
  });
}

type Place = { readonly app: string; readonly digest: string; readonly repository: string; readonly inForce: PolicyInForce | undefined; readonly isVerified: boolean };

/** What is verified keeps its app's name; what is to become so must come from the scope of the app's other releases. */
async function withinScope(tx: Db, verdict: Verdict, { isVerified, app, digest, repository, inForce }: Place): Promise<Verdict> {
  if (isVerified) return verdict;
  return judgeScope(verdict, { app, repository, inForce, others: await repositoriesOf(tx, { app, digest }) });
}

function conflictWith(rival: ReleaseRow, { claims }: Judged): Fault {
  const same = rival.version === claims.version ? `version ${claims.version}` : `release counter ${claims.counter}`;
  return new Fault('release-conflict', `${same} of ${claims.app} is already ${rival.digest} (release ${rival.id}); each names one artifact for ever, so build it under another`);
}

const batchMax = 100;

/** Judges anew what was judged under another policy than the one in force. Out: how many changed. */
export async function rejudge({ db, log, registry, inForce }: { db: Db; log: Log; registry: Registry; inForce: PolicyInForce }): Promise<number> {
  let changed = 0;
  for (let after = ''; ; ) {
    const rows = await judgedOtherwise(db, { policyNumber: inForce.number, after, limit: batchMax });
    for (const row of rows) {
      const verdict = await judgeAgain(row, { registry, inForce });
      const state = await inTransaction(db, async (tx) => storeAgain(tx, row, verdict, inForce));
      if (state === row.state) continue;
      changed += 1;
      log.warn({ release: row.id, app: row.app, state, code: verdict.refusal?.code }, 'release.state-changed');
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < batchMax) return changed;
    after = last.id;
  }
}

async function judgeAgain(row: ReleaseRow, { registry, inForce }: { registry: Registry; inForce: PolicyInForce }): Promise<Verdict> {
  const digest = check(Digest, row.digest, { what: `stored release ${row.id}`, code: 'internal' });
  return judgeStored({ registry, repository: row.repository, digest, inForce }).catch((thrown: unknown): Verdict => {
    const { code, message } = toFault(thrown);
    return { signedBy: [], refusal: { code, reason: message }, policyNumber: inForce.number };
  });
}

/** Out: the state that the release has now; it may have been withdrawn, or judged by somebody else, meanwhile. */
async function storeAgain(tx: Db, { id, app, version, counter, digest, repository }: ReleaseRow, verdict: Verdict, inForce: PolicyInForce): Promise<string> {
  await lockApp(tx, app);
  const isVerified = (await findRelease(tx, id))?.state === 'verified';
  const settled = await withinScope(tx, verdict, { app, digest, repository, inForce, isVerified });
  const rival = settled.refusal === undefined ? await rivalOf(tx, { app, version, counter, digest }) : undefined;
  const refusal = { code: 'release-conflict', reason: `its version or counter is that of release ${rival?.id}` } as const;
  await storeVerdict(tx, id, rival === undefined ? settled : { ...settled, signedBy: [], refusal });
  return (await findRelease(tx, id))?.state ?? 'rejected';
}
