import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, test } from 'vitest';
import { routes } from '@pier/shared/api';
import { askAgain, isOld, madeOld } from './fresh.ts';

const changed = (kind: 'device' | 'rollout' | 'access', ...ids: string[]) => new Map([[kind, new Set(ids)]]);

test('a change of one device makes lists and counts old, and of single devices only its own', () => {
  expect(isOld(changed('device', 'a'), 'listDevices', undefined)).toBe(true);
  expect(isOld(changed('device', 'a'), 'getFleet', undefined)).toBe(true);
  expect(isOld(changed('device', 'a'), 'getDevice', { device: 'a' })).toBe(true);
  expect(isOld(changed('device', 'a'), 'getDevice', { device: 'b' })).toBe(false);
  expect(isOld(changed('device', 'a'), 'listReleases', undefined)).toBe(false);
});

test('a rollout that moves changes how devices stand, whichever they are', () => {
  expect(isOld(changed('rollout', 'r1'), 'getDevice', { device: 'a' })).toBe(true);
  expect(isOld(changed('rollout', 'r1'), 'getRollout', { id: 'r2' })).toBe(false);
  expect(isOld(changed('rollout', 'r1'), 'whyRollout', { id: 'r1' })).toBe(true);
});

test('what each kind of change makes old are routes that are read', () => {
  const names = Object.values(madeOld).flat();
  expect(names.filter((name) => routes[name].method !== 'GET')).toEqual([]);
});

test('only what is open is asked for again, and only where it is old', async () => {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  const asked: string[] = [];
  const watch = (key: readonly unknown[]) => new QueryObserver(queries, { queryKey: key, queryFn: () => (asked.push(JSON.stringify(key)), null) }).subscribe(() => {});
  const closed = watch(['listDevices', {}]);
  const stops = [watch(['getDevice', { params: { device: 'a' } }]), watch(['getDevice', { params: { device: 'b' } }]), watch(['listUsers', {}])];
  await expect.poll(() => asked.length).toBe(4);
  closed();
  asked.length = 0;
  askAgain(queries, changed('device', 'a'));
  await expect.poll(() => asked).toEqual(['["getDevice",{"params":{"device":"a"}}]']);
  for (const stop of stops) stop();
  queries.clear();
});
