import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { silentLog } from '@pier/shared/core';
import { type Fleet, openFleet, presence } from '../../../test/support/fleet.ts';
import { audit, event } from '../db/index.ts';
import { type IdentityAlarm, openIdentityAlarm } from './identity-alarm.ts';
import { readDevice } from './index.ts';

let fleet: Fleet;
let alarm: IdentityAlarm;
const changed: string[] = [];
const open = () => openIdentityAlarm({ db: fleet.db, clock: fleet.clock, log: silentLog, onChanged: (devices) => changed.push(...devices) });
const stored = (opened: IdentityAlarm) => opened[Symbol.asyncDispose]();

beforeAll(async () => {
  fleet = await openFleet();
  alarm = await open();
}, 120_000);
afterAll(() => fleet[Symbol.asyncDispose](), 60_000);

test('an alarm is in the standing, the events and the record of its device, once, until it is over', async () => {
  const id = await fleet.addDevice('pi-1');
  await fleet.say(id, 'presence', presence({ seq: 1 }));
  expect(await readDevice(fleet.db, id)).toMatchObject({ standing: 'in_step', why: null });
  const conflict = { device: id, addresses: ['10.0.0.1', '10.0.0.2'] };
  for (const state of ['began', 'began'] as const) alarm.take({ ...conflict, state });
  await stored(alarm);
  expect(await readDevice(fleet.db, id)).toMatchObject({ standing: 'refused', why: { code: 'identity-conflict', reason: expect.stringMatching(/from 10\.0\.0\.1 and 10\.0\.0\.2.*pier device revoke pi-1/) as string } });
  alarm.take({ ...conflict, state: 'over' });
  await stored(alarm);
  expect(await readDevice(fleet.db, id)).toMatchObject({ standing: 'in_step', why: null });
  const events = await fleet.db.select().from(event).where(eq(event.deviceId, id));
  expect(events.map(({ type, code }) => [type, code])).toEqual([['identity.conflict', 'identity-conflict'], ['identity.conflict-over', null]]);
  const record = await fleet.db.select().from(audit).where(eq(audit.object, `device:${id}`));
  expect(record.map(({ action }) => action)).toEqual(['device.identity-conflict', 'device.identity-conflict-over']);
  expect(changed).toEqual([id, id]);
});

test('where one came with a key that was given up, both keys are named, and which of the two is refused', async () => {
  const id = await fleet.addDevice('pi-4');
  const keys = { givenUp: 'a'.repeat(64), inForce: 'b'.repeat(64) };
  const own = await open();
  own.take({ device: id, addresses: ['10.0.0.1'], keys, state: 'began' });
  await stored(own);
  expect((await readDevice(fleet.db, id)).why?.reason).toMatch(/One came with the key a{16}…, which was given up.* is refused; the other has the key b{16}…/);
  const [entry] = await fleet.db.select().from(audit).where(eq(audit.object, `device:${id}`));
  expect(entry).toMatchObject({ action: 'device.identity-conflict', at: expect.any(Date) as Date, detail: { addresses: ['10.0.0.1'], ...keys } });
});

test('an alarm that the database did not take is told again', async () => {
  const id = await fleet.addDevice('pi-3');
  await fleet.db.execute(sql`alter table audit rename to audit_away`);
  const sleep = async (): Promise<void> => void (await fleet.db.execute(sql`alter table audit_away rename to audit`));
  const failing = await openIdentityAlarm({ db: fleet.db, clock: { ...fleet.clock, sleep }, log: silentLog, onChanged: () => {} });
  failing.take({ device: id, state: 'began', addresses: [] });
  await vi.waitFor(async () => expect((await readDevice(fleet.db, id)).standing).toBe('refused'), { timeout: 30_000 });
});

test('a manager that starts anew knows of none, and one about nobody is nothing', async () => {
  const id = await fleet.addDevice('pi-2');
  alarm.take({ device: id, state: 'began', addresses: [] });
  alarm.take({ device: 'nobody', state: 'began', addresses: [] });
  await stored(alarm);
  expect((await readDevice(fleet.db, id)).standing).toBe('refused');
  await open();
  expect((await readDevice(fleet.db, id)).standing).toBe('never_heard');
});
