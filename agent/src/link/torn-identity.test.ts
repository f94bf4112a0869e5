import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeAuthority } from '../../testing/authority.ts';
import { keys, policyEnvelope } from '../../testing/site.ts';
import { makeCertificateRequest } from '@pier/shared/x509';
import { type Enrolment, deviceKey, storeEnrolment, storedIdentity } from './identity.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pier-identity-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string): string => join(folder, 'identity', name);

async function enrolled(): Promise<void> {
  const authority = await makeAuthority();
  const csr = await makeCertificateRequest({ privatePem: await deviceKey(folder), commonName: 'board-1' });
  const enrolment = { device: 'board-1', generation: 1, certificate: await authority.signRequest(csr, 'board-1'), ca: authority.caPem, mqtt: 'mqtts://127.0.0.1:1', policy: policyEnvelope(), rootId: keys.root.id, manager: 'https://127.0.0.1:1' };
  await storeEnrolment(folder, enrolment as Enrolment);
  expect((await storedIdentity(folder))?.device).toBe('board-1');
}

test.each([
  ['enrolment.json', 'cut short', (path: string) => truncateSync(path, 300)],
  ['enrolment.json', 'empty', (path: string) => truncateSync(path, 0)],
  ['enrolment.json', 'without a word of sense', (path: string) => writeFileSync(path, '{"device":7}')],
  ['key.pem', 'cut short', (path: string) => truncateSync(path, 60)],
  ['key.pem', 'gone', (path: string) => rmSync(path)],
])('%s that is %s is said to be, by name and with a way out; nothing is made anew in its place', async (name, _how, damage) => {
  await enrolled();
  damage(file(name));
  await expect(storedIdentity(folder)).rejects.toMatchObject({ code: 'storage-failed', message: expect.stringMatching(new RegExp(`${file(name)}.*enrol again with a new token`)) });
});

test('a key that was torn before anybody had heard of it is made anew', async () => {
  const first = await deviceKey(folder);
  truncateSync(file('key.pem'), 60);
  const second = await deviceKey(folder);
  expect(second).not.toBe(first);
  expect(readFileSync(file('key.pem'), 'utf8')).toBe(second);
});

test('keys that a killed process had only begun to write are removed, whether the device is enrolled or not', async () => {
  mkdirSync(join(folder, 'identity'));
  writeFileSync(file('key.pem.0000.part'), 'half a key');
  expect(await storedIdentity(folder)).toBeUndefined();
  expect(readdirSync(join(folder, 'identity'))).toEqual([]);
  await enrolled();
  writeFileSync(file('next.pem.0001.part'), 'half a key');
  expect((await storedIdentity(folder))?.device).toBe('board-1');
  expect(readdirSync(join(folder, 'identity')).sort()).toEqual(['enrolment.json', 'key.pem']);
});
