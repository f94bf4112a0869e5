import { describe, expect, test } from 'vitest';
import { DeviceId } from '@pier/shared/core';
import { checkToken, deviceIdFor } from './rules.ts';

describe('a claim token', () => {
  const token = { uses: 1, usesMax: 2, expiresAt: new Date(1_000) };

  test('counts until its time is up and its uses are used', () => {
    expect(checkToken(token, 999)).toMatchObject({ ok: true });
  });

  test.each([
    ['unknown', undefined, 0, 'token-invalid'],
    ['expired to the millisecond', token, 1_000, 'token-expired'],
    ['used up', { ...token, uses: 2 }, 0, 'token-used'],
    ['both expired and used up', { ...token, uses: 2 }, 2_000, 'token-expired'],
  ] as const)('that is %s does not, and says what to do', (_, one, nowMs, code) => {
    expect(checkToken(one, nowMs)).toMatchObject({ ok: false, refusal: { code, reason: expect.stringMatching(/pier token create/) } });
  });
});

describe('a device id', () => {
  const random = (): number => 0.999_999;

  test.each([
    ['Raspberry Pi 4 Model B', 'raspberry-pi-4-model-b-999999'],
    ['Küche/Nord+#', 'ku-che-nord-999999'],
    ['日本', 'device-999999'],
    ['', 'device-999999'],
    ['--a--', 'a-999999'],
    ['manager:main', 'manager-main-999999'],
    ['x'.repeat(200), `${'x'.repeat(40)}-999999`],
    ['a\0b', 'a-b-999999'],
  ])('made of %j is %s', (name, id) => {
    expect(deviceIdFor(name, random)).toBe(id);
    expect(DeviceId.safeParse(id).success).toBe(true);
  });

  test('differs by chance', () => {
    let n = 0;
    expect(deviceIdFor('a', () => (n += 0.01) % 1)).not.toBe(deviceIdFor('a', () => (n += 0.02) % 1));
  });
});
