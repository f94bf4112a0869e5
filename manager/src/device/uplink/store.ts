/** What devices said, written as sets: one statement for a batch, rows in the order of device ids so that batches cannot deadlock. */
import { sql } from 'drizzle-orm';
import type { DeviceId } from '@pier/shared/core';
import type { Event, Presence, Reported } from '@pier/shared/wire';
import { type Db, device, deviceLive, deviceState, event, rowsAs } from '../../db/index.ts';

/** Events kept per device; older ones are dropped, so that a device that reports without end fills no disk. */
const eventsMax = 1_000;

export type Online = Extract<Presence, { online: true }>;
export type Offline = Extract<Presence, { online: false }>;
export type Of<T> = { readonly device: DeviceId; readonly atMs: number; readonly value: T };

const iso = (ms: number): string => new Date(ms).toISOString();
const byDevice = <T>(said: readonly Of<T>[]): readonly Of<T>[] => said.toSorted((a, b) => (a.device < b.device ? -1 : a.device > b.device ? 1 : 0));
const idsIn = (rows: readonly Record<string, unknown>[]): ReadonlySet<string> => new Set(rows.map((row) => String(row['device_id'])));

/** Stores births and heartbeats, at most one of a device; a newer one that is stored already stays. What comes of a connection that has ended is news, but no presence. Out: the devices whose word it was. */
export async function storeOnline(db: Db, said: readonly Of<Online>[], hasEnded: (device: string, conn: string) => boolean): Promise<ReadonlySet<string>> {
  if (said.length === 0) return new Set();
  const set = rowsAs('u', byDevice(said), {
    id: ['text', ({ device: id }) => id],
    online: ['boolean', ({ device: id, value }) => !hasEnded(id, value.conn)],
    conn: ['text', ({ value }) => value.conn],
    agent: ['text', ({ value }) => value.agent],
    gen: ['bigint', ({ value }) => value.gen],
    boot: ['bigint', ({ value }) => value.boot],
    seq: ['bigint', ({ value }) => value.seq],
    rev: ['bigint', ({ value }) => value.rev],
    at: ['timestamptz', ({ atMs }) => iso(atMs)],
    usage: ['jsonb', ({ value }) => (value.usage === undefined ? null : JSON.stringify(value.usage))],
  });
  const { rows } = await db.execute(sql`
    insert into ${deviceLive} as l (device_id, online, conn, agent, gen, boot, seq, rev, last_seen_at, usage)
    select u.id, u.online, u.conn, u.agent, u.gen, u.boot, u.seq, u.rev, u.at, u.usage from ${set}
    join ${device} d on d.id = u.id and d.state = 'active' and d.generation = u.gen
    on conflict (device_id) do update set online = excluded.online, conn = excluded.conn, agent = excluded.agent, gen = excluded.gen, boot = excluded.boot,
      seq = excluded.seq, rev = excluded.rev, last_seen_at = excluded.last_seen_at, usage = excluded.usage, awaited_since = null
    where (l.gen, l.boot, l.seq) < (excluded.gen, excluded.boot, excluded.seq)
    returning l.device_id`);
  return idsIn(rows);
}

/**
 * Stores goodbyes and wills. One speaks for its own connection, or as the newest word of its device: a late one cannot undo
 * a newer birth, and what was sent before it cannot undo it. Out: the devices that were online until now.
 */
export async function storeOffline(db: Db, said: readonly Of<Offline>[]): Promise<ReadonlySet<string>> {
  if (said.length === 0) return new Set();
  const set = rowsAs('u', byDevice(said), {
    id: ['text', ({ device: id }) => id],
    conn: ['text', ({ value }) => value.conn],
    gen: ['bigint', ({ value }) => value.gen],
    boot: ['bigint', ({ value }) => value.boot],
    seq: ['bigint', ({ value }) => value.seq],
  });
  const { rows } = await db.execute(sql`
    with gone as (
      select distinct on (l.device_id) l.device_id, l.online as was_online, (l.gen, l.boot, l.seq) < (u.gen, u.boot, u.seq) as newest, u.conn, u.boot, u.seq
      from ${set} join ${deviceLive} l on l.device_id = u.id and l.gen = u.gen
      where l.conn = u.conn or (l.gen, l.boot, l.seq) < (u.gen, u.boot, u.seq)
      order by l.device_id, u.boot desc, u.seq desc)
    update ${deviceLive} l set online = false, awaited_since = null, conn = case when g.newest then g.conn else l.conn end,
      boot = case when g.newest then g.boot else l.boot end, seq = case when g.newest then g.seq else l.seq end
    from gone g where l.device_id = g.device_id and (l.online or g.newest)
    returning l.device_id, g.was_online`);
  return idsIn(rows.filter((row) => row['was_online'] === true));
}

