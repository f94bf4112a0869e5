import { sql } from 'drizzle-orm';
import type { Progress } from '@pier/shared/api';
import { isoTime } from '@pier/shared/core';
import { type Db, deployment } from '../db/index.ts';
import { endedBadly } from './contrast.ts';
import { type Change, curveOf, momentsOf } from './rules/index.ts';
import type { Shown } from './store.ts';

/**
 * How many devices were proven, and how many had ended badly, from the start until the end or now. Made of what the deployments
 * say now, so that the last point is what the rollout counts: who was proven and is no longer (rolled back, failed later) counts
 * until it came to where it is.
 */
export async function progressOf(db: Db, { rollout }: Shown, nowMs: number): Promise<Progress> {
  const moments = momentsOf(rollout.createdAt.getTime(), rollout.finishedAt?.getTime() ?? nowMs);
  const { fromMs, toMs, count } = moments;
  const bad = sql.raw(endedBadly.map((state) => `'${state}'`).join(', '));
  // What happens after the end of a rollout, which serves late devices still, belongs to its last point.
  const momentOf = (time: string) => sql`greatest(0, least(${count - 1}::int, ceil(extract(epoch from ${sql.raw(time)} - ${isoTime(fromMs)}::timestamptz) * 1000 * ${count - 1}::int / ${Math.max(1, toMs - fromMs)}::float8)))::int`;
  const { rows } = await db.execute<Change & { total: number }>(sql`
    with d as materialized (select state, coalesce(proven_at, updated_at) as good_at, updated_at, state = 'proven' or proven_at is not null as was_good from ${deployment} where rollout_id = ${rollout.id}),
    change as (
      select ${momentOf('good_at')} as moment, 1 as proven, 0 as badly from d where was_good
      union all select greatest(${momentOf('good_at')}, ${momentOf('updated_at')}), -1, 0 from d where was_good and state <> 'proven'
      union all select ${momentOf('updated_at')}, 0, 1 from d where state in (${bad})),
    summed as (select moment, sum(proven)::int as proven, sum(badly)::int as badly from change group by moment)
    select t.total, s.moment, s.proven, s.badly from (select count(*)::int as total from d) t left join summed s on true`);
  return { total: rows[0]?.total ?? 0, points: curveOf(moments, rows.filter(({ moment }) => moment !== null)) };
}
