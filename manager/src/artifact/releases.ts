import type { AnswerOf } from '@pier/shared/api';
import { Asks } from '@pier/shared/capability';
import { AppName, type Clock, Digest, Fault, KeyId, type Log, type Random, Version, check, isoTime, toFault } from '@pier/shared/core';
import { isRepository } from '@pier/shared/oci';
import * as z from 'zod';
import { type Db, newId } from '../db/index.ts';
import { type Handlers, type RequestOf, keyAfter, pageOf } from '../http/index.ts';
import type { Registry } from '../registry/index.ts';
import { type Judged, judgeScope, judgeStored } from './judge.ts';
import type { Policies } from './policy.ts';
import { type ReleaseRow, findByDigest, findRelease, judgedOtherwise, releasesBefore, repositoriesOf, rivalOf, storeRelease, storeVerdict } from './store.ts';

export type Release = AnswerOf<'getRelease'>;

export type Releases = {
  get(id: string): Promise<Release | undefined>;
  /** Judges anew what was judged under another policy: a key that was taken out must not vouch any longer. Out: how many changed. */
  rejudge(): Promise<number>;
  readonly handlers: Pick<Handlers, 'createRelease' | 'listReleases' | 'getRelease'>;
};

type Deps = { readonly db: Db; readonly clock: Clock; readonly random: Random; readonly log: Log; readonly registry: Registry; readonly policies: Pick<Policies, 'policyInForce'> };

/** Releases: artifacts of the registry with their names for ever, and whether the policy in force accepts them. */
export function openReleases(deps: Deps): Releases {
  const { db } = deps;
  const get = async (id: string): Promise<Release | undefined> => {
    const row = await findRelease(db, id);
    return row && showRelease(row);
  };
  return {
    get,
    rejudge: () => rejudge(deps),
    handlers: {
      createRelease: (request) => createRelease(deps, request),
      listReleases: async ({ query: { limit, cursor } }) => {
        const rows = await releasesBefore(db, { before: keyAfter(cursor), limit: limit + 1 });
        return pageOf({ rows, limit, keyOf: (row) => row.id, show: showRelease });
      },
      getRelease: async ({ params }) => {
        const found = await get(params.id);
        if (found === undefined) throw new Fault('not-found', `there is no release "${params.id}"`);
        return found;
      },
    },
  };
}

async function createRelease({ db, clock, random, log, registry, policies }: Deps, { body, actor }: RequestOf<'createRelease'>): Promise<Release> {
  const { digest } = body;
  if (!isRepository(body.repository)) throw new Fault('input-invalid', `body: repository: "${body.repository}" is no repository name; write it without host, tag and digest`);
  // Devices fetch a verified release from where it was found first; the same bytes elsewhere do not move it.
  const known = await findByDigest(db, digest);
  const repository = known?.state === 'verified' ? known.repository : body.repository;
  const judged = await judgeInScope(db, { registry, repository, digest, inForce: await policies.policyInForce(), isVerified: known?.state === 'verified' });
  if (judged.refusal === undefined) await refuseRival(db, judged, digest);
  const id = newId({ prefix: 'rel', clock, random });
  const row = await storeRelease(db, { id, repository, digest, judged, createdBy: actor.name, nowMs: clock.nowMs() }).catch((cause: unknown) => {
    throw isUniqueViolation(cause) ? conflictOf(judged, cause) : cause;
  });
  log.info({ release: row.id, app: row.app, version: row.version, digest, state: row.state, code: row.reasonCode }, row.id === id ? 'release.created' : 'release.judged-again');
  return showRelease(row);
}

type Place = Parameters<typeof judgeStored>[0] & { readonly isVerified: boolean };

/** What is verified keeps its app's name; what is to become so must come from the scope of the app's other verified releases. */
async function judgeInScope(db: Db, { isVerified, ...place }: Place): Promise<Judged> {
  const judged = await judgeStored(place);
  return isVerified ? judged : judgeScope(judged, { ...place, others: await repositoriesOf(db, { app: judged.claims.app, digest: place.digest }) });
}

async function refuseRival(db: Db, { claims }: Judged, digest: Digest): Promise<void> {
  const rival = await rivalOf(db, { ...claims, digest });
  if (rival === undefined) return;
  const same = rival.version === claims.version ? `version ${claims.version}` : `release counter ${claims.counter}`;
  throw new Fault('release-conflict', `${same} of ${claims.app} is already ${rival.digest} (release ${rival.id}); each names one artifact for ever, so build it under another`);
}

/** Two requests at once for rivals: the index is the last word. */
function conflictOf({ claims }: Judged, cause: unknown): Fault {
  return new Fault('release-conflict', `version ${claims.version} or release counter ${claims.counter} of ${claims.app} was taken by another artifact just now`, {}, cause);
}

function isUniqueViolation(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) if ('code' in error && error.code === '23505') return true;
  return false;
}

const batchMax = 100;

async function rejudge({ db, log, registry, policies }: Deps): Promise<number> {
  const inForce = await policies.policyInForce();
  if (inForce === undefined) return 0;
  let changed = 0;
  for (let after = ''; ; ) {
    const rows = await judgedOtherwise(db, { policyNumber: inForce.number, after, limit: batchMax });
    for (const row of rows) {
      const { judged, state } = await judgeRow({ db, row, registry, inForce });
      if (state !== row.state) {
        changed += 1;
        log.warn({ release: row.id, app: row.app, state, code: judged.refusal?.code }, 'release.state-changed');
      }
      await storeVerdict(db, row.id, judged).catch(async (cause: unknown) => {
        if (!isUniqueViolation(cause)) throw cause;
        const refusal = { code: 'release-conflict', reason: 'its version or counter is that of another verified release' } as const;
        await storeVerdict(db, row.id, { ...judged, signedBy: [], refusal });
      });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < batchMax) return changed;
    after = last.id;
  }
}

type Row = { db: Db; row: ReleaseRow; registry: Registry; inForce: NonNullable<Awaited<ReturnType<Policies['policyInForce']>>> };

async function judgeRow({ db, row, registry, inForce }: Row): Promise<{ judged: Omit<Judged, 'claims'>; state: 'verified' | 'rejected' }> {
  const digest = check(Digest, row.digest, stored(row));
  const judged = await judgeInScope(db, { registry, repository: row.repository, digest, inForce, isVerified: row.state === 'verified' }).catch((thrown: unknown): Omit<Judged, 'claims'> => {
    const { code, message } = toFault(thrown);
    return { signedBy: [], refusal: { code, reason: message }, policyNumber: inForce.number };
  });
  return { judged, state: judged.refusal === undefined ? 'verified' : 'rejected' };
}

const stored = (row: ReleaseRow) => ({ what: `stored release ${row.id}`, code: 'internal' as const });
const Facts = z.object({ app: AppName, version: Version, digest: Digest, asks: Asks, signedBy: z.object({ ids: z.array(KeyId) }), state: z.enum(['verified', 'rejected']) });

export function showRelease(row: ReleaseRow): Release {
  const { signedBy, ...facts } = check(Facts, row, stored(row));
  return {
    ...facts,
    id: row.id,
    counter: row.counter,
    repository: row.repository,
    sizeBytes: row.sizeBytes,
    reason: row.reasonCode === null ? null : { code: row.reasonCode, reason: row.reasonText ?? '' },
    signedBy: signedBy.ids,
    createdAt: isoTime(row.createdAt.getTime()),
  };
}
