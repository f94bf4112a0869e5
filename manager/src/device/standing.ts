/**
 * How devices stand, as the database tells it: the one expression behind the list, its filter and order, the counts and the
 * fleet's numbers, so that they always add up. Which deployment of an app counts is as in why/: an open one that has begun,
 * else the newest; it says nothing where it was ended from outside, or where a person assigned the app by hand.
 */
import { type SQL, sql } from 'drizzle-orm';
import { type DeploymentState, DeviceStanding, InFlightState } from '@pier/shared/api';
import { invariant } from '@pier/shared/core';
import { assignment, deployment, device, deviceLive, deviceState, wave } from '../db/index.ts';

/** Places in the schema's order, in which the first that is true counts: the smallest of a device's apps is the device's. */
export const placeAt = (standing: DeviceStanding): number => DeviceStanding.options.indexOf(standing);
const placeOf = (standing: DeviceStanding): SQL => sql.raw(String(placeAt(standing)));

export function standingAt(place: number): DeviceStanding {
  const standing = DeviceStanding.options[place];
  invariant(standing, `standing ${place} of ${DeviceStanding.options.length}`);
  return standing;
}

/** How a device stands by a deployment that counts; what is not named says nothing. */
const standingBy = {
  failed: 'failed', timed_out: 'failed', rollback_failed: 'failed', refused: 'refused', soaking: 'soaking', waiting: 'waiting',
  offered: 'updating', accepted: 'updating', downloading: 'updating', verifying: 'updating', applying: 'updating', rolling_back: 'updating',
} as const satisfies Partial<Record<DeploymentState, DeviceStanding>>;

const listed = (words: readonly string[]): SQL => sql.raw(words.map((word) => `'${word}'`).join(', '));

const open = listed(['waiting', ...InFlightState.options]);
/** What has ended and still says something. */
const ended = listed(Object.keys(standingBy).filter((state) => state !== 'waiting' && !InFlightState.safeParse(state).success));
const col = (name: string, column: string): SQL => sql.raw(`${name}.${column}`);
const samePlace = (a: string, b: string): SQL => sql`${col(a, 'device_id')} = ${col(b, 'device_id')} and ${col(a, 'app')} = ${col(b, 'app')}`;
const begun = (name: string): SQL => sql`exists (select from ${wave} first where first.rollout_id = ${col(name, 'rollout_id')} and first.n = 1 and first.opened_at is not null)`;
const notByHand = (name: string): SQL => sql`not exists (select from ${assignment} a where ${samePlace('a', name)} and a.by_hand)`;

/** Which devices are looked at, as a condition on the column of that name. */
type Among = (column: string) => SQL;
export const among = (ids: readonly string[]): Among => (column) => sql`${sql.raw(column)} = any(${sql.param([...ids])}::text[])`;

/** What devices said of their apps, by name; nothing where what is stored cannot be read that way. */
export const reportedApps = (name: string): SQL => sql`jsonb_each(case when jsonb_typeof(${sql.raw(name)}.reported -> 'apps') = 'object' then ${sql.raw(name)}.reported -> 'apps' end)`;

/** No deployment of the app on the device comes before `d`, which is not open and begun: two questions, each of which an index answers. */
const newest: SQL = sql`not exists (select from ${deployment} o where ${samePlace('o', 'd')} and o.rollout_id > d.rollout_id)
      and not exists (select from ${deployment} o where ${samePlace('o', 'd')} and o.state in (${open}) and ${begun('o')})`;

/**
 * Where an app keeps its device from being in step: rows of (device_id, app, place, rollout_id), several where several hold.
 * Open deployments are looked at apart from those that ended: of the first a device has hardly two of an app, so that it is not
 * the whole history that is searched for one before them.
 */
export function appStandings(of: Among): SQL {
  const place = sql`case d.state ${sql.join(Object.entries(standingBy).map(([state, standing]) => sql`when ${sql.raw(`'${state}'`)} then ${placeOf(standing)}`), sql` `)} end`;
  return sql`
    select d.device_id, d.app, ${place} as place, d.rollout_id from ${deployment} d
    where d.state in (${open}) and ${begun('d')} and ${of('d.device_id')} and ${notByHand('d')}
      and not exists (select from ${deployment} o where ${samePlace('o', 'd')} and o.state in (${open}) and o.rollout_id > d.rollout_id and ${begun('o')})
    union all
    select d.device_id, d.app, ${place}, d.rollout_id from ${deployment} d
    where (d.state in (${ended}) or (d.state = 'waiting' and not ${begun('d')})) and ${of('d.device_id')} and ${notByHand('d')} and ${newest}
    union all
    select s.device_id, said.app, ${placeOf('held')}, null from ${deviceState} s cross join lateral ${reportedApps('s')} as said(app, one)
    where jsonb_path_exists(s.reported, '$.apps.*.hold') and ${of('s.device_id')} and said.one ? 'hold'
    union all
    select s.device_id, said.app, ${placeOf('failed')}, d.rollout_id from ${deviceState} s cross join lateral ${reportedApps('s')} as said(app, one)
      join ${deployment} d on d.device_id = s.device_id and d.app = said.app and d.state = 'proven' and to_jsonb(d.attempt) = said.one -> 'attempt'
    where jsonb_path_query_array(s.reported, '$.apps.*.state') ?| array['failed', 'refused'] and ${of('s.device_id')} and said.one ->> 'state' in ('failed', 'refused') and ${notByHand('d')} and ${newest}
    union all
    select a.device_id, a.app, ${placeOf('held')}, null from ${assignment} a where a.by_hand and ${of('a.device_id')}`;
}

/** To be joined as `worst`: of each device whose apps keep it from being in step, the place that counts; from rows with device_id and place. */
export function worstOf(rows: SQL): SQL {
  return sql`(select device_id, min(place) as place from ${rows} group by device_id) as worst`;
}

export const worstOfEvery: SQL = worstOf(sql`(${appStandings(() => sql`true`)}) app_standing`);

/** A device's place, over `device`, `device_live` and `worst`, joined. */
export const standingPlace: SQL<number> = sql<number>`case
  when ${device.state} = 'revoked' then ${placeOf('revoked')}
  when ${device.state} = 'pending' then ${placeOf('pending')}
  when ${device.alarm} is not null then ${placeOf('refused')}
  when ${deviceLive.deviceId} is null then ${placeOf('never_heard')}
  when not ${deviceLive.online} then ${placeOf('offline')}
  else coalesce(worst.place::int, ${placeOf('in_step')}) end`;

export const onWorst: SQL = sql`worst.device_id = ${device.id}`;

/** Whether it stands in one of these ways; a list of words by comma, read by the route's schema. */
export function standsAs(words: string): SQL {
  return sql`${standingPlace} = any(${sql.param(words.split(',').map((word) => placeAt(DeviceStanding.parse(word))))}::int[])`;
}
