import type { AnswerOf, ReleaseDifference } from '@pier/shared/api';
import { ReleaseState } from '@pier/shared/api';
import { Asks, Limits, askDifference, permissionWords } from '@pier/shared/capability';
import { AppName, type Clock, Digest, Fault, KeyId, type Log, type Random, Version, check, isoTime } from '@pier/shared/core';
import { isRepository } from '@pier/shared/oci';
import * as z from 'zod';
import { type Db, inTransaction, newId } from '../db/index.ts';
import { type Handlers, type RequestOf, keyAfter, pageOf } from '../http/index.ts';
import type { Registry } from '../registry/index.ts';
import { judgeStored } from './judge.ts';
import type { Policies } from './policy.ts';
import { register, rejudge } from './register.ts';
import { useOf } from './use.ts';
import { type ReleaseRow, findByDigest, findRelease, lockApp, releasesBefore, storeWithdrawal } from './store.ts';

export type Release = AnswerOf<'getRelease'>;

export type Releases = {
  get(id: string): Promise<Release | undefined>;
  /** Judges anew what was judged under another policy: a key that was taken out must not vouch any longer. Out: how many changed. */
  rejudge(): Promise<number>;
  readonly handlers: Pick<Handlers, 'createRelease' | 'listReleases' | 'getRelease' | 'compareRelease' | 'useOfRelease' | 'withdrawRelease'>;
};

export type ReleaseDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: Registry;
  readonly policies: Pick<Policies, 'policyInForce'>;
  /** Called after a commit that took a release's trust away: rollouts of it must stop. */
  readonly wake: () => void;
};

/** Releases: artifacts of the registry with their names for ever, and whether the policy in force accepts them. */
export function openReleases(deps: ReleaseDeps): Releases {
  const { db } = deps;
  return {
    get: async (id) => {
      const row = await findRelease(db, id);
      return row && showRelease(row);
    },
    rejudge: async () => {
      const inForce = await deps.policies.policyInForce();
      const changed = inForce === undefined ? 0 : await rejudge({ ...deps, inForce });
      if (changed > 0) deps.wake();
      return changed;
    },
    handlers: {
      createRelease: (request) => createRelease(deps, request),
      listReleases: async ({ query: { limit, cursor, app } }) => {
        const rows = await releasesBefore(db, { before: keyAfter(cursor), app, limit: limit + 1 });
        return pageOf({ rows, limit, keyOf: (row) => row.id, show: showRelease });
      },
      getRelease: async ({ params }) => showRelease(await existing(db, params.id)),
      compareRelease: async ({ params, query }) => compare(await existing(db, query.from), await existing(db, params.id)),
      useOfRelease: async ({ params }) => useOf(db, await existing(db, params.id)),
      withdrawRelease: (request) => withdrawRelease(deps, request),
    },
  };
}

async function existing(db: Db, id: string): Promise<ReleaseRow> {
  const row = await findRelease(db, id);
  if (row === undefined) throw new Fault('not-found', `there is no release "${id}"`);
  return row;
}

async function createRelease({ db, clock, random, log, registry, policies, wake }: ReleaseDeps, { body, actor }: RequestOf<'createRelease'>): Promise<Release> {
  const { digest } = body;
  if (!isRepository(body.repository)) throw new Fault('input-invalid', `body: repository: "${body.repository}" is no repository name; write it without host, tag and digest`);
  // Devices fetch a verified release from where it was found first; the same bytes elsewhere do not move it.
  const known = await findByDigest(db, digest);
  const repository = known?.state === 'verified' ? known.repository : body.repository;
  const inForce = await policies.policyInForce();
  const judged = await judgeStored({ registry, repository, digest, inForce });
  const id = newId({ prefix: 'rel', clock, random });
  const { row, before } = await register(db, { id, repository, digest, judged, inForce, createdBy: actor.name, nowMs: clock.nowMs() });
  if (before?.state === 'verified' && row.state !== 'verified') wake();
  // A policy that came while this was judged has judged it already, by what was stored before.
  const renewed = await policies.policyInForce();
  if (renewed !== undefined && renewed.number !== inForce?.number && (await rejudge({ db, log, registry, inForce: renewed })) > 0) wake();
  log.info({ release: row.id, app: row.app, version: row.version, digest, state: row.state, code: row.reasonCode }, row.id === id ? 'release.created' : 'release.judged-again');
  return showRelease(renewed?.number === inForce?.number ? row : await existing(db, row.id));
}

/** Takes a release back for good; twice is once. */
async function withdrawRelease({ db, clock, log, wake }: ReleaseDeps, { params, body, actor }: RequestOf<'withdrawRelease'>): Promise<Release> {
  const { app } = await existing(db, params.id);
  // PostgreSQL's text takes no NUL.
  const remark = body.remark?.replaceAll('\0', '\uFFFD');
  const done = await inTransaction(db, async (tx) => {
    await lockApp(tx, app);
    return storeWithdrawal(tx, { id: params.id, by: actor.name, remark, nowMs: clock.nowMs() });
  });
  if (done === undefined) throw new Fault('not-found', `there is no release "${params.id}"`);
  if (done.changed) {
    log.info({ release: params.id, app, by: actor.name }, 'release.withdrawn');
    wake();
  }
  return showRelease(done.row);
}

function compare(from: ReleaseRow, to: ReleaseRow): ReleaseDifference {
  if (from.app !== to.app) throw new Fault('input-invalid', `query: from: release ${from.id} is of app ${from.app}, ${to.id} of app ${to.app}; two releases of one app are compared`);
  const { added, removed, changed } = askDifference(check(Asked, from, stored(from)), check(Asked, to, stored(to)));
  return { from: from.id, to: to.id, added: [...added], removed: [...removed], changed: [...changed] };
}

const stored = (row: ReleaseRow) => ({ what: `stored release ${row.id}`, code: 'internal' as const });
const Asked = z.object({ asks: Asks, limits: Limits });
const Facts = Asked.extend({ app: AppName, version: Version, digest: Digest, signedBy: z.object({ ids: z.array(KeyId) }), state: ReleaseState });

export function showRelease(row: ReleaseRow): Release {
  const { signedBy, ...facts } = check(Facts, row, stored(row));
  return {
    ...facts,
    id: row.id,
    counter: row.counter,
    repository: row.repository,
    sizeBytes: row.sizeBytes,
    permissions: permissionWords(facts.asks, facts.limits),
    reason: row.reasonCode === null ? null : { code: row.reasonCode, reason: row.reasonText ?? '' },
    signedBy: signedBy.ids,
    createdAt: isoTime(row.createdAt.getTime()),
  };
}
