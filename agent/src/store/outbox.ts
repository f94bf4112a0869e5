import * as z from 'zod';
import type { Order } from '@pier/shared/wire';
import type { Database } from './database.ts';
import { decode } from './settings.ts';

/**
 * What waits for the manager's "committed", each kind with a limit of its own so that none crowds out another. The order is
 * that of sending: messages that nobody acknowledges must not hold up those that matter more.
 */
const limits = { reported: 1, command: 500, refusal: 100, event: 500 } as const;
export type OutboxKind = keyof typeof limits;
const kinds = Object.keys(limits);

export type OutboxEntry = { readonly id: number; readonly kind: OutboxKind; readonly topic: string; readonly order: Order; readonly body: Readonly<Record<string, unknown>> };

export type Outbox = {
  /** Adds a message, or takes the place of an older one of the same kind and key. Beyond a kind's limit its oldest go; says how many. */
  put(message: { kind: OutboxKind; key: string; topic: string; order: Order; body: object }): number;
  /** Ids of all that waits, by kind, oldest first. */
  waiting(): readonly number[];
  /** Undefined once it was acknowledged. Faults: `storage-failed` for a damaged row. */
  get(id: number): OutboxEntry | undefined;
  /** Gives up on a message that cannot be read; it counts as dropped. */
  remove(id: number): void;
  /** Forgets the message of this order, if there is one. */
  acked(order: Order): boolean;
  /** How many of each kind had to go since the database was made. */
  dropped(): Readonly<Record<string, number>>;
};

const Body = z.record(z.string(), z.unknown());

export function outboxOf(database: Database): Outbox {
  const rank = `case kind ${kinds.map((kind, index) => `when '${kind}' then ${index}`).join(' ')} end`;
  const countDropped = (kind: string, count: number): unknown => database.run('insert into dropped (kind, count) values (?, ?) on conflict (kind) do update set count = count + excluded.count', kind, count);
  return {
    put: ({ kind, key, topic, order, body }) =>
      database.transaction(() => {
        database.run('delete from outbox where kind = ? and key = ?', kind, key);
        database.run('insert into outbox (kind, key, topic, body, gen, boot, seq) values (?, ?, ?, ?, ?, ?, ?)', kind, key, topic, JSON.stringify(body), order.gen, order.boot, order.seq);
        const dropped = database.run('delete from outbox where kind = ? and id not in (select id from outbox where kind = ? order by id desc limit ?)', kind, kind, limits[kind]);
        if (dropped > 0) countDropped(kind, dropped);
        return dropped;
      }),
    waiting: () => database.all(`select id from outbox order by ${rank}, id`).map((row) => Number(row['id'])),
    get: (id) => {
      const row = database.one('select * from outbox where id = ?', id);
      return row === undefined ? undefined : entryOf(row);
    },
    remove: (id) =>
      database.transaction(() => {
        const row = database.one('select kind from outbox where id = ?', id);
        if (row !== undefined && database.run('delete from outbox where id = ?', id) > 0) countDropped(String(row['kind']), 1);
      }),
    acked: (order) => database.run('delete from outbox where gen = ? and boot = ? and seq = ?', order.gen, order.boot, order.seq) > 0,
    dropped: () => Object.fromEntries(database.all('select kind, count from dropped order by kind').map((row) => [String(row['kind']), Number(row['count'])])),
  };
}

function entryOf(row: Record<string, unknown>): OutboxEntry {
  return {
    id: Number(row['id']),
    kind: String(row['kind']) as OutboxKind,
    topic: String(row['topic']),
    order: { gen: Number(row['gen']), boot: Number(row['boot']), seq: Number(row['seq']) },
    body: decode(Body, row['body'], 'a message in the outbox'),
  };
}
