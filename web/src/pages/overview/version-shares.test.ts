import { expect, test } from 'vitest';
import { Fleet, type Release } from '@pier/shared/api';
import { newestChanges } from './newest-changes.ts';
import { versionShares } from './version-shares.ts';

const app = (versions: Record<string, number>, devices = Object.values(versions).reduce((sum, n) => sum + n, 0)) =>
  Fleet.shape.apps.element.parse({ app: 'blink', devices, versions: Object.entries(versions).map(([version, n]) => ({ version, devices: n })) });
const release = (version: string, counter: number, change: Partial<Release> = {}) => ({ app: app({}).app, version: version as Release['version'], counter, state: 'verified' as const, ...change });
const told = (...of: Parameters<typeof versionShares>) => versionShares(...of).map(({ kind, words }) => `${kind} ${words}`);

test('newest goes by the counter, not by the number or by use', () => {
  expect(told(app({ '1.4.0': 5, '1.5.0': 1 }), [release('1.10.0', 7), release('1.5.0', 9), release('1.4.0', 3)])).toEqual(['newest 1.5.0 1', 'most 1.4.0 5']);
});

test('a newest release that nobody runs is told as such, a rejected one is none, and the others are summed up', () => {
  expect(told(app({ '1.0.0': 2, '1.1.0': 9, '0.9.0': 1 }), [release('2.0.0', 20), release('3.0.0', 30, { state: 'rejected' })])).toEqual(['newest 2.0.0 none', 'most 1.1.0 9', 'other 2 others 3']);
});

test('the shares add up to the devices, those that say no version too', () => {
  for (const of of [app({ '1.0.0': 2 }, 5), app({ '1.0.0': 2, '2.0.0': 2, '3.0.0': 1, '4.0.0': 1 }, 8), app({}, 3)]) {
    expect(versionShares(of, [release('3.0.0', 3)]).reduce((sum, { devices }) => sum + devices, 0)).toBe(of.devices);
  }
});

test('recent changes are each told once, the newest first, without what only follows from another', () => {
  const record = (id: number, action: string) => ({ id: String(id), at: '', actor: 'ada', action, object: 'rollout:r', detail: {} });
  const some = [record(9, 'rollout.pause'), record(10, 'wave.active'), record(11, 'rollout.completed')];
  expect(newestChanges([...some, ...some, record(100, 'release.created')], 2).map(({ id }) => id)).toEqual(['100', '11']);
});
