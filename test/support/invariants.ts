/** What must hold in the manager's database at every commit, whatever happened before; each query finds the rows that break it. */
import { sql } from 'drizzle-orm';
import type { Db } from '../../manager/src/db/index.ts';

const inFlight = `('offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'rolling_back')`;
const open = `('waiting', 'offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'rolling_back')`;
const toGoBack = `('offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven', 'failed', 'timed_out', 'refused')`;
const gone = `('rolling_back', 'rolled_back', 'rollback_failed')`;

/** Counts of waves are derived from deployments wherever they are shown: there is no counter that could be wrong. */
export const invariants: Readonly<Record<string, string>> = {
  'a device works on at most one deployment of an app': `select device_id, app from deployment where state in ${inFlight} group by 1, 2 having count(*) > 1`,
  'a device waits for an app in at most one rollout that is more than a plan': `
    select d.device_id, d.app from deployment d join wave w on w.rollout_id = d.rollout_id and w.n = 1 where d.state = 'waiting' and w.opened_at is not null group by 1, 2 having count(*) > 1`,
  'a rollout has begun unless it waits for approval, or ended before it had it': `
    select r.id from rollout r join wave w on w.rollout_id = r.id and w.n = 1
    where (r.state = 'awaiting_approval' and w.opened_at is not null) or (r.state not in ('awaiting_approval', 'denied', 'aborting', 'aborted') and w.opened_at is null)`,
  'no more devices are at work for a rollout than it allows, or allowed when they began': `
    select r.id from rollout r join deployment d on d.rollout_id = r.id and d.state in ${inFlight} group by r.id, r.max_in_flight
    having count(*) > greatest(r.max_in_flight, (select max((a.detail->>'before')::int) from audit a where a.object = 'rollout:' || r.id and a.action = 'rollout.set_cap'))`,
  'every deployment in flight has an attempt and a deadline': `select rollout_id, device_id from deployment where state in ${inFlight} and (deadline_at is null or attempt is null)`,
  'what waits or is finished has no deadline': `select rollout_id, device_id, state from deployment where state not in ${inFlight} and deadline_at is not null`,
  'a deployment in flight is what the device is assigned, by no person': `
    select d.rollout_id, d.device_id from deployment d join rollout r on r.id = d.rollout_id
    left join assignment a on a.device_id = d.device_id and a.app = d.app left join release x on x.id = a.release_id
    where d.state in ${inFlight} and (a.attempt is distinct from d.attempt or a.by_hand
      or (d.state <> 'rolling_back' and a.release_id is distinct from r.release_id) or (d.state = 'rolling_back' and x.digest is distinct from d.from_digest))`,
  'what a rollout took back, or never offered, is not left assigned by it to a device that did not have it': `
    select d.rollout_id, d.device_id, d.state from deployment d join rollout r on r.id = d.rollout_id join release x on x.id = r.release_id
    join assignment a on a.device_id = d.device_id and a.app = d.app and a.release_id = r.release_id and a.set_by = 'rollout:' || r.id
    left join device_state s on s.device_id = d.device_id
    where d.state in ('waiting', 'cancelled', 'excluded') and x.digest not in (select jsonb_path_query(s.reported->'apps'->d.app, '$.**.digest') #>> '{}')
      and not exists (select 1 from audit t where t.object = 'deployment:' || d.rollout_id || '/' || d.device_id and t.action in ('deployment.accepted', 'deployment.downloading', 'deployment.verifying', 'deployment.applying', 'deployment.soaking', 'deployment.proven', 'deployment.failed', 'deployment.refused'))`,
  'an attempt belongs to one deployment': `select device_id, app, attempt from deployment where attempt is not null group by 1, 2, 3 having count(*) > 1`,
  'no attempt is above that of the assignment': `
    select d.rollout_id, d.device_id from deployment d left join assignment a on a.device_id = d.device_id and a.app = d.app
    where d.attempt is not null and (a.attempt is null or d.attempt > a.attempt)`,
  'no wave starts before the one before it has passed, by its gate or by a person': `
    select d.rollout_id, d.device_id from deployment d join wave w on w.rollout_id = d.rollout_id and w.n = d.wave - 1
    where d.state not in ('waiting', 'superseded', 'cancelled', 'excluded') and w.passed_at is null`,
  'every deployment is in a wave of its rollout': `select d.rollout_id, d.device_id from deployment d left join wave w on w.rollout_id = d.rollout_id and w.n = d.wave where w.n is null`,
  'what was planned is never changed': `
    select r.id from rollout r join audit a on a.object = 'rollout:' || r.id and a.action = 'rollout.created'
    where a.detail ? 'horizonS' and (a.detail->>'release', a.detail->>'selector', a.detail->>'mode', (a.detail->>'soakS')::int, (a.detail->>'deadlineS')::int, (a.detail->>'horizonS')::int)
      is distinct from (r.release_id, r.selector, r.mode, r.soak_s, r.deadline_s, r.horizon_s)`,
  'a rollout that is over has nothing open': `select d.rollout_id, d.device_id from deployment d join rollout r on r.id = d.rollout_id where r.state in ('denied', 'aborted', 'rolled_back') and d.state in ${open}`,
  'a rollout that is rolled back has left nobody where it brought them': `select d.rollout_id, d.device_id from deployment d join rollout r on r.id = d.rollout_id where r.state = 'rolled_back' and d.state in ${toGoBack}`,
  'an abort rolls nothing back': `select d.rollout_id, d.device_id from deployment d join rollout r on r.id = d.rollout_id where r.state not in ('rolling_back', 'rolled_back') and d.state in ${gone}`,
  'the last wave goes back first': `
    select d.rollout_id, d.device_id from deployment d join deployment later on later.rollout_id = d.rollout_id and later.wave > d.wave
    where d.state in ${gone} and (later.state in ${toGoBack} or later.state = 'rolling_back')`,
  'a completed rollout has passed all its waves': `select r.id from rollout r join wave w on w.rollout_id = r.id where r.state = 'completed' and w.state <> 'passed'`,
  'a wave that failed or no longer holds stops its rollout': `select r.id, w.n from rollout r join wave w on w.rollout_id = r.id where r.state in ('running', 'completed') and w.state in ('failed', 'reopened')`,
  'a wave that has passed says when': `select rollout_id, n from wave where state = 'passed' and passed_at is null`,
  'a rollout says when it was over, and why it is paused': `
    select id from rollout where (state in ('completed', 'denied', 'aborted', 'rolled_back')) <> (finished_at is not null) or (state = 'paused' and (reason_code is null or reason_text is null))`,
  'a rollout has devices': `select id from rollout r where not exists (select 1 from deployment d where d.rollout_id = r.id)`,
  'only verified releases are offered': `
    select d.rollout_id, d.device_id from deployment d join rollout r on r.id = d.rollout_id join release x on x.id = r.release_id
    where r.state in ('running', 'completed') and d.state = 'offered' and x.state <> 'verified'`,
  'a bad end has a reason': `select rollout_id, device_id from deployment where state in ('failed', 'refused', 'timed_out', 'superseded', 'cancelled', 'excluded', 'rollback_failed') and (reason_code is null or reason_text is null)`,
  'what is proven says since when': `select rollout_id, device_id from deployment where state = 'proven' and proven_at is null`,
  'every state that a deployment reached has its audit row': `
    select d.rollout_id, d.device_id, d.state from deployment d
    where d.state <> 'waiting' and not exists (select 1 from audit a where a.object = 'deployment:' || d.rollout_id || '/' || d.device_id and a.action = 'deployment.' || d.state)`,
  'every state that a rollout reached has its audit row': `
    select r.id, r.state from rollout r where not exists (select 1 from audit a where a.object = 'rollout:' || r.id
      and a.action in ('rollout.' || r.state, 'rollout.' || case r.state when 'denied' then 'deny' when 'paused' then 'pause' when 'aborting' then 'abort' when 'rolling_back' then 'roll_back' else 'created' end))`,
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
