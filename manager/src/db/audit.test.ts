import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asc } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { silentLog, systemClock } from '@pier/shared/core';
import { type Database, audit, inTransaction, openDatabase, storeAudit } from './index.ts';

let folder: string;
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-audit-'));
  database = await openDatabase({ dataDir: folder, clock: systemClock, log: silentLog });
}, 120_000);
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 60_000);
beforeEach(async () => {
  await database.db.delete(audit);
});

test('an act on more devices than a statement has parameters is recorded whole, in order', async () => {
  const objects = Array.from({ length: 20_000 }, (_, n) => `device:dock-${n}`);
  await inTransaction(database.db, async (tx) => storeAudit(tx, objects.map((object) => ({ actor: 'ada', action: 'device.changed', object })), 5_000));
  const rows = await database.db.select().from(audit).orderBy(asc(audit.id));
  expect(rows.map(({ object }) => object)).toEqual(objects);
  expect(rows[0]).toMatchObject({ actor: 'ada', action: 'device.changed', at: new Date(5_000), detail: {} });
});

test('what an act was about is kept as it is: quotes, braces, commas, and nothing', async () => {
  const detail = { remark: 'a "quoted", {braced} \\ word', tags: { 'a,b': 'ü' }, before: null, list: [1, 'NULL'] };
  await storeAudit(database.db, [{ actor: 'grace "amazing" {h}', action: 'x', object: 'a,b', detail }, { actor: 'NULL', action: 'y', object: '' }], 1);
  expect(await database.db.select().from(audit).orderBy(asc(audit.id))).toMatchObject([{ actor: 'grace "amazing" {h}', action: 'x', object: 'a,b', detail }, { actor: 'NULL', action: 'y', object: '', detail: {} }]);
});

test('an act that is called off leaves no record', async () => {
  await expect(inTransaction(database.db, async (tx) => {
    await storeAudit(tx, [{ actor: 'ada', action: 'x', object: 'y' }], 1);
    throw new Error('called off');
  })).rejects.toThrow('called off');
  expect(await database.db.select().from(audit)).toEqual([]);
});
