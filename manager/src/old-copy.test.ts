/** A card that was copied, and of which one board has renewed the certificate: the other one comes with the key of before. */
import { join } from 'node:path';
import { request } from 'node:https';
import { eq } from 'drizzle-orm';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DeviceId, silentLog, systemClock, systemRandom } from '@pier/shared/core';
import { devicePaths } from '@pier/shared/enroll';
import { type Server, startServer } from '../../test/support/postgres.ts';
import { openAuthority } from './authority/index.ts';
import { readConfig } from './config.ts';
import { type Database, audit, device, deviceKey, openDatabase } from './db/index.ts';
import { readDevice } from './device/index.ts';
import { type Manager, openManager } from './manager.ts';
import { type TemporaryFolder, temporaryFolder } from './testing/index.ts';
import { newRequest } from './testing/identities.ts';

type Holder = { readonly id: DeviceId; readonly keyId: string; readonly tls: { readonly ca: string; readonly cert: string; readonly key: string; readonly servername: string } };
let folder: TemporaryFolder;
let server: Server;
let database: Database;
let manager: Manager;
/** The two who hold the identity of each device: with the key of before, and with the one in force. */
const holders = new Map<string, readonly [Holder, Holder]>();

beforeAll(async () => {
  folder = await temporaryFolder('old-copy');
  server = await startServer();
  const url = await server.newDatabase();
  const world = { clock: systemClock, log: silentLog };
  database = await openDatabase({ dataDir: join(folder.path, 'beside'), url, ...world });
  const authority = await openAuthority({ dir: join(folder.path, 'authority'), clock: systemClock, hosts: [] });
  const holder = async (id: DeviceId): Promise<Holder> => {
    const { csrPem, keyPem } = await newRequest(id);
    const { certPem, keyId } = await authority.signDevice({ csrPem, device: id });
    return { id, keyId, tls: { ca: authority.caPem, cert: certPem, key: keyPem, servername: 'localhost' } };
  };
  for (const id of ['pi-1', 'pi-2'].map((name) => DeviceId.parse(name))) {
    const [old, newer] = [await holder(id), await holder(id)];
    holders.set(id, [old, newer]);
    await database.db.insert(device).values({ id, name: id, model: 'm', profile: {}, keyId: newer.keyId });
    await database.db.insert(deviceKey).values({ keyId: old.keyId, deviceId: id, state: 'retired', since: new Date(systemClock.nowMs() - 3_600_000) });
  }
  manager = await openManager(readConfig(['start', '--data', folder.path], { DATABASE_URL: url }), { ...world, random: systemRandom });
}, 120_000);
afterAll(async () => {
  await manager?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
}, 60_000);

const session = ({ id, tls }: Holder) => connectAsync(manager.addresses.mqtt, { ...tls, clientId: id, protocolVersion: 4, reconnectPeriod: 0, connectTimeout: 15_000 });
const renewal = ({ tls }: Holder): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = request(new URL(devicePaths.renew, manager.addresses.device), { ...tls, method: 'POST', agent: false }, (answer) => resolve(answer.resume().statusCode));
    asked.on('error', reject);
    asked.end('{}');
  });

test.each([
  ['pi-1', 'asks for a renewal', async (old: Holder) => expect(await renewal(old)).toBe(403)],
  ['pi-2', 'connects', async (old: Holder) => expect(session(old)).rejects.toThrow('Not authorized')],
])('of %s: one that %s is refused, and the device says that there are two, with both keys; who has the newer one is let in', async (id, _, comes) => {
  const [old, newer] = holders.get(id) ?? [];
  if (!old || !newer) throw new Error(`nobody holds ${id}`);
  const held = await session(newer);
  await comes(old);
  await expect.poll(async () => (await readDevice(database.db, old.id)).why, { timeout: 20_000 }).toMatchObject({ code: 'identity-conflict', reason: expect.stringContaining(`from 127.0.0.1: one may be a copied card. One came with the key ${old.keyId.slice(0, 16)}`) as string });
  const said = await database.db.select().from(audit).where(eq(audit.object, `device:${id}`));
  expect(said.map(({ action, detail }) => [action, detail])).toEqual([['device.identity-conflict', { addresses: ['127.0.0.1'], givenUp: old.keyId, inForce: newer.keyId }]]);
  await held.endAsync();
  await (await session(newer)).endAsync();
});
