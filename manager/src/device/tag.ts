/** Tags of many devices at once: what changes of each is in the audit, and either all have changed or none. */
import { type SQL, and, asc, sql } from 'drizzle-orm';
import { Fault, canonicalJson } from '@pier/shared/core';
import { type TagChange, Tags } from '@pier/shared/api';
import { parseSelector } from '@pier/shared/selector';
import { type Db, device, inTransaction, isAnyOf, notForgotten, rowsAs, storeAudit } from '../db/index.ts';
import type { RequestOf } from '../http/index.ts';
import { whereSelector } from '../selector/index.ts';
import type { ChangeDeps } from './change.ts';
import { refuseNul } from './query.ts';

const recordedBytesMax = 32 << 20;

type Tagged = { readonly id: string; readonly name: string; readonly before: Tags; readonly after: Tags };

/**
 * Sets and removes tags. Out: on how many devices that changed something; each has its record. Faults: `not-found` for a device
 * that there is not, `input-invalid` for a selector that cannot be read, and for a device that would have too many tags.
 */
export async function tagDevices({ db, clock, wake }: ChangeDeps, { body, actor }: RequestOf<'tagDevices'>): Promise<{ devices: number }> {
  refuseNul('body: tags', ...Object.values(body.setTags ?? {}));
  refuseNul('body: remark', body.remark ?? '');
  const where = body.selector === undefined ? isAnyOf(device.id, body.devices ?? []) : whereSelector(parseSelector(body.selector));
  const changed = await inTransaction(db, async (tx) => {
    const tagged = (await lockedDevices(tx, where, body.devices)).map((row) => ({ ...row, after: tagsAfter(row, body) }));
    const those = tagged.filter(({ before, after }) => canonicalJson(before) !== canonicalJson(after));
    refuseMany(those);
    await storeTags(tx, those);
    const remark = body.remark === undefined ? {} : { remark: body.remark };
    const records = those.map(({ id, name, before, after }) => ({ actor: actor.name, action: 'device.changed', object: `device:${id}`, detail: { before: { name, tags: before }, after: { name, tags: after }, ...remark } }));
    await storeAudit(tx, records, clock.nowMs());
    return those.length;
  });
  if (changed > 0) wake();
  return { devices: changed };
}

/** Locked in the order of their ids, as everybody does who changes devices; nobody tags them otherwise meanwhile. */
async function lockedDevices(tx: Db, where: SQL, named: readonly string[] | undefined): Promise<Omit<Tagged, 'after'>[]> {
  const rows = await tx.select({ id: device.id, name: device.name, before: device.tags }).from(device).where(and(where, notForgotten)).orderBy(asc(device.id)).for('no key update');
  const known = new Set(rows.map(({ id }) => id));
  const unknown = named?.find((id) => !known.has(id));
  if (unknown !== undefined) throw new Fault('not-found', `there is no device "${unknown}"; no device was changed`);
  return rows;
}

function tagsAfter({ id, before }: Omit<Tagged, 'after'>, { setTags = {}, removeTags = [] }: TagChange): Tags {
  const kept = Object.entries(before).filter(([key]) => !removeTags.includes(key));
  const after = Tags.safeParse({ ...Object.fromEntries(kept), ...setTags });
  if (!after.success) throw new Fault('input-invalid', `device "${id}" would have ${Object.keys({ ...Object.fromEntries(kept), ...setTags }).length} tags, and a device has at most 64; no device was changed`);
  return after.data;
}

/** Tags before and after of every device are recorded in one statement: what ten thousand devices with all the tags they may have would take is no change but an attack on memory. */
function refuseMany(those: readonly Tagged[]): void {
  let sizeBytes = 0;
  for (const { before, after } of those) sizeBytes += JSON.stringify(before).length + JSON.stringify(after).length;
  if (sizeBytes > recordedBytesMax) throw new Fault('too-large', `the tags of ${those.length} devices, before and after, take ${Math.ceil(sizeBytes / (1 << 20))} MiB of records, and one change may take ${recordedBytesMax >> 20}; change fewer devices at once. No device was changed`);
}

/** One statement, however many they are. */
async function storeTags(tx: Db, those: readonly Tagged[]): Promise<void> {
  if (those.length === 0) return;
  const set = rowsAs('u', those, { id: ['text', ({ id }) => id], tags: ['jsonb', ({ after }) => JSON.stringify(after)] });
  await tx.execute(sql`update ${device} d set tags = u.tags from ${set} where d.id = u.id`);
}
