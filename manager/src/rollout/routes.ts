import { and, asc, eq, gt } from 'drizzle-orm';
import { Fault } from '@pier/shared/core';
import type { Rollout } from '@pier/shared/api';
import { type Db, deployment } from '../db/index.ts';
import { showDeployment } from '../device/index.ts';
import { type Handlers, keyAfter, pageOf } from '../http/index.ts';
import { type RolloutDeps, createRollout } from './create.ts';
import { oneRollout, pageOfRollouts } from './store.ts';
import { showRollouts } from './view.ts';

/** The routes under /rollouts. */
export function rolloutHandlers(deps: RolloutDeps): Pick<Handlers, 'listRollouts' | 'getRollout' | 'listDeployments' | 'createRollout'> {
  const { db } = deps;
  return {
    listRollouts: async ({ query: { limit, cursor } }) => {
      const rows = await pageOfRollouts(db, { before: keyAfter(cursor), limit: limit + 1 });
      const page = pageOf({ rows, limit, keyOf: (row) => row.rollout.id, show: (row) => row });
      return { items: await showRollouts(db, page.items), next: page.next };
    },
    getRollout: async ({ params }) => show(db, params.id),
    listDeployments: async ({ params, query: { limit, cursor } }) => {
      await show(db, params.id);
      const rows = await db
        .select()
        .from(deployment)
        .where(and(eq(deployment.rolloutId, params.id), gt(deployment.deviceId, keyAfter(cursor) ?? '')))
        .orderBy(asc(deployment.deviceId))
        .limit(limit + 1);
      return pageOf({ rows, limit, keyOf: (row) => row.deviceId, show: showDeployment });
    },
    createRollout: async ({ body, actor }) => show(db, await createRollout(deps, body, actor.name)),
  };
}

async function show(db: Db, id: string): Promise<Rollout> {
  // The text of an id comes from outside, and PostgreSQL's text takes no NUL.
  const found = id.includes('\0') ? undefined : await oneRollout(db, id);
  const [shown] = found ? await showRollouts(db, [found]) : [];
  if (!shown) throw new Fault('not-found', `there is no rollout "${id.slice(0, 64)}"`);
  return shown;
}
