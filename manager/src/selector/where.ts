import { type SQL, and, inArray, not, or, sql } from 'drizzle-orm';
import type { Key, Selector } from '@pier/shared/selector';
import { device, deviceLive } from '../db/index.ts';

/**
 * The condition over table `device` under which a selector selects: the same rows as `matches` of @pier/shared/selector.
 * Values are parameters, never text of the statement. Equality of tags is containment, which the index `device_tags` serves.
 */
export function whereSelector(selector: Selector): SQL {
  switch (selector.kind) {
    case 'all':
      return sql`true`;
    case 'equals':
      return isOneOf(selector.key, [selector.value]);
    case 'differs':
      return not(isOneOf(selector.key, [selector.value]));
    case 'in':
      return isOneOf(selector.key, selector.values);
    case 'notIn':
      return not(isOneOf(selector.key, selector.values));
    case 'exists':
      return sql`${device.tags} ? ${selector.tag}::text`;
    case 'not':
      return not(whereSelector(selector.part));
    case 'and':
      return and(...selector.parts.map(whereSelector)) ?? sql`true`;
    case 'or':
      break;
  }
  return or(...selector.parts.map(whereSelector)) ?? sql`false`;
}

/** True or false, never null: a tag that a device does not have equals nothing. */
function isOneOf(key: Key, values: readonly string[]): SQL {
  if (key.of === 'tag') return or(...values.map((value) => sql`${device.tags} @> ${JSON.stringify({ [key.name]: value })}::jsonb`)) ?? sql`false`;
  if (key.name !== 'online') return inArray(device[key.name], [...values]);
  return or(...values.map((value) => (value === 'true' ? online : not(online)))) ?? sql`false`;
}

const online = sql`exists (select 1 from ${deviceLive} where ${deviceLive.deviceId} = ${device.id} and ${deviceLive.online})`;
