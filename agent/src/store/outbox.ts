import * as z from 'zod';
import type { Order } from '@pier/shared/wire';
import type { Database } from './database.ts';
import { decode } from './settings.ts';

/** What waits for the manager's "committed", each kind with a limit of its own so that none crowds out another. */
const limits = { reported: 1, command: 500, refusal: 100, event: 500 } as const;
export type OutboxKind = keyof typeof limits;

export type OutboxEntry = { readonly id: number; readonly kind: OutboxKind; readonly topic: string; readonly order: Order; readonly body: Readonly<Record<string, unknown>> };

export type Outbox = {
  /** Adds a message, or takes the place of an older one of the same kind and key. Beyond a kind's limit its oldest goes. */
  put(message: { kind: OutboxKind; key: string; topic: string; order: Order; body: object }): void;
  /** Oldest first. */
  pending(limit: number): readonly OutboxEntry[];
  /** Forgets the message of this order, if there is one. */
  acked(order: Order): boolean;
  /** How many were dropped by a limit since the start. */
  readonly dropped: number;
};

const Body = z.record(z.string(), z.unknown());

export function outboxOf(database: Database): Outbox {
  let dropped = 0;
  return {
    put: ({ kind, key, topic, order, body }) =>
      database.transaction(() => {
        database.run('delete from outbox where kind = ? and key = ?', kind, key);
        database.run('insert into outbox (kind, key, topic, body, gen, boot, seq) values (?, ?, ?, ?, ?, ?, ?)', kind, key, topic, JSON.stringify(body), order.gen, order.boot, order.seq);
        dropped += database.run('delete from outbox where kind = ? and id not in (select id from outbox where kind = ? order by id desc limit ?)', kind, kind, limits[kind]);
      }),
    pending: (limit) => database.all('select * from outbox order by id limit ?', limit).map(entryOf),
    acked: (order) => database.run('delete from outbox where gen = ? and boot = ? and seq = ?', order.gen, order.boot, order.seq) > 0,
    get dropped() {
      return dropped;
    },
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
