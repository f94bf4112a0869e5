/** Where a release runs, by what devices report, and what became of the devices that were to have it. */
import { and, desc, eq, sql } from 'drizzle-orm';
import { type DeploymentState, type ReleaseUse, type WhyCode, whyReasons } from '@pier/shared/api';
import { type Db, deployment, deviceState, isAnyOf, rollout } from '../db/index.ts';
import type { ReleaseRow } from './store.ts';

const troublesMax = 50;
const endedBadly = ['failed', 'refused', 'timed_out', 'rollback_failed'] as const satisfies readonly DeploymentState[];

/**
 * Whoever runs it counts, whoever assigned it. Proven is a guest that the device's own soak has passed: the attempt in hand,
 * or, where that is of another release, the last good one.
 */
export async function useOf(db: Db, { id, app, digest }: Pick<ReleaseRow, 'id' | 'app' | 'digest'>): Promise<ReleaseUse> {
  const state = sql`case when said ->> 'digest' = ${digest} then said ->> 'state' when said #>> '{lastGood,digest}' = ${digest} then 'proven' end`;
  const { rows } = await db.execute<{ running: number; proven: number; soaking: number }>(sql`
    select count(*)::int as running, (count(*) filter (where ${state} = 'proven'))::int as proven, (count(*) filter (where ${state} = 'soaking'))::int as soaking
    from (select ${deviceState.reported} -> 'apps' -> ${app}::text as said from ${deviceState}) s where said #>> '{running,digest}' = ${digest}`);
  const { running = 0, proven = 0, soaking = 0 } = rows[0] ?? {};
  return { running, proven, soaking, troubles: await troublesOf(db, id) };
}

/** How its deployments ended badly, in all its rollouts, the most frequent first. */
async function troublesOf(db: Db, releaseId: string): Promise<ReleaseUse['troubles']> {
  const code = sql<string>`coalesce(${deployment.reasonCode}, ${deployment.state})`;
  const rows = await db
    .select({ code, said: sql<string | null>`min(${deployment.reasonText})`, count: sql<number>`count(*)::int` })
    .from(deployment)
    .innerJoin(rollout, eq(rollout.id, deployment.rolloutId))
    .where(and(eq(rollout.releaseId, releaseId), isAnyOf(deployment.state, endedBadly)))
    .groupBy(code)
    .orderBy(desc(sql`count(*)`), code)
    .limit(troublesMax);
  return rows.map(({ code: one, said, count }) => ({ code: one, sentence: sentenceOf(one, said), count }));
}

function sentenceOf(code: string, said: string | null): string {
  return isWhyCode(code) ? whyReasons[code].sentence : (said ?? 'No reason was given.');
}

function isWhyCode(code: string): code is WhyCode {
  return Object.hasOwn(whyReasons, code);
}
