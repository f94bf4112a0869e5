import type { Fleet, Release } from '@pier/shared/api';
import { count } from '../../words/index.ts';

export type VersionShare = { readonly kind: 'newest' | 'most' | 'other'; readonly devices: number; readonly words: string };

/** The versions of an app that devices report: the newest release there is, the one that most run, and all others. They add up to its devices. */
export function versionShares({ app, versions, devices }: Fleet['apps'][number], releases: readonly Pick<Release, 'app' | 'version' | 'counter' | 'state'>[]): VersionShare[] {
  const newest = releases.filter((one) => one.app === app && one.state === 'verified').toSorted((a, b) => b.counter - a.counter)[0]?.version;
  const most = versions.toSorted((a, b) => b.devices - a.devices).find(({ version }) => version !== newest);
  const onNewest = versions.find(({ version }) => version === newest)?.devices ?? 0;
  const others = versions.filter(({ version }) => version !== newest && version !== most?.version);
  const rest = devices - onNewest - (most?.devices ?? 0);
  const says = others.length === 1 && others[0]?.devices === rest ? `${others[0].version} ${count(rest)}` : `${others.length === 0 ? 'no version said' : `${others.length} others`} ${count(rest)}`;
  return [
    ...(newest === undefined ? [] : [{ kind: 'newest' as const, devices: onNewest, words: `${newest} ${onNewest === 0 ? 'none' : count(onNewest)}` }]),
    ...(most === undefined ? [] : [{ kind: 'most' as const, devices: most.devices, words: `${most.version} ${count(most.devices)}` }]),
    ...(rest > 0 ? [{ kind: 'other' as const, devices: rest, words: says }] : []),
  ];
}
