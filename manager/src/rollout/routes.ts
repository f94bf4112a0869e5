import { and, asc, eq, gt } from 'drizzle-orm';
import { Fault } from '@pier/shared/core';
import { type Rollout, rolloutVerbs } from '@pier/shared/api';
import { type Db, deployment, inTransaction } from '../db/index.ts';
import { refuseNul, showDeployment } from '../device/index.ts';
import { type Handlers, keyAfter, pageOf } from '../http/index.ts';
import { actOn } from './acts.ts';
import type { RolloutDeps } from './create.ts';
import { contrastOf } from './contrast.ts';
import { factsFor } from './facts.ts';
import { planHandlers } from './plan/index.ts';
import { progressOf } from './progress.ts';
import { judgeVerb } from './rules/index.ts';
import { type Shown, oneRollout, pageOfRollouts } from './store.ts';
import { showRollouts } from './view.ts';

type Answered = 'listRollouts' | 'getRollout' | 'listDeployments' | 'contrastRollout' | 'progressRollout' | 'previewRollout' | 'actOnRollout' | 'createRollout' | 'forecastRollout' | 'assignApp' | 'releaseApp';

/** The routes under /rollouts, and those by which a person says what one device runs. */
export function rolloutHandlers(deps: RolloutDeps): Pick<Handlers, Answered> {
  const { db, clock, schedulerPem, wake } = deps;
  return {
    ...planHandlers(deps),
    listRollouts: async ({ query: { limit, cursor, ...which } }) => {
      refuseNul('query: release', which.release ?? '');
      const rows = await pageOfRollouts(db, { ...which, before: keyAfter(cursor), limit: limit + 1 });
      const page = pageOf({ rows, limit, keyOf: (row) => row.rollout.id, show: (row) => row });
      return { items: await showRollouts(db, page.items), next: page.next };
    },
    getRollout: async ({ params }) => show(db, params.id),
    listDeployments: async ({ params, query: { limit, cursor, wave, state } }) => {
      await known(db, params.id);
      const rows = await db
        .select()
        .from(deployment)
        .where(and(
          eq(deployment.rolloutId, params.id),
          gt(deployment.deviceId, keyAfter(cursor) ?? ''),
          wave === undefined ? undefined : eq(deployment.wave, wave),
          state === undefined ? undefined : eq(deployment.state, state),
        ))
        .orderBy(asc(deployment.deviceId))
        .limit(limit + 1);
      return pageOf({ rows, limit, keyOf: (row) => row.deviceId, show: showDeployment });
    },
    contrastRollout: async ({ params }) => contrastOf(db, await known(db, params.id)),
    progressRollout: async ({ params }) => progressOf(db, await known(db, params.id), clock.nowMs()),
    previewRollout: async ({ params, query, actor }) => {
      const of = await known(db, params.id);
      const facts = await factsFor(db, of, { actor: actor.name, devices: namedIn(query.devices) });
      const items = rolloutVerbs.map((verb) => {
        const fit = judgeVerb(verb, facts);
        return { verb, possible: fit.possible, devices: fit.possible ? fit.devices : 0, sentence: fit.sentence };
      });
      return { revision: of.rollout.revision, items };
    },
    actOnRollout: async ({ params, body, actor, ifMatch }) => {
      await known(db, params.id);
      refuseNul('body: remark', body.remark ?? '');
      await inTransaction(db, async (tx) => actOn(tx, { id: params.id, body, actor: actor.name, ifMatch, writer: { schedulerPem, nowMs: clock.nowMs() } }));
      wake();
      return show(db, params.id);
    },
  };
}

const namedMax = 500;

/** The devices that an act would name; undefined for all. Faults: `input-invalid`. */
function namedIn(devices: string | undefined): string[] | undefined {
  if (devices === undefined) return undefined;
  refuseNul('query: devices', devices);
  const names = [...new Set(devices.split(',').filter((name) => name !== ''))];
  if (names.length > namedMax) throw new Fault('input-invalid', `query: devices: names ${names.length} devices; at most ${namedMax} are looked at`);
  return names;
}

async function known(db: Db, id: string): Promise<Shown> {
  // The text of an id comes from outside, and PostgreSQL's text takes no NUL.
  const found = id.includes('\0') ? undefined : await oneRollout(db, id);
  if (!found) throw new Fault('not-found', `there is no rollout "${id.slice(0, 64)}"`);
  return found;
}

async function show(db: Db, id: string): Promise<Rollout> {
  const [shown] = await showRollouts(db, [await known(db, id)]);
  if (!shown) throw new Fault('not-found', `there is no rollout "${id.slice(0, 64)}"`);
  return shown;
}
