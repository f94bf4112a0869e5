import { expect, test } from 'vitest';
import { AppName, DeviceId, silentLog, systemClock } from '@pier/shared/core';
import { AppLease, topics } from '@pier/shared/wire';
import { Leases } from './leases.ts';

const [dock, crane] = [DeviceId.parse('dock-1'), DeviceId.parse('crane-1')];
const [blink, meter] = [AppName.parse('blink'), AppName.parse('meter')];

function newLeases() {
  const said: { topic: string; payload: string; qos: unknown }[] = [];
  const now = { ms: 0, broken: false };
  const clock = { ...systemClock, monotonicMs: () => now.ms };
  const leases = new Leases({
    clock,
    log: silentLog,
    publish: async (topic, payload, options) => {
      if (now.broken) throw new Error('away');
      said.push({ topic, payload, qos: options?.qos });
    },
  });
  return { leases, said, now };
}

test('looking says so to the device, for a minute, and not again within 20 seconds', async () => {
  const { leases, said, now } = newLeases();
  await leases.renew('logLease', dock, blink);
  now.ms = 19_999;
  await leases.renew('logLease', dock, blink);
  expect(said).toEqual([{ topic: topics.logLease.of({ device: dock }), payload: JSON.stringify({ app: 'blink', for: 60 }), qos: 0 }]);
  expect(AppLease.safeParse(JSON.parse(said[0]?.payload ?? '')).success).toBe(true);
  now.ms = 20_000;
  await leases.renew('logLease', dock, blink);
  expect(said).toHaveLength(2);
});

test('each app, each device and each kind has a lease of its own', async () => {
  const { leases, said } = newLeases();
  for (const [kind, device, app] of [['logLease', dock, blink], ['logLease', dock, meter], ['logLease', crane, blink], ['telemetryLease', dock, blink]] as const) await leases.renew(kind, device, app);
  expect(new Set(said.map(({ topic, payload }) => topic + payload)).size).toBe(4);
});

test('a lease that could not be said is said by the next look, and the look does not fail', async () => {
  const { leases, said, now } = newLeases();
  now.broken = true;
  await leases.renew('logLease', dock, blink);
  now.broken = false;
  await leases.renew('logLease', dock, blink);
  expect(said).toHaveLength(1);
});

test('however much is looked at, the room is bounded', async () => {
  const { leases } = newLeases();
  for (let n = 0; n < 5_010; n += 1) await leases.renew('logLease', DeviceId.parse(`dock-${n}`), blink);
  expect(leases.size).toBe(5_000);
});
