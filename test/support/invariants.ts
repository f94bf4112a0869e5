/** What must hold in the manager's database at every commit, whatever happened before; each query finds the rows that break it. */
import { sql } from 'drizzle-orm';
import type { Db } from '../../manager/src/db/index.ts';

const inFlight = `('offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking')`;
const open = `('waiting', 'offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking')`;

export const invariants: Readonly<Record<string, string>> = {
  'a device works on at most one deployment of an app': `select device_id, app from deployment where state in ${inFlight} group by 1, 2 having count(*) > 1`,
  'at most one rollout has an open deployment of an app on a device': `select device_id, app from deployment where state in ${open} group by 1, 2 having count(*) > 1`,
  'every deployment in flight has an attempt and a deadline': `select rollout_id, device_id from deployment where state in ${inFlight} and (deadline_at is null or attempt is null)`,
  'what waits or is finished has no deadline': `select rollout_id, device_id, state from deployment where state not in ${inFlight} and deadline_at is not null`,
  'a deployment in flight is what the device is assigned': `
    select d.rollout_id, d.device_id from deployment d join rollout r on r.id = d.rollout_id
    left join assignment a on a.device_id = d.device_id and a.app = d.app
    where d.state in ${inFlight} and (a.attempt is distinct from d.attempt or a.release_id is distinct from r.release_id)`,
  'an attempt belongs to one deployment': `select device_id, app, attempt from deployment where attempt is not null group by 1, 2, 3 having count(*) > 1`,
  'no attempt is above that of the assignment': `
    select d.rollout_id, d.device_id from deployment d left join assignment a on a.device_id = d.device_id and a.app = d.app
    where d.attempt is not null and (a.attempt is null or d.attempt > a.attempt)`,
  'no wave starts before the one before it has passed': `
    select d.rollout_id, d.device_id from deployment d join wave w on w.rollout_id = d.rollout_id and w.n = d.wave - 1
    where d.state not in ('waiting', 'superseded', 'cancelled') and w.state <> 'passed'`,
  'a wave counts the deployments that it has': `
    select w.rollout_id, w.n from wave w left join deployment d on d.rollout_id = w.rollout_id and d.wave = w.n
    group by w.rollout_id, w.n, w.total having count(d.device_id) <> w.total`,
  'a rollout that is over has nothing open': `select d.rollout_id, d.device_id from deployment d join rollout r on r.id = d.rollout_id where r.state in ('completed', 'failed', 'aborted') and d.state in ${open}`,
  'a completed rollout is proven everywhere': `select d.rollout_id, d.device_id from deployment d join rollout r on r.id = d.rollout_id where r.state = 'completed' and d.state <> 'proven'`,
  'a rollout that is over says when, and its waves are over': `
    select r.id from rollout r where r.state in ('completed', 'failed') and (r.finished_at is null
      or exists (select 1 from wave w where w.rollout_id = r.id and w.state <> case r.state when 'completed' then 'passed' else 'failed' end))`,
  'a rollout has devices': `select id from rollout r where not exists (select 1 from deployment d where d.rollout_id = r.id)`,
  'only verified releases are offered by running rollouts': `
    select d.rollout_id, d.device_id from deployment d join rollout r on r.id = d.rollout_id join release x on x.id = r.release_id
    where r.state = 'running' and d.state in ${inFlight} and x.state <> 'verified'`,
  'a bad end has a reason': `select rollout_id, device_id from deployment where state in ('failed', 'refused', 'timed_out', 'superseded', 'cancelled') and (reason_code is null or reason_text is null)`,
  'every state that a deployment reached has its audit row': `
    select d.rollout_id, d.device_id, d.state from deployment d
    where d.state <> 'waiting' and not exists (select 1 from audit a where a.object = 'deployment:' || d.rollout_id || '/' || d.device_id and a.action = 'deployment.' || d.state)`,
  'the stored desired document is the one that is hashed, for this device, under this revision': `
    select s.device_id from device_state s, lateral (select decode(s.desired->>'payload', 'base64') as bytes) p
    where s.rev > 0 and ('sha256:' || encode(sha256(p.bytes), 'hex') is distinct from s.desired_hash
      or (convert_from(p.bytes, 'UTF8')::jsonb->>'rev')::bigint is distinct from s.rev
      or convert_from(p.bytes, 'UTF8')::jsonb->>'device' is distinct from s.device_id)`,
  'desired says what is assigned': `
    with said as (
      select s.device_id, e.key as app, (e.value->>'attempt')::bigint as attempt, e.value->>'digest' as digest
      from device_state s, jsonb_each(convert_from(decode(s.desired->>'payload', 'base64'), 'UTF8')::jsonb->'apps') e where s.desired is not null),
    assigned as (select a.device_id, a.app, a.attempt, r.digest from assignment a join release r on r.id = a.release_id)
    (select * from said except select * from assigned) union all (select * from assigned except select * from said)`,
  'desired says what is bound': `
    select s.device_id, e.key from device_state s cross join lateral jsonb_each(convert_from(decode(s.desired->>'payload', 'base64'), 'UTF8')::jsonb->'apps') e
    left join binding b on b.device_id = s.device_id and b.app = e.key
    where s.desired is not null and e.value->'bindings' is distinct from coalesce(b.bindings, '{}'::jsonb)`,
  'no device speaks for another life than its own': `select l.device_id from device_live l join device d on d.id = l.device_id where l.gen <> d.generation`,
  'a claim token is used no more often than it may be': `select id from claim_token where uses > uses_max`,
  'an event is kept once': `select device_id, gen, boot, seq from event group by 1, 2, 3, 4 having count(*) > 1`,
};

/** Every invariant that does not hold, with the rows that break it; empty when all is well. */
export async function checkInvariants(db: Db): Promise<string[]> {
  const broken: string[] = [];
  for (const [name, query] of Object.entries(invariants)) {
    const { rows } = await db.execute(sql.raw(query));
    if (rows.length > 0) broken.push(`${name}: ${JSON.stringify(rows.slice(0, 5))}`);
  }
  return broken;
}
