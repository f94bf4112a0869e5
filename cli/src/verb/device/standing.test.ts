/** What a person reads first of a device that can do nothing now, and of an app that is silent. */
import { expect, test } from 'vitest';
import type { Device } from '@pier/shared/api';
import { AppName, DeviceId } from '@pier/shared/core';
import { troubleOf } from './standing.ts';
import { silenceOf } from './stream.ts';

type Seen = Parameters<typeof troubleOf>[0];
const seenAt = '2026-11-21T14:27:00.000Z';
const well: Seen = { id: DeviceId.parse('quay-1'), state: 'active', online: true, lastSeenAt: seenAt, why: null };

test.each<[string, Partial<Seen>, RegExp]>([
  ['pending', { state: 'pending', online: false }, /^quay-1 waits to be let in: pier device approve quay-1$/],
  ['revoked', { state: 'revoked', online: false }, /^quay-1 is revoked.*pier token create/],
  ['offline', { online: false }, /^quay-1 is offline since 2026-11-21T14:27/],
  ['never heard of', { online: false, lastSeenAt: null }, /has not been heard of yet/],
  ['not back yet', { online: false, why: { code: 'device.awaited', reason: '' } }, /^the manager has started anew, and quay-1 has not come back to it yet; it was last heard at 2026-11-21T14:27/],
  ['one of two boards with one identity', { why: { code: 'identity-conflict', reason: 'End both with: pier device revoke quay-1' } }, /refused, identity-conflict: End both with: pier device revoke quay-1/],
])('a device that is %s says so, with what to do', (_, change, words) => {
  expect(troubleOf({ ...well, ...change })).toMatch(words);
});

test('a device that is there has no trouble of its own, whatever becomes of its apps', () => {
  expect(troubleOf(well)).toBeUndefined();
  expect(troubleOf({ ...well, why: { code: 'app.failed', reason: 'it trapped' } })).toBeUndefined();
});

test('silence of an app is told from an app that does not run and a device that is away', () => {
  const app = AppName.parse('blink');
  const apps: Device['apps'] = [{ app, version: '1.0.0', wanted: '1.0.0', state: 'proven', hold: null }];
  const about = { app, waitS: 5 };
  expect(silenceOf({ ...well, apps }, about)).toMatch(/written nothing yet$/);
  expect(silenceOf({ ...well, apps: [] }, about)).toMatch(/does not run it; see pier device why quay-1 blink$/);
  expect(silenceOf({ ...well, apps, online: false }, about)).toMatch(/quay-1 is offline since 2026/);
});
