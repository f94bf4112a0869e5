import { type QueryClient, type UseQueryResult, useQueries, useQuery } from '@tanstack/react-query';
import type { DeviceDetail, Release } from '@pier/shared/api';
import { type Fault, systemClock } from '@pier/shared/core';
import { againMs, useApi } from '../../api/index.ts';
import { type Look, keepLooks } from '../../parts/index.ts';
import type { Pin, Releases } from './facts.ts';

export const pinsEveryMs = 250;
export const edgesSpanMs = 10_000;

/** The assigned release of each app: what it asks for, and its limits. Those that could not be read are left out. */
export function useReleases({ assignments }: Pick<DeviceDetail, 'assignments'>): Releases {
  const api = useApi();
  return useQueries({
    queries: assignments.map(({ release }) => ({
      queryKey: ['getRelease', { params: { id: release } }],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.call('getRelease', { params: { id: release } }, signal),
    })),
    combine: (answers: readonly { data: Release | undefined }[]) => new Map(answers.flatMap(({ data }) => (data ? [[data.app, data] as const] : []))),
  });
}

/** A device that nobody watched tells nothing; what it told last may be from another day. It tells at least every two seconds. */
const oldMs = 6_000;

export type Levels = { readonly pins: readonly Pin[]; /** Whether the device tells them now. */ readonly fresh: boolean; /** When it told them. */ readonly at: string | undefined; readonly looks: readonly Look[] };
export type LivePins = { readonly query: UseQueryResult<Levels, Fault> };
const none: Levels = { pins: [], fresh: false, at: undefined, looks: [] };

/** Levels four times a second while the page is in sight and the device online, and the looks of the last seconds. */
export function usePins({ id, online }: Pick<DeviceDetail, 'id' | 'online'>): LivePins {
  return { query: useLevels(id, online) };
}

/** When the device was heard last: by its heartbeat, or by the levels that a tab of the page has read since. */
export function useHeardAt({ id, lastSeenAt }: Pick<DeviceDetail, 'id' | 'lastSeenAt'>): string | null {
  const told = useLevels(id, false).data?.at;
  return told !== undefined && (lastSeenAt === null || Date.parse(told) > Date.parse(lastSeenAt)) ? told : lastSeenAt;
}

function useLevels(id: DeviceDetail['id'], enabled: boolean): UseQueryResult<Levels, Fault> {
  const api = useApi();
  const queryKey = ['getPins', { params: { device: id } }, 'looks'];
  return useQuery<Levels, Fault>({
    queryKey,
    queryFn: async ({ signal, client }: { signal: AbortSignal; client: QueryClient }) => {
      const { at, lines } = await api.call('getPins', { params: { device: id } }, signal);
      const atMs = systemClock.nowMs();
      const { looks } = client.getQueryData<Levels>(queryKey) ?? none;
      const fresh = at !== null && atMs + api.skewMs.get() - Date.parse(at) < oldMs;
      if (!fresh) return none;
      return { pins: lines, fresh, at, looks: keepLooks(looks, { atMs, lines: lines.map(({ name, label, level, edges }) => ({ name, label, edges, level: level === 1 ? 1 : 0 })) }, edgesSpanMs) };
    },
    enabled,
    structuralSharing: false,
    refetchInterval: ({ state }) => (state.status === 'error' ? againMs : pinsEveryMs),
  });
}