/** Stores reports, at most one of a device; a newer one that is stored already stays. The caller holds the devices' locks. Out: the devices whose report it was. */
export async function storeReported(tx: Db, said: readonly Of<Reported>[]): Promise<ReadonlySet<string>> {
  if (said.length === 0) return new Set();
  const set = rowsAs('u', byDevice(said), {
    id: ['text', ({ device: id }) => id],
    reported: ['jsonb', ({ value: { gen: _gen, boot: _boot, seq: _seq, ...rest } }) => JSON.stringify(rest)],
    gen: ['bigint', ({ value }) => value.gen],
    boot: ['bigint', ({ value }) => value.boot],
    seq: ['bigint', ({ value }) => value.seq],
    at: ['timestamptz', ({ atMs }) => iso(atMs)],
  });
  const { rows } = await tx.execute(sql`
    insert into ${deviceState} as s (device_id, reported, gen, boot, seq, reported_at) select u.id, u.reported, u.gen, u.boot, u.seq, u.at from ${set}
    on conflict (device_id) do update set reported = excluded.reported, gen = excluded.gen, boot = excluded.boot, seq = excluded.seq, reported_at = excluded.reported_at
    where (s.gen, s.boot, s.seq) < (excluded.gen, excluded.boot, excluded.seq)
    returning s.device_id`);
  return idsIn(rows);
}

/** Stores events, each once, and lets go of each device's oldest above the limit. Out: the devices that told something new. */
export async function storeEvents(tx: Db, said: readonly Of<Event>[]): Promise<readonly string[]> {
  if (said.length === 0) return [];
  const set = rowsAs('u', byDevice(said), {
    id: ['text', ({ device: id }) => id],
    gen: ['bigint', ({ value }) => value.gen],
    boot: ['bigint', ({ value }) => value.boot],
    seq: ['bigint', ({ value }) => value.seq],
    type: ['text', ({ value }) => value.type],
    app: ['text', ({ value }) => value.app ?? null],
    digest: ['text', ({ value }) => value.digest ?? null],
    attempt: ['bigint', ({ value }) => value.attempt ?? null],
    code: ['text', ({ value }) => value.code ?? null],
    reason: ['text', ({ value }) => value.reason ?? null],
    last_output: ['jsonb', ({ value }) => (value.lastOutput === undefined ? null : JSON.stringify({ lines: value.lastOutput }))],
    safe_ms: ['float8', ({ value }) => value.safeMs ?? null],
    at: ['timestamptz', ({ atMs }) => iso(atMs)],
  });
  const { rows } = await tx.execute(sql`
    insert into ${event} (device_id, gen, boot, seq, type, app, digest, attempt, code, reason, last_output, safe_ms, received_at)
    select u.id, u.gen, u.boot, u.seq, u.type, u.app, u.digest, u.attempt, u.code, u.reason, u.last_output, u.safe_ms, u.at from ${set}
    join ${device} d on d.id = u.id and d.state = 'active' and d.generation = u.gen
    order by u.id, u.gen, u.boot, u.seq
    on conflict do nothing returning device_id`);
  const devices = [...idsIn(rows)];
  if (devices.length === 0) return [];
  await tx.execute(sql`
    delete from ${event} e using (
      select d.id, (select o.id from ${event} o where o.device_id = d.id order by o.id desc offset ${eventsMax} limit 1) as upto from unnest(${sql.param(devices)}::text[]) as d(id)) x
    where e.device_id = x.id and e.id <= x.upto`);
  return devices;
}
