import { sql } from 'drizzle-orm';
import type { Contrast, DeploymentState } from '@pier/shared/api';
import { type Db, deployment, device, deviceLive, release } from '../db/index.ts';
import { type Fact, badEnds, ranked } from './rules/index.ts';
import type { Shown } from './store.ts';

export const endedBadly = [...badEnds, 'rollback_failed'] as const satisfies readonly DeploymentState[];

/** A tag with a value of its own on every device must not make an answer of ten thousand rows. */
const rowsMax = 500;

/** What the devices of a rollout that ended badly have in common, against those that are proven: model, agent, tags, and what ran before. */
export async function contrastOf(db: Db, { rollout }: Shown): Promise<Contrast> {
  // The states are ours; as literals the statement is planned with them.
  const bad = sql.raw(endedBadly.map((state) => `'${state}'`).join(', '));
  const { rows } = await db.execute<Fact & { of_badly: number; of_proven: number }>(sql`
    with side as materialized (
      select d.device_id, d.state <> 'proven' as bad, d.from_digest from ${deployment} d where d.rollout_id = ${rollout.id} and d.state in ('proven', ${bad})),
    total as (select count(*) filter (where bad) as badly, count(*) filter (where not bad) as proven from side),
    fact as (
      select s.bad, f.fact, f.value from side s join ${device} v on v.id = s.device_id left join ${deviceLive} l on l.device_id = s.device_id
      left join ${release} r on r.digest = s.from_digest
      cross join lateral (
        select 'model' as fact, v.model as value
        union all select 'agent', l.agent where l.agent is not null
        union all select 'previous version', coalesce(r.version, s.from_digest, 'none')
        union all select 'tag ' || t.key, t.value from jsonb_each_text(v.tags) t) f),
    counted as (select fact, value, count(*) filter (where bad) as badly, count(*) filter (where not bad) as proven from fact group by fact, value)
    select t.badly::int as of_badly, t.proven::int as of_proven, c.fact, c.value, c.badly::int, c.proven::int
    from total t left join counted c on true
    order by abs(c.badly / greatest(t.badly, 1)::float8 - c.proven / greatest(t.proven, 1)::float8) desc, c.badly desc, c.proven desc, c.fact, c.value limit ${rowsMax}`);
  const sides = { badly: rows[0]?.of_badly ?? 0, proven: rows[0]?.of_proven ?? 0 };
  const facts = rows.flatMap(({ fact, value, badly, proven }) => (fact === null ? [] : [{ fact, value, badly, proven }]));
  return { ...sides, facts: ranked(facts, sides) };
}
