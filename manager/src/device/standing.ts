/**
 * How devices stand, as the database tells it: the one expression behind the list, its filter and order, the counts and the
 * fleet's numbers, so that they always add up. Which deployment of an app counts is as in why/: an open one that has begun,
 * else the newest; it says nothing where it was ended from outside, or where a person assigned the app by hand.
 */
import { type SQL, sql } from 'drizzle-orm';
import { type DeploymentState, DeviceStanding, InFlightState } from '@pier/shared/api';
import { invariant } from '@pier/shared/core';
import { assignment, deployment, device, deviceLive, deviceState, rollout, wave } from '../db/index.ts';

/** Places in the schema's order, in which the first that is true counts: the smallest of a device's apps is the device's. */
const placeOf = (standing: DeviceStanding): SQL => sql.raw(String(DeviceStanding.options.indexOf(standing)));

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
const deploymentPlace = (name: string): SQL => sql`case ${sql.raw(`${name}.state`)} ${sql.join(Object.entries(standingBy).map(([state, standing]) => sql`when ${sql.raw(`'${state}'`)} then ${placeOf(standing)}`), sql` `)} end`;

/** An open deployment of a rollout that has begun. The subquery stands alone, so that it is read once a statement. */
const isOpen = (name: string): SQL => sql`(${sql.raw(`${name}.state`)} in (${listed(['waiting', ...InFlightState.options])}) and ${sql.raw(`${name}.rollout_id`)} in (select rollout_id from ${wave} where n = 1 and opened_at is not null))`;

/** No other deployment of the app on the device comes before this one. */
const counts = (name: string): SQL => sql`not exists (select from ${deployment} other where other.device_id = ${sql.raw(`${name}.device_id`)} and other.app = ${sql.raw(`${name}.app`)} and other.rollout_id <> ${sql.raw(`${name}.rollout_id`)}
  and case when ${isOpen(name)} then ${isOpen('other')} and other.rollout_id > ${sql.raw(`${name}.rollout_id`)} else ${isOpen('other')} or other.rollout_id > ${sql.raw(`${name}.rollout_id`)} end)
  and not exists (select from ${assignment} a where a.device_id = ${sql.raw(`${name}.device_id`)} and a.app = ${sql.raw(`${name}.app`)} and a.by_hand)`;

/** Which devices are looked at, as a condition on the column of that name. */
export type Among = (column: string) => SQL;
export const everyDevice: Among = () => sql`true`;
export const among = (ids: readonly string[]): Among => (column) => sql`${sql.raw(column)} = any(${sql.param([...ids])}::text[])`;

/** What devices said of their apps, by name; nothing where what is stored cannot be read that way. */
export const reportedApps = (name: string): SQL => sql`jsonb_each(case when jsonb_typeof(${sql.raw(name)}.reported -> 'apps') = 'object' then ${sql.raw(name)}.reported -> 'apps' end)`;

/** Where an app keeps its device from being in step: rows of (device_id, app, place, rollout_id), several where several hold. */
export function appStandings(of: Among): SQL {
  return sql`
    select d.device_id, d.app, ${deploymentPlace('d')} as place, d.rollout_id from ${deployment} d
    where d.state in (${listed(Object.keys(standingBy))}) and ${of('d.device_id')} and ${counts('d')}
      and (d.state <> 'waiting' or d.rollout_id not in (select id from ${rollout} where state in ('denied', 'aborted', 'rolled_back')))
    union all
    select s.device_id, said.app, ${placeOf('held')}, null from ${deviceState} s cross join lateral ${reportedApps('s')} as said(app, one)
    where jsonb_path_exists(s.reported, '$.apps.*.hold') and ${of('s.device_id')} and said.one ? 'hold'
    union all
    select s.device_id, said.app, ${placeOf('failed')}, d.rollout_id from ${deviceState} s cross join lateral ${reportedApps('s')} as said(app, one)
      join ${deployment} d on d.device_id = s.device_id and d.app = said.app and to_jsonb(d.attempt) = said.one -> 'attempt' and d.state = 'proven'
    where jsonb_path_exists(s.reported, '$.apps.*.state ? (@ == "failed" || @ == "refused")') and ${of('s.device_id')} and said.one ->> 'state' in ('failed', 'refused') and ${counts('d')}
    union all
    select a.device_id, a.app, ${placeOf('held')}, null from ${assignment} a where a.by_hand and ${of('a.device_id')}`;
}

/** To be joined as `worst`: of each device whose apps keep it from being in step, the place that counts. */
export function worstOf(of: Among): SQL {
  return sql`(select device_id, min(place) as place from (${appStandings(of)}) app_standing group by device_id) as worst`;
}

/** A device's place, over `device`, `device_live` and `worst`, joined. */
export const standingPlace: SQL<number> = sql<number>`case
  when ${device.state} = 'revoked' then ${placeOf('revoked')}
  when ${device.state} = 'pending' then ${placeOf('pending')}
  when ${deviceLive.deviceId} is null then ${placeOf('never_heard')}
  when not ${deviceLive.online} then ${placeOf('offline')}
  else coalesce(worst.place, ${placeOf('in_step')}) end`;

export const onWorst: SQL = sql`worst.device_id = ${device.id}`;

/** Whether it stands in one of these ways; a list of words by comma, read by the route's schema. */
export function standsAs(words: string): SQL {
  return sql`${standingPlace} = any(${sql.param(words.split(',').map((word) => DeviceStanding.options.indexOf(DeviceStanding.parse(word))))}::int[])`;
}
