import { and, asc, count, desc, eq, isNull, lt, max, sql } from 'drizzle-orm';
import { CommandState, type SentCommand, UiVerb } from '@pier/shared/api';
import { AppName, CommandId, DeviceId, isoTime } from '@pier/shared/core';
import { type Db, assignment, command, deviceLive, deviceState, isAnyOf, outbox, rowsAs } from '../db/index.ts';
import { topics } from '@pier/shared/wire';
import { type Addressee, answerWithinS } from './rules.ts';

export type CommandRow = typeof command.$inferSelect;

/** Commands kept per device; older ones that have ended are dropped, so that whoever clicks without end fills no disk. */
const keptMax = 200;

/** What sending to this device is judged by, and the number of the last command to it. The caller holds the device's lock. */
export async function addresseeOf(tx: Db, device: string, app: string): Promise<Pick<Addressee, 'online' | 'hasApp' | 'open'> & { readonly previous: number }> {
  const [live] = await tx
    .select({ online: deviceLive.online, reports: sql<boolean>`coalesce(${deviceState.reported} -> 'apps' ? ${app}::text, false)` })
    .from(deviceLive)
    .leftJoin(deviceState, eq(deviceState.deviceId, deviceLive.deviceId))
    .where(eq(deviceLive.deviceId, device));
  const assigned = await tx.select({ app: assignment.app }).from(assignment).where(and(eq(assignment.deviceId, device), eq(assignment.app, app), sql`${assignment.releaseId} is not null`));
  const [open] = await tx.select({ count: count() }).from(command).where(and(eq(command.deviceId, device), isNull(command.endedAt)));
  const [last] = await tx.select({ at: max(command.sentAt) }).from(command).where(eq(command.deviceId, device));
  return { online: live?.online ?? false, hasApp: assigned.length > 0 || (live?.reports ?? false), open: open?.count ?? 0, previous: last?.at?.getTime() ?? 0 };
}

/** Stores a command with the message that carries it, and lets go of the device's oldest. */
export async function storeSent(tx: Db, row: typeof command.$inferInsert, payload: string): Promise<CommandRow> {
  const [stored] = await tx.insert(command).values(row).returning();
  if (!stored) throw new Error('an insert that returns gave no row');
  await tx.insert(outbox).values({ topic: topics.command.of({ device: row.deviceId }), payload });
  await tx.execute(sql`
    delete from ${command} where ${command.deviceId} = ${row.deviceId} and ${command.endedAt} is not null
      and ${command.sentAt} < (select c.sent_at from ${command} c where c.device_id = ${row.deviceId} order by c.sent_at desc offset ${keptMax - 1} limit 1)`);
  return stored;
}

/** A device's commands, newest first. */
export async function commandsBefore(db: Db, { device, beforeMs, limit }: { device: string; beforeMs: number | undefined; limit: number }): Promise<CommandRow[]> {
  const older = beforeMs === undefined ? undefined : lt(command.sentAt, new Date(beforeMs));
  return db.select().from(command).where(and(eq(command.deviceId, device), older)).orderBy(desc(command.sentAt)).limit(limit);
}

/** Those of these commands that were sent from here, locked in one order. */
export async function lockCommands(tx: Db, ids: readonly string[]): Promise<CommandRow[]> {
  return tx.select().from(command).where(isAnyOf(command.id, [...new Set(ids)])).orderBy(asc(command.id)).for('no key update');
}

export type Advance = { readonly id: string; readonly state: CommandState; readonly code: string | null; readonly reason: string | null; readonly endedMs: number | null };

/** The caller holds the rows' locks. */
export async function storeAdvances(tx: Db, advances: readonly Advance[]): Promise<void> {
  if (advances.length === 0) return;
  const set = rowsAs('u', advances, {
    id: ['text', (one) => one.id],
    state: ['text', (one) => one.state],
    code: ['text', (one) => one.code],
    reason: ['text', (one) => one.reason],
    ended_at: ['timestamptz', ({ endedMs }) => (endedMs === null ? null : isoTime(endedMs))],
  });
  await tx.execute(sql`update ${command} c set state = u.state, reason_code = u.code, reason_text = u.reason, ended_at = u.ended_at from ${set} where c.id = u.id`);
}

/**
 * Ends commands whose time is up, those that somebody is just writing apart, and takes back what was never published: it must
 * not act later. Out: their devices.
 */
export async function storeUnanswered(tx: Db, { nowMs, limit }: { nowMs: number; limit: number }): Promise<readonly string[]> {
  const { rows } = await tx.execute(sql`
    update ${command} set state = 'unanswered', ended_at = ${isoTime(nowMs)}::timestamptz, reason_code = 'timed-out', reason_text = ${`the device did not say within ${answerWithinS} s how it ended`}
    where id in (select c.id from ${command} c where c.ended_at is null and c.deadline_at < ${isoTime(nowMs)}::timestamptz order by c.id limit ${limit} for update skip locked)
    returning device_id`);
  const devices = [...new Set(rows.map((row) => String(row['device_id'])))];
  if (devices.length === 0) return [];
  const late = devices.map((device) => topics.command.of({ device }));
  await tx.execute(sql`
    delete from ${outbox} where id in (
      select o.id from ${outbox} o where ${isAnyOf(sql`o.topic`, late)} and o.at < now() - make_interval(secs => ${answerWithinS}) for update skip locked)`);
  return devices;
}

export function showCommand({ id, deviceId, verb, app, state, reasonCode, reasonText, sentBy, sentAt, endedAt }: CommandRow): SentCommand {
  return {
    id: CommandId.parse(id),
    device: DeviceId.parse(deviceId),
    verb: UiVerb.parse(verb),
    app: AppName.parse(app),
    state: CommandState.parse(state),
    reason: reasonCode === null ? null : { code: reasonCode, reason: reasonText ?? '' },
    by: sentBy,
    sentAt: isoTime(sentAt.getTime()),
    endedAt: endedAt && isoTime(endedAt.getTime()),
  };
}
