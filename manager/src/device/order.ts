/** In which orders devices are listed, and where a page goes on: a cursor holds its order and the keys of the last row shown. */
import { type SQL, sql } from 'drizzle-orm';
import { Fault } from '@pier/shared/core';
import { DeviceStanding, type routes } from '@pier/shared/api';
import type * as z from 'zod';
import { device, deviceLive } from '../db/index.ts';
import { keyAfter } from '../http/index.ts';
import { standingPlace } from './standing.ts';

export type DeviceOrder = z.infer<typeof routes.listDevices.query>['order'];

/** What needs a person comes first; boards that wait to be let in before those that may just be switched off. */
export const standingOrder = ['failed', 'refused', 'pending', 'offline', 'held', 'updating', 'soaking', 'waiting', 'never_heard', 'in_step', 'revoked'] as const satisfies readonly DeviceStanding[];

/** By the standing's place in the schema's order, which is another one. */
const rank: SQL = sql`(array[${sql.raw(DeviceStanding.options.map((standing) => standingOrder.indexOf(standing)).join(', '))}])[${standingPlace} + 1]`;

type Order = {
  /** The row's key as its cursor has it, without the id. */
  readonly key: SQL;
  readonly sort: SQL;
  readonly shape: RegExp;
  /** Rows after the one with this key and id. */
  readonly after: (key: string, id: string) => SQL;
};

/** Microseconds, as PostgreSQL counts them: a time rounded to milliseconds would repeat or lose rows. */
const orders: Readonly<Record<DeviceOrder, Order>> = {
  id: { key: sql`''`, sort: sql`${device.id}`, shape: /^$/, after: (_, id) => sql`${device.id} > ${id}` },
  heard: {
    key: sql`coalesce((extract(epoch from ${deviceLive.lastSeenAt}) * 1000000)::bigint::text, '')`,
    sort: sql`${deviceLive.lastSeenAt} nulls first, ${device.id}`,
    shape: /^\d{0,16}$/,
    after: (key, id) =>
      key === ''
        ? sql`(${deviceLive.lastSeenAt} is not null or ${device.id} > ${id})`
        : sql`(${deviceLive.lastSeenAt}, ${device.id}) > ('epoch'::timestamptz + ${key}::bigint * interval '1 microsecond', ${id})`,
  },
  standing: { key: sql`(${rank})::text`, sort: sql`${rank}, ${device.id}`, shape: /^\d{1,2}$/, after: (key, id) => sql`(${rank}, ${device.id}) > (${key}::int, ${id})` },
};

/** The words of a select in this order: its sort, and the text that `cursorKey` makes a cursor of. */
export function orderedBy(order: DeviceOrder): { readonly key: SQL<string>; readonly sort: SQL } {
  const { key, sort } = orders[order];
  return { key: sql<string>`${key}`, sort };
}

export function cursorKey(order: DeviceOrder, { key, id }: { readonly key: string; readonly id: string }): string {
  return `${order} ${key} ${id}`;
}

/** The rows after the page that gave the cursor. Faults: `input-invalid` for a cursor that no page gave, or one of another order. */
export function afterCursor(order: DeviceOrder, cursor: string | undefined): SQL | undefined {
  const said = keyAfter(cursor);
  if (said === undefined) return undefined;
  const [of, key = '', id, ...more] = said.split(' ');
  if (of !== order && of !== undefined && Object.hasOwn(orders, of)) throw new Fault('input-invalid', `query: cursor: this is the "next" of a page in the order "${of}", not "${order}"`);
  if (of !== order || !id || more.length > 0 || !orders[order].shape.test(key)) throw new Fault('input-invalid', 'query: cursor: this is not the "next" of an earlier page of devices');
  return orders[order].after(key, id);
}
