import type { IconName } from '../words/index.ts';

/** The places of the side bar, and the keys that lead there: `g`, then the letter. */
export type Place = { readonly path: string; readonly word: string; readonly icon: IconName; readonly key: string; readonly group: 'work' | 'fleet' | 'manager' };

export const places: readonly Place[] = [
  { path: '/', word: 'Overview', icon: 'overview', key: 'o', group: 'work' },
  { path: '/rollouts', word: 'Rollouts', icon: 'rollout', key: 'r', group: 'work' },
  { path: '/devices', word: 'Devices', icon: 'device', key: 'd', group: 'work' },
  { path: '/releases', word: 'Releases', icon: 'release', key: 'l', group: 'work' },
  { path: '/enrol', word: 'Enrol', icon: 'enrol', key: 'e', group: 'fleet' },
  { path: '/simulator', word: 'Simulator', icon: 'simulator', key: 's', group: 'fleet' },
  { path: '/keys', word: 'Keys and policy', icon: 'key', key: 'k', group: 'fleet' },
  { path: '/audit', word: 'Audit', icon: 'audit', key: 'a', group: 'manager' },
  { path: '/people', word: 'People', icon: 'people', key: 'p', group: 'manager' },
  { path: '/settings', word: 'Settings', icon: 'settings', key: 't', group: 'manager' },
];
