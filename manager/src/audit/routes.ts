import { type SQL, and, desc, eq, gte, lt, sql } from 'drizzle-orm';
import { AuditRecord } from '@pier/shared/api';
import { Fault, check, isoTime } from '@pier/shared/core';
import { type Db, audit } from '../db/index.ts';
import { type Handlers, type RequestOf, keyAfter, pageOf } from '../http/index.ts';

type Row = typeof audit.$inferSelect;
const timesMs = { min: 0, max: Date.UTC(9999, 0) } as const;

/** What was done and by whom, for people to read. */
export function auditHandlers({ db }: { db: Db }): Pick<Handlers, 'listAudit'> {
  return {
    listAudit: async ({ query }) => {
      const rows = await db.select().from(audit).where(and(...conditions(query))).orderBy(desc(audit.id)).limit(query.limit + 1);
      return pageOf({ rows, limit: query.limit, keyOf: ({ id }) => String(id), show });
    },
  };
}

function conditions({ cursor, actor, action, object, since }: RequestOf<'listAudit'>['query']): (SQL | undefined)[] {
  const before = keyAfter(cursor);
  return [
    before === undefined ? undefined : lt(audit.id, idOf(before)),
    actor === undefined ? undefined : eq(audit.actor, actor),
    action === undefined ? undefined : eq(audit.action, action),
    object === undefined ? undefined : sql`starts_with(${audit.object}, ${object})`,
    since === undefined ? undefined : gte(audit.at, new Date(timeOf(since))),
  ];
}

function idOf(key: string): number {
  if (!/^\d{1,15}$/.test(key)) throw new Fault('input-invalid', 'query: cursor: this is not the "next" of an earlier page');
  return Number(key);
}

function timeOf(text: string): number {
  const ms = Date.parse(text);
  if (!(ms >= timesMs.min && ms <= timesMs.max)) throw new Fault('input-invalid', `query: since: expected a time such as 2026-01-31T12:00:00Z, got ${text.slice(0, 64)}`);
  return ms;
}

function show({ id, at, actor, action, object, detail }: Row): AuditRecord {
  return check(AuditRecord, { id: String(id), at: isoTime(at.getTime()), actor, action, object, detail }, { what: `audit record ${id}`, code: 'internal' });
}
